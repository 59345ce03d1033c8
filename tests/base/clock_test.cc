#include "base/clock.h"

#include <gtest/gtest.h>

namespace schoolgate {
namespace {

using namespace std::chrono;
using namespace std::chrono_literals;

TimePoint at(int y, unsigned m, unsigned d, milliseconds of_day = 0ms) {
  return TimePoint{sys_days{year{y} / month{m} / day{d}}} + of_day;
}

TEST(Clock, WritesUtcWithMilliseconds) {
  EXPECT_EQ(to_rfc3339(at(2026, 11, 22, 9h + 30min + 125ms)), "2026-11-22T09:30:00.125Z");
  EXPECT_EQ(to_rfc3339(at(1970, 1, 1)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(at(1970, 1, 1) - 1ms), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(to_rfc3339(at(2028, 2, 29, 24h - 1ms)), "2028-02-29T23:59:59.999Z");
}

TEST(Clock, ReadsWhatItWrites) {
  // A step that is coprime with days, hours and seconds, so that every field takes many values.
  TimePoint time = at(1969, 12, 30);
  for (int i = 0; i < 5000; ++i, time += 12'345'678'901ms) EXPECT_EQ(from_rfc3339(to_rfc3339(time)), time);
}

TEST(Clock, ReadsTheSpellingsOfRfc3339) {
  const TimePoint expected = at(2026, 11, 22, 9h + 30min);
  for (const char* text : {"2026-11-22T09:30:00Z", "2026-11-22t09:30:00z", "2026-11-22 09:30:00Z",
                           "2026-11-22T09:30:00.000Z", "2026-11-22T09:30:00+00:00", "2026-11-22T09:30:00-00:00",
                           "2026-11-22T10:30:00+01:00", "2026-11-22T04:00:00-05:30", "2026-11-23T09:29:00+23:59"})
    EXPECT_EQ(from_rfc3339(text), expected) << text;
}

TEST(Clock, ReadsAPlainDateAsMidnightUtc) {
  EXPECT_EQ(from_rfc3339("2026-12-18"), at(2026, 12, 18));
  EXPECT_EQ(from_rfc3339("2028-02-29"), at(2028, 2, 29));
}

TEST(Clock, CutsFractionsToMilliseconds) {
  EXPECT_EQ(from_rfc3339("2026-11-22T00:00:00.5Z"), at(2026, 11, 22, 500ms));
  EXPECT_EQ(from_rfc3339("2026-11-22T00:00:00.12Z"), at(2026, 11, 22, 120ms));
  EXPECT_EQ(from_rfc3339("2026-11-22T00:00:00.123456789Z"), at(2026, 11, 22, 123ms));
  EXPECT_EQ(from_rfc3339("2026-11-22T00:00:00.9999+01:00"), at(2026, 11, 21, 23h + 999ms));
}

TEST(Clock, TakesALeapSecondForTheNextSecond) { EXPECT_EQ(from_rfc3339("2016-12-31T23:59:60Z"), at(2017, 1, 1)); }

TEST(Clock, RefusesWhatIsNotATime) {
  for (const char* text : {"",
                           "now",
                           "2026",
                           "2026-11",
                           "2026-1-2",
                           "2026-13-01",
                           "2026-00-10",
                           "2026-02-30",
                           "2027-02-29",
                           "26-11-22",
                           "-026-11-22",
                           "2026-11-22T",
                           "2026-11-22T09",
                           "2026-11-22T24:00:00Z",
                           "2026-11-22T09:60:00Z",
                           "2026-11-22T09:30:61Z",
                           "2026-11-22T09:30:00",
                           "2026-11-22T09:30:00.Z",
                           "2026-11-22T09:30:00,5Z",
                           "2026-11-22T09:30:00+1:00",
                           "2026-11-22T09:30:00+0100",
                           "2026-11-22T09:30:00+24:00",
                           "2026-11-22T09:30:00+01:60",
                           "2026-11-22T09:30:00Zx",
                           "2026-11-22T09:30:00Z ",
                           " 2026-11-22",
                           "2026-11-22x09:30:00Z",
                           "2026-11-22T-9:30:00Z"})
    EXPECT_EQ(from_rfc3339(text), std::nullopt) << text;
}

}  // namespace
}  // namespace schoolgate
