// The clock that no correction moves: what every wait, idle time, limit, retry and length is counted on.
//
// base/clock.h has the other one, wall time, for what people see, what records carry and what stands in a timetable.
// The two are different types and cannot be compared; a Moment carries both, taken together, for whoever needs each. A
// steady time means nothing in another process or after a restart of the machine: it is never stored.
#pragma once

#include <time.h>

#include <chrono>

#include "base/clock.h"

namespace schoolgate {

/// CLOCK_BOOTTIME: goes on while the machine is suspended, so that a pupil who signed in before is idle after.
struct SteadyClock {
  using duration = std::chrono::milliseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<SteadyClock>;
  static constexpr bool is_steady = true;

  static time_point now() noexcept {
    timespec time{};
    ::clock_gettime(CLOCK_BOOTTIME, &time);
    return time_point(std::chrono::duration_cast<duration>(std::chrono::seconds(time.tv_sec) +
                                                           std::chrono::nanoseconds(time.tv_nsec)));
  }
};
using SteadyTime = SteadyClock::time_point;

[[nodiscard]] inline SteadyTime steady_now() noexcept { return SteadyClock::now(); }

/// One instant by both clocks.
struct Moment {
  TimePoint wall{};
  SteadyTime steady{};
};

[[nodiscard]] inline Moment moment_now() noexcept { return {wall_now(), steady_now()}; }

}  // namespace schoolgate
