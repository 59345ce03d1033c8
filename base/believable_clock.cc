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
  if (evidence.told) return Expected{.time = evidence.told->wall + (now - evidence.told->steady)};
  if (!evidence.last_believed) return std::nullopt;
  if (evidence.last_believed_at) return Expected{.time = *evidence.last_believed + (now - *evidence.last_believed_at)};
  return Expected{.time = *evidence.last_believed, .may_be_ahead = kLongestOff};
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
  if (now.wall + kReleaseSlack < evidence.released) return ClockDoubt::before_release;
  if (evidence.kernel_is_kept_right) return ClockDoubt::none;
  const auto expected = expected_at(now.steady, evidence);
  if (!expected) return ClockDoubt::none;
  if (now.wall < expected->time - kHonestStep) return ClockDoubt::behind;
  return now.wall > expected->time + expected->may_be_ahead ? ClockDoubt::ahead : ClockDoubt::none;
}

TimePoint likely_time(Moment now, const ClockEvidence& evidence) noexcept {
  if (doubt_of(now, evidence) == ClockDoubt::none) return now.wall;
  const auto expected = expected_at(now.steady, evidence);
  return std::max(expected ? expected->time : evidence.released, evidence.released);
}

}  // namespace schoolgate
