// A moment as every database of Schoolgate stores it: milliseconds since 1970, an integer. The one pair of conversions.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace schoolgate::store {

[[nodiscard]] constexpr std::int64_t to_stored(TimePoint time) noexcept { return time.time_since_epoch().count(); }
[[nodiscard]] constexpr TimePoint from_stored(std::int64_t number) noexcept {
  return TimePoint(std::chrono::milliseconds(number));
}

}  // namespace schoolgate::store
