// How a clock can be wrong, and what is then known:
//
//   the battery of the machine's clock is flat: 1970 or 2020           before the release, or behind its own mark
//   a wrong year at one start                                         ahead of the mark by more than a holiday
//   summer time in the hardware clock: an hour, then put right        believed throughout
//   set while running, by hand or by another machine                  the steady clock tells
//   off over a weekend, a week                                        believed
//   off for longer, and a time server answers                         believed
//   two lists' servers give another date, and agree                   not believed, whatever the mark says
//   one list's server lies                                            believed
//   the wrong date was believed once, then it is put right            behind, until a witness or a person speaks
#include "base/believable_clock.h"

#include <gtest/gtest.h>

#include <vector>

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

// Who says what of a wall clock that our own witnesses believe, and what comes of it.
TEST(BelievableClock, ServersOfListsAddDoubtWhereTwoAgreeAndNoneContradicts) {
  struct Row {
    const char* name;
    std::vector<ToldTime> told;
    ClockDoubt doubt;
  };
  const auto says = [](const char* source, std::chrono::milliseconds off, std::chrono::milliseconds ago = minutes(1)) {
    return ToldTime{source, {kNine + off - ago, kBooted + hours(500) - ago}};
  };
  const Row rows[] = {
      {"nobody", {}, ClockDoubt::none},
      {"one says another year", {says("a.example", days(400))}, ClockDoubt::none},
      {"one says the wall clock is right", {says("a.example", minutes(2))}, ClockDoubt::none},
      {"two agree that it is behind", {says("a.example", days(400)), says("b.example", days(400))}, ClockDoubt::behind},
      {"two agree that it is ahead", {says("a.example", -days(90)), says("b.example", -days(90))}, ClockDoubt::ahead},
      {"nearly agree", {says("a.example", days(9)), says("b.example", days(9) + minutes(4))}, ClockDoubt::behind},
      {"disagree", {says("a.example", days(9)), says("b.example", days(9) + minutes(6))}, ClockDoubt::none},
      {"one source twice", {says("a.example", days(9)), says("a.example", days(9))}, ClockDoubt::none},
      {"a source without a name", {says("a.example", days(9)), says("", days(9))}, ClockDoubt::none},
      {"two against one that finds it right",
       {says("a.example", days(9)), says("b.example", days(9)), says("c.example", minutes(0))},
       ClockDoubt::none},
      {"two and a third with a page out of a cache",
       {says("a.example", days(9)), says("b.example", days(9)), says("c.example", -days(30))},
       ClockDoubt::behind},
      {"an honest step", {says("a.example", hours(2)), says("b.example", hours(2))}, ClockDoubt::none},
      {"long ago, carried on", {says("a.example", days(9), days(6)), says("b.example", days(9))}, ClockDoubt::behind},
      {"too long ago", {says("a.example", days(9), days(9)), says("b.example", days(9))}, ClockDoubt::none},
      {"of a time to come", {says("a.example", days(9), -hours(1)), says("b.example", days(9))}, ClockDoubt::none},
  };
  const Moment now = at(kNine, hours(500));
  for (const Row& row : rows) {
    ClockEvidence evidence = with_mark(kNine - hours(2));
    evidence.told = row.told;
    EXPECT_EQ(doubt_of(now, evidence), row.doubt) << row.name;
    EXPECT_EQ(likely_time(now, evidence), kNine) << row.name << ": no server moves the clock";
    evidence.kernel_is_kept_right = true;
    EXPECT_EQ(doubt_of(now, evidence), ClockDoubt::none) << row.name << ": a time server is surer";
  }
}

TEST(BelievableClock, NoServerTakesDoubtAway) {
  const std::vector<ToldTime> told{{"a.example", at(kNine + days(400))}, {"b.example", at(kNine + days(400))}};
  ClockEvidence evidence = with_mark(kNine);
  evidence.told = told;
  EXPECT_EQ(doubt_of(at(kNine + days(400)), evidence), ClockDoubt::ahead);
  EXPECT_EQ(likely_time(at(kNine + days(400)), evidence), kNine);
}

TEST(BelievableClock, AWrongDateThatWasBelievedOnceIsDoubtedUntilAWitnessSpeaks) {
  ClockEvidence evidence = with_mark(kNine + days(400));
  EXPECT_EQ(doubt_of(at(kNine), evidence), ClockDoubt::behind);
  evidence.kernel_is_kept_right = true;
  EXPECT_EQ(doubt_of(at(kNine), evidence), ClockDoubt::none);
}

}  // namespace
}  // namespace schoolgate
