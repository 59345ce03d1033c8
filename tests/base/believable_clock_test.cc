// How a clock can be wrong, and what is then known:
//
//   the battery of the machine's clock is flat: it starts in 1970 or 2020       before the release, or behind its own
//   mark a wrong year at one start                                                   ahead of the mark by more than a
//   holiday summer time in the hardware clock: an hour, then put right                  believed throughout set while
//   running, by hand or by another machine                            the steady clock tells off over a weekend, a week
//   believed off for longer, and a time server answers                                   believed off for longer, and a
//   list's server gives the same date                     believed a list's server gives another date not believed,
//   whatever the mark says the wrong date was believed once (a new gateway), then it is put right      behind, until a
//   witness speaks
#include "base/believable_clock.h"

#include <gtest/gtest.h>

namespace schoolgate {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

const TimePoint kReleased = from_rfc3339("2026-11-01").value();
const TimePoint kNine = from_rfc3339("2026-11-23T09:00:00Z").value();
constexpr SteadyTime kBooted{minutes(3)};

Moment at(TimePoint wall, std::chrono::milliseconds running = {}) { return {wall, kBooted + running}; }
ClockEvidence with_mark(TimePoint mark) { return {.released = kReleased, .last_believed = mark}; }

TEST(BelievableClock, ANewGatewayBelievesAnyDateAfterItsRelease) {
  const ClockEvidence nothing{.released = kReleased};
  EXPECT_EQ(doubt_of(at(kNine), nothing), ClockDoubt::none);
  EXPECT_EQ(doubt_of(at(kReleased - hours(23)), nothing), ClockDoubt::none);
  EXPECT_EQ(doubt_of(at(kReleased - hours(25)), nothing), ClockDoubt::before_release);
  EXPECT_EQ(likely_time(at(TimePoint{}), nothing), kReleased);
  EXPECT_EQ(likely_time(at(kNine), nothing), kNine);
}

TEST(BelievableClock, AStartIsHeldAgainstTheTimeThatWasLastBelieved) {
  const ClockEvidence evidence = with_mark(kNine);
  for (const auto off : {hours(-2), hours(0), hours(64), hours(7 * 24)})
    EXPECT_EQ(doubt_of(at(kNine + off), evidence), ClockDoubt::none) << off;
  EXPECT_EQ(doubt_of(at(kNine - hours(4)), evidence), ClockDoubt::behind);
  EXPECT_EQ(doubt_of(at(kNine + days(8)), evidence), ClockDoubt::ahead);
  EXPECT_EQ(doubt_of(at(kNine + days(400)), evidence), ClockDoubt::ahead);
  EXPECT_EQ(likely_time(at(kNine + days(400)), evidence), kNine);
}

TEST(BelievableClock, WhileItRunsTheSteadyClockTells) {
  ClockEvidence evidence = with_mark(kNine);
  evidence.last_believed_at = kBooted;
  const auto ran = hours(30);
  for (const auto step : {hours(-2), hours(-1), hours(0), hours(1), hours(2)})
    EXPECT_EQ(doubt_of(at(kNine + ran + step, ran), evidence), ClockDoubt::none) << step;
  EXPECT_EQ(doubt_of(at(kNine + ran + hours(4), ran), evidence), ClockDoubt::ahead);
  EXPECT_EQ(doubt_of(at(kNine + ran - hours(4), ran), evidence), ClockDoubt::behind);
  EXPECT_EQ(likely_time(at(kNine + days(400), ran), evidence), kNine + ran);
}

TEST(BelievableClock, ATimeServerIsBelievedButNotBeforeTheRelease) {
  ClockEvidence evidence = with_mark(kNine);
  evidence.kernel_is_kept_right = true;
  EXPECT_EQ(doubt_of(at(kNine + days(60)), evidence), ClockDoubt::none);
  EXPECT_EQ(doubt_of(at(kNine - days(10)), evidence), ClockDoubt::none);
  EXPECT_EQ(doubt_of(at(kReleased - days(3)), evidence), ClockDoubt::before_release);
}

TEST(BelievableClock, AListsServerDecidesWhereNoTimeServerDoes) {
  ClockEvidence evidence = with_mark(kNine);
  evidence.told = at(kNine + days(60), minutes(1));
  EXPECT_EQ(doubt_of(at(kNine + days(60) + minutes(5), minutes(6)), evidence), ClockDoubt::none);
  EXPECT_EQ(doubt_of(at(kNine + minutes(5), minutes(6)), evidence), ClockDoubt::behind);
  evidence.told = at(kNine, minutes(1));
  EXPECT_EQ(doubt_of(at(kNine + days(2)), evidence), ClockDoubt::ahead);
  EXPECT_EQ(likely_time(at(kNine + days(2), minutes(9)), evidence), kNine + minutes(8));
}

TEST(BelievableClock, AWrongDateThatWasBelievedOnceIsDoubtedUntilAWitnessSpeaks) {
  ClockEvidence evidence = with_mark(kNine + days(400));
  EXPECT_EQ(doubt_of(at(kNine), evidence), ClockDoubt::behind);
  evidence.kernel_is_kept_right = true;
  EXPECT_EQ(doubt_of(at(kNine), evidence), ClockDoubt::none);
  evidence.kernel_is_kept_right = false;
  evidence.told = at(kNine);
  EXPECT_EQ(doubt_of(at(kNine), evidence), ClockDoubt::none);
}

}  // namespace
}  // namespace schoolgate
