#include "rules/site_clock.h"

#include <date/tz.h>

#include <algorithm>
#include <exception>

namespace schoolgate::rules {
namespace {

using std::chrono::local_seconds;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

constexpr sys_seconds kFrom = sys_days(std::chrono::year(2000) / 1 / 1);
constexpr sys_seconds kUntil = sys_days(std::chrono::year(2100) / 1 / 1);

}  // namespace

Result<SiteClock> SiteClock::open(std::string_view zone) {
  try {
    const date::time_zone* const found = date::locate_zone(std::string(zone));
    std::vector<Segment> segments;
    for (sys_seconds at = kFrom; at < kUntil;) {
      const date::sys_info info = found->get_info(at);
      if (segments.empty() || segments.back().offset != info.offset) segments.push_back({at, info.offset});
      if (info.end <= at) break;
      at = info.end;
    }
    return SiteClock(std::move(segments));
  } catch (const std::exception&) {
    if (zone_names().empty())
      return fail(Fault::host, "this machine has no time zone data", "install the package tzdata");
    return fail(Fault::config, "unknown time zone '" + std::string(zone) + "'",
                "use an IANA name such as Europe/London");
  }
}

std::vector<std::string> SiteClock::zone_names() {
  std::vector<std::string> names;
  try {
    for (const date::time_zone& zone : date::get_tzdb().zones) names.push_back(zone.name());
  } catch (const std::exception&) {
    names.clear();
  }
  return names;
}

std::size_t SiteClock::segment_at(sys_seconds instant) const noexcept {
  const auto after = std::ranges::upper_bound(segments_, instant, {}, &Segment::begin);
  return after == segments_.begin() ? 0 : static_cast<std::size_t>(after - segments_.begin() - 1);
}

local_seconds SiteClock::local(TimePoint instant) const noexcept {
  const sys_seconds whole = std::chrono::floor<seconds>(instant);
  return local_seconds(whole.time_since_epoch() + segments_[segment_at(whole)].offset);
}

TimePoint SiteClock::first_instant(local_seconds local) const noexcept {
  // Offsets stay within a day of UTC, so the segment that holds a day before `local` is no later than the one sought.
  const sys_seconds as_utc(local.time_since_epoch());
  for (std::size_t i = segment_at(as_utc - std::chrono::days(1)); i < segments_.size(); ++i) {
    const sys_seconds candidate = as_utc - segments_[i].offset;
    if (i > 0 && candidate < segments_[i].begin) return segments_[i].begin;  // skipped by this change
    if (i + 1 == segments_.size() || candidate < segments_[i + 1].begin) return candidate;
  }
  return as_utc - segments_.back().offset;
}

TimePoint SiteClock::last_instant(local_seconds local) const noexcept {
  const sys_seconds as_utc(local.time_since_epoch());
  for (std::size_t i = segment_at(as_utc + std::chrono::days(1));; --i) {
    const sys_seconds candidate = as_utc - segments_[i].offset;
    if (i == 0 || candidate >= segments_[i].begin) {
      const bool skipped = i + 1 < segments_.size() && candidate >= segments_[i + 1].begin;
      return skipped ? segments_[i + 1].begin : candidate;
    }
  }
}

LocalClock local_clock(SiteClock clock) {
  return [clock = std::move(clock)](TimePoint time) -> std::optional<LocalTime> {
    const auto local = clock.local(time);
    const auto day = std::chrono::floor<std::chrono::days>(local);
    const auto minute = std::chrono::duration_cast<std::chrono::minutes>(local - day);
    return LocalTime{std::chrono::sys_days(day.time_since_epoch()), int(minute.count())};
  };
}

}  // namespace schoolgate::rules
