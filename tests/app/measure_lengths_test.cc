// How the clock could prolong, shorten or lose a measure:
//
//   a supervised session of a minute, the clock set back by an hour    over after its minute, closed in the store
//   the same, the clock set ahead                                      lasts its minute; nothing is left open or lost
//   an emergency block without an end, the clock set back before it    in force: it began, whatever the wall says
//   a measure taken back by a person meanwhile                         gone at once
//   a restriction opened while the clock was ahead, then a restart     in force from the start, for its length
//   a supervised session opened so                                     waits: opening is not done by a wrong clock
//   corrections of a second                                            compile nothing anew
#include "app/measure_lengths.h"

#include <gtest/gtest.h>

namespace schoolgate::app {
namespace {

using rules::Measure;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr SteadyTime kBooted{hours(5)};
const TimePoint kLengthsNine = from_rfc3339("2026-11-23T09:00:00Z").value();

Moment after(std::chrono::milliseconds elapsed, std::chrono::milliseconds step = {}) {
  return {kLengthsNine + elapsed + step, kBooted + elapsed};
}

Measure measure(Measure::Kind kind, std::chrono::milliseconds length, TimePoint from = kLengthsNine) {
  Measure one{.kind = kind, .id = "one", .sites = {"films.example"}, .by = "j.smith", .why = "lesson"};
  one.from = from;
  one.until = length == std::chrono::milliseconds(0) ? TimePoint::max() : from + length;
  return one;
}

TEST(MeasureLengths, ASessionLastsItsMinuteWhenTheClockIsSetBack) {
  MeasureLengths lengths;
  const std::vector kept{measure(Measure::Kind::supervised, minutes(1))};
  ASSERT_EQ(lengths.settle(kept, after(seconds(0))).measures.size(), 1u);
  const Moment back = after(seconds(20), -hours(1));
  ASSERT_TRUE(lengths.is_settling_due(back));
  const auto settled = lengths.settle(kept, back);
  ASSERT_EQ(settled.measures.size(), 1u);
  EXPECT_LE(settled.measures[0].from, back.wall);
  EXPECT_EQ(settled.measures[0].until, back.wall + seconds(40));
  EXPECT_TRUE(settled.over.empty());
  EXPECT_FALSE(lengths.is_settling_due(after(seconds(59), -hours(1))));

  const Moment over = after(seconds(60), -hours(1));
  ASSERT_TRUE(lengths.is_settling_due(over));
  const auto ended = lengths.settle(kept, over);
  EXPECT_TRUE(ended.measures.empty());
  EXPECT_EQ(ended.over, std::vector<std::string>{"one"});
}

TEST(MeasureLengths, ASessionLastsItsMinuteWhenTheClockIsSetAhead) {
  MeasureLengths lengths;
  const std::vector kept{measure(Measure::Kind::supervised, minutes(1))};
  ASSERT_EQ(lengths.settle(kept, after(seconds(0))).measures.size(), 1u);
  const Moment ahead = after(seconds(20), hours(24 * 400));
  ASSERT_TRUE(lengths.is_settling_due(ahead));
  EXPECT_LT(lengths.ends_after(ahead.wall), kept[0].until);  // the store still tells of it
  const auto settled = lengths.settle(kept, ahead);
  ASSERT_EQ(settled.measures.size(), 1u);
  EXPECT_EQ(settled.measures[0].until, ahead.wall + seconds(40));
  EXPECT_TRUE(lengths.settle(kept, after(seconds(61), hours(24 * 400))).measures.empty());
}

TEST(MeasureLengths, ARestrictionThatBeganHoldsWhicheverWayTheClockIsSet) {
  for (const auto step : {-hours(24 * 300), -hours(1), hours(1), hours(24 * 400)}) {
    MeasureLengths lengths;
    const std::vector kept{measure(Measure::Kind::emergency, {}), measure(Measure::Kind::exam, hours(2))};
    ASSERT_EQ(lengths.settle(kept, after(seconds(0))).measures.size(), 2u);
    const Moment stepped = after(minutes(5), step);
    const auto settled = lengths.settle(kept, stepped);
    ASSERT_EQ(settled.measures.size(), 2u) << step;
    EXPECT_LE(settled.measures[0].from, stepped.wall) << step;
    EXPECT_EQ(settled.measures[0].until, TimePoint::max()) << step;
    EXPECT_EQ(settled.measures[1].until, stepped.wall + minutes(115)) << step;
  }
}

TEST(MeasureLengths, WhatAPersonTookBackIsGone) {
  MeasureLengths lengths;
  const std::vector kept{measure(Measure::Kind::exam, hours(2))};
  ASSERT_EQ(lengths.settle(kept, after(seconds(0))).measures.size(), 1u);
  const auto settled = lengths.settle({}, after(seconds(30), -hours(1)));
  EXPECT_TRUE(settled.measures.empty());
  EXPECT_TRUE(settled.over.empty());
  EXPECT_FALSE(lengths.is_settling_due(after(hours(3))));
}

TEST(MeasureLengths, WhatAClockThatWasAheadRestrictedHoldsAfterARestart) {
  const TimePoint ahead = kLengthsNine + hours(24 * 400);
  MeasureLengths lengths;
  const std::vector exam{measure(Measure::Kind::exam, hours(2), ahead)};
  const auto settled = lengths.settle(exam, after(seconds(0)));
  ASSERT_EQ(settled.measures.size(), 1u);
  EXPECT_EQ(settled.measures[0].from, kLengthsNine);
  EXPECT_EQ(settled.measures[0].until, kLengthsNine + hours(2));
  EXPECT_EQ(lengths.settle(exam, after(hours(2))).over, std::vector<std::string>{"one"});

  const auto opened =
      MeasureLengths().settle(std::vector{measure(Measure::Kind::supervised, hours(1), ahead)}, after({}));
  ASSERT_EQ(opened.measures.size(), 1u);
  EXPECT_EQ(opened.measures[0].from, ahead);
  EXPECT_EQ(
      MeasureLengths().settle(std::vector{measure(Measure::Kind::emergency, {}, ahead)}, after({})).measures[0].from,
      kLengthsNine);
}

TEST(MeasureLengths, SmallCorrectionsChangeNothing) {
  MeasureLengths lengths;
  const std::vector kept{measure(Measure::Kind::supervised, hours(1))};
  ASSERT_EQ(lengths.settle(kept, after(seconds(0))).measures.size(), 1u);
  EXPECT_FALSE(lengths.is_settling_due(after(minutes(30), seconds(1))));
  EXPECT_FALSE(lengths.is_settling_due(after(minutes(30), -seconds(2))));
  EXPECT_TRUE(lengths.is_settling_due(after(minutes(30), -seconds(3))));
  EXPECT_TRUE(
      lengths.settle(std::vector{measure(Measure::Kind::supervised, minutes(5), kLengthsNine - hours(1))}, after({}))
          .measures.empty());
}

}  // namespace
}  // namespace schoolgate::app
