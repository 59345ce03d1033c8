// The school's wall clock, for texts: what a clock on the wall shows at a moment.
//
// Rules about time windows do not use it (they know time zones themselves). Plain values; a LocalClock may be called
// from any thread.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "base/clock.h"

namespace schoolgate {

/// A moment on the school's wall clock.
struct LocalTime {
  std::chrono::sys_days day;  ///< the calendar day there, as if it were UTC
  int minute = 0;             ///< after midnight there
};

/// The site's time of a moment; nullopt when it is not known (then UTC is shown, and said).
using LocalClock = std::function<std::optional<LocalTime>(TimePoint)>;

}  // namespace schoolgate
