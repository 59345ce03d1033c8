// Which release this is, and when it was made.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace schoolgate::app {

/// Compiled in (BuildFacts.cmake): no clock that shows an earlier time is right.
[[nodiscard]] TimePoint released() noexcept;

/// "1.4.0".
[[nodiscard]] std::string_view version() noexcept;
/// "1.4.0 (revision 0a1b2c3d4e5f)".
[[nodiscard]] std::string release_name();

}  // namespace schoolgate::app
