// When the school is open, as far as escalation is concerned. Pure; any thread.
#pragma once

#include <chrono>
#include <optional>

#include "base/local_time.h"
#include "casework/alerts/alert_settings.h"

namespace schoolgate::casework {

/// How much of the time between two moments lies in school hours, to the minute; all of it when there are none. Counts
/// no further than two weeks.
[[nodiscard]] std::chrono::minutes school_time_between(TimePoint begin, TimePoint end,
                                                       const std::optional<SchoolHours>& hours,
                                                       const LocalClock& clock);

/// The site's day on which the weekly canary was due last, at or before `now`.
[[nodiscard]] std::chrono::sys_days last_canary_day(const CanarySettings& canary, TimePoint now,
                                                    const LocalClock& clock);

}  // namespace schoolgate::casework
