#include "casework/alerts/school_hours.h"

#include <algorithm>

#include "casework/shown_text.h"

namespace schoolgate::casework {
namespace {

using std::chrono::days;
using std::chrono::minutes;

unsigned weekday_of(std::chrono::sys_days day) { return std::chrono::weekday(day).iso_encoding() - 1; }

}  // namespace

minutes school_time_between(TimePoint begin, TimePoint end, const std::optional<SchoolHours>& hours,
                            const LocalClock& clock) {
  if (end <= begin) return minutes(0);
  end = std::min<TimePoint>(end, begin + days(14));
  if (!hours) return std::chrono::floor<minutes>(end - begin);
  minutes open{0};
  for (TimePoint at = begin; at + minutes(1) <= end; at += minutes(1)) {
    const LocalTime local = local_or_utc(clock, at);
    if (hours->days[weekday_of(local.day)] && local.minute >= hours->from_minute && local.minute < hours->to_minute)
      ++open;
  }
  return open;
}

std::chrono::sys_days last_canary_day(const CanarySettings& canary, TimePoint now, const LocalClock& clock) {
  const LocalTime local = local_or_utc(clock, now);
  const int back = (int(weekday_of(local.day)) - canary.day + 7) % 7;
  const auto day = local.day - days(back);
  return back == 0 && local.minute < canary.minute ? day - days(7) : day;
}

}  // namespace schoolgate::casework
