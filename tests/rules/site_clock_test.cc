#include "rules/site_clock.h"

#include <gtest/gtest.h>

namespace schoolgate::rules {
namespace {

using namespace std::chrono;

SiteClock london_clock() {
  auto clock = SiteClock::open("Europe/London");
  if (!clock) ADD_FAILURE() << clock.error().text();
  return *clock;
}

TimePoint utc(const char* text) { return *from_rfc3339(text); }

local_seconds wall(int y, int m, int d, int h, int min) {
  return local_days(year(y) / m / d) + hours(h) + minutes(min);
}

TEST(SiteClock, ShowsWinterAndSummerTime) {
  const SiteClock clock = london_clock();
  EXPECT_EQ(clock.local(utc("2026-01-15T12:00:00Z")), wall(2026, 1, 15, 12, 0));
  EXPECT_EQ(clock.local(utc("2026-07-15T12:00:00Z")), wall(2026, 7, 15, 13, 0));
  EXPECT_EQ(clock.local(utc("2036-07-15T12:00:00Z")), wall(2036, 7, 15, 13, 0));
}

TEST(SiteClock, ChangesAtTheRightSecond) {
  const SiteClock clock = london_clock();
  EXPECT_EQ(clock.local(utc("2026-03-29T00:59:59Z")), wall(2026, 3, 29, 0, 59) + seconds(59));
  EXPECT_EQ(clock.local(utc("2026-03-29T01:00:00Z")), wall(2026, 3, 29, 2, 0));
  EXPECT_EQ(clock.local(utc("2026-10-25T00:59:59Z")), wall(2026, 10, 25, 1, 59) + seconds(59));
  EXPECT_EQ(clock.local(utc("2026-10-25T01:00:00Z")), wall(2026, 10, 25, 1, 0));
}

TEST(SiteClock, ATimeShownTwiceHasAFirstAndALastInstant) {
  const SiteClock clock = london_clock();
  EXPECT_EQ(clock.first_instant(wall(2026, 10, 25, 1, 30)), utc("2026-10-25T00:30:00Z"));
  EXPECT_EQ(clock.last_instant(wall(2026, 10, 25, 1, 30)), utc("2026-10-25T01:30:00Z"));
}

TEST(SiteClock, ATimeNeverShownIsTheInstantOfTheChange) {
  const SiteClock clock = london_clock();
  EXPECT_EQ(clock.first_instant(wall(2026, 3, 29, 1, 30)), utc("2026-03-29T01:00:00Z"));
  EXPECT_EQ(clock.last_instant(wall(2026, 3, 29, 1, 30)), utc("2026-03-29T01:00:00Z"));
}

TEST(SiteClock, OrdinaryTimesHaveOneInstant) {
  const SiteClock clock = london_clock();
  for (TimePoint instant_at = utc("2026-01-01T00:00:00Z"); instant_at < utc("2027-01-01T00:00:00Z");
       instant_at += hours(7)) {
    const local_seconds shown = clock.local(instant_at);
    EXPECT_TRUE(clock.first_instant(shown) == instant_at || clock.last_instant(shown) == instant_at)
        << to_rfc3339(instant_at);
  }
}

TEST(SiteClock, ZonesWithoutClockChangesAndFarFromUtcWork) {
  for (const char* zone : {"UTC", "Asia/Kathmandu", "Pacific/Kiritimati", "America/Adak"}) {
    const auto clock = SiteClock::open(zone);
    ASSERT_TRUE(clock) << zone;
    const TimePoint now = utc("2026-11-22T09:30:00Z");
    EXPECT_EQ(clock->first_instant(clock->local(now)), now) << zone;
  }
}

TEST(SiteClock, AnUnknownZoneIsAConfigurationError) {
  const auto clock = SiteClock::open("Europe/Lodnon");
  ASSERT_FALSE(clock);
  EXPECT_EQ(clock.error().fault, Fault::config);
  EXPECT_FALSE(SiteClock::open("../etc/passwd"));
  EXPECT_FALSE(SiteClock::open(""));
}

}  // namespace
}  // namespace schoolgate::rules
