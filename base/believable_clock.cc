#include "base/believable_clock.h"

#include <algorithm>

namespace schoolgate {
namespace {

/// Builders' clocks and zones differ.
constexpr std::chrono::days kReleaseSlack{1};

/// What is expected of the wall clock, from something known and the time that has passed since.
struct Expected {
  TimePoint time{};
  std::chrono::milliseconds may_be_ahead{kHonestStep};
};

std::optional<Expected> expected_at(SteadyTime now, const ClockEvidence& evidence) noexcept {
  if (!evidence.last_believed) return std::nullopt;
  if (evidence.last_believed_at) return Expected{.time = *evidence.last_believed + (now - *evidence.last_believed_at)};
  return Expected{.time = *evidence.last_believed, .may_be_ahead = kLongestOff};
}

// What our own witnesses say of the clock.
ClockDoubt own_doubt(Moment now, const ClockEvidence& evidence) noexcept {
  if (now.wall + kReleaseSlack < evidence.released) return ClockDoubt::before_release;
  if (evidence.kernel_is_kept_right) return ClockDoubt::none;
  const auto expected = expected_at(now.steady, evidence);
  if (!expected) return ClockDoubt::none;
  if (now.wall < expected->time - kHonestStep) return ClockDoubt::behind;
  return now.wall > expected->time + expected->may_be_ahead ? ClockDoubt::ahead : ClockDoubt::none;
}

TimePoint carried_on(const ToldTime& told, SteadyTime now) noexcept { return told.at.wall + (now - told.at.steady); }

bool counts(const ToldTime& told, SteadyTime now) noexcept {
  return !told.source.empty() && told.at.steady <= now && now - told.at.steady <= kToldCounts;
}

// The time that two sources agree upon, where none says that the wall clock is right. A handful of sources at most.
std::optional<TimePoint> agreed_against(Moment now, std::span<const ToldTime> told) noexcept {
  std::optional<TimePoint> agreed;
  for (const ToldTime& one : told) {
    if (!counts(one, now.steady)) continue;
    const TimePoint time = carried_on(one, now.steady);
    if (std::chrono::abs(time - now.wall) <= kHonestStep) return std::nullopt;
    for (const ToldTime& other : told)
      if (counts(other, now.steady) && other.source != one.source &&
          std::chrono::abs(carried_on(other, now.steady) - time) <= kAgreement)
        agreed = time;
  }
  return agreed;
}

}  // namespace

std::string_view to_string(ClockDoubt doubt) noexcept {
  switch (doubt) {
    case ClockDoubt::none: return "none";
    case ClockDoubt::before_release: return "before_release";
    case ClockDoubt::behind: return "behind";
    case ClockDoubt::ahead: return "ahead";
  }
  return "none";
}

ClockDoubt doubt_of(Moment now, const ClockEvidence& evidence) noexcept {
  const ClockDoubt doubt = own_doubt(now, evidence);
  if (doubt != ClockDoubt::none || evidence.kernel_is_kept_right) return doubt;
  const auto agreed = agreed_against(now, evidence.told);
  if (!agreed) return ClockDoubt::none;
  return now.wall < *agreed ? ClockDoubt::behind : ClockDoubt::ahead;
}

TimePoint likely_time(Moment now, const ClockEvidence& evidence) noexcept {
  if (own_doubt(now, evidence) == ClockDoubt::none) return now.wall;
  const auto expected = expected_at(now.steady, evidence);
  return std::max(expected ? expected->time : evidence.released, evidence.released);
}

}  // namespace schoolgate
