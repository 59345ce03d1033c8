// When this release was made.
#pragma once

#include "base/clock.h"

namespace schoolgate::app {

/// Compiled in (BuildFacts.cmake): no clock that shows an earlier time is right.
[[nodiscard]] TimePoint released() noexcept;

}  // namespace schoolgate::app
