// How far back a command looks: "7d", "12h", or a time as people type it.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/error.h"

namespace schoolgate::app {

/// `timezone`: the site's. Fault client: it is neither a length of time nor a time.
[[nodiscard]] Result<TimePoint> read_since(const std::string& text, const std::string& timezone, TimePoint now);

}  // namespace schoolgate::app
