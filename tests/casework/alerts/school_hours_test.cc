#include "casework/alerts/school_hours.h"

#include <gtest/gtest.h>

namespace schoolgate::casework {
namespace {

using namespace std::chrono_literals;

TimePoint at(std::string_view text) { return *from_rfc3339(text); }
const SchoolHours kHours{};  // Monday to Friday, 8 to 16

TEST(SchoolHours, OnlyOpenMinutesCount) {
  EXPECT_EQ(school_time_between(at("2026-11-23T09:00:00Z"), at("2026-11-23T09:10:30Z"), kHours, {}), 10min);
  EXPECT_EQ(school_time_between(at("2026-11-23T15:55:00Z"), at("2026-11-23T20:00:00Z"), kHours, {}), 5min);
  EXPECT_EQ(school_time_between(at("2026-11-27T15:55:00Z"), at("2026-11-30T08:05:00Z"), kHours, {}), 10min)
      << "over a weekend";
  EXPECT_EQ(school_time_between(at("2026-11-28T09:00:00Z"), at("2026-11-28T12:00:00Z"), kHours, {}), 0min);
  EXPECT_EQ(school_time_between(at("2026-11-28T09:00:00Z"), at("2026-11-28T12:00:00Z"), {}, {}), 180min);
  EXPECT_EQ(school_time_between(at("2026-11-23T12:00:00Z"), at("2026-11-23T09:00:00Z"), {}, {}), 0min);
}

TEST(SchoolHours, AreTheSites) {
  const LocalClock east = [](TimePoint time) {
    const auto there = time + 2h;
    const auto day = std::chrono::floor<std::chrono::days>(there);
    return std::optional(LocalTime{day, int(std::chrono::floor<std::chrono::minutes>(there - day).count())});
  };
  EXPECT_EQ(school_time_between(at("2026-11-23T06:00:00Z"), at("2026-11-23T06:30:00Z"), kHours, east), 30min);
  EXPECT_EQ(school_time_between(at("2026-11-23T14:00:00Z"), at("2026-11-23T14:30:00Z"), kHours, east), 0min);
}

TEST(SchoolHours, TheCanarysDayIsTheLastOneThatHasCome) {
  using namespace std::chrono;
  const CanarySettings wednesday{.day = 2, .minute = 9 * 60, .to = {}};
  EXPECT_EQ(last_canary_day(wednesday, at("2026-11-25T09:00:00Z"), {}), sys_days(2026y / November / 25));
  EXPECT_EQ(last_canary_day(wednesday, at("2026-11-25T08:59:00Z"), {}), sys_days(2026y / November / 18));
  EXPECT_EQ(last_canary_day(wednesday, at("2026-11-24T12:00:00Z"), {}), sys_days(2026y / November / 18));
  EXPECT_EQ(last_canary_day(wednesday, at("2026-11-26T00:00:00Z"), {}), sys_days(2026y / November / 25));
}

}  // namespace
}  // namespace schoolgate::casework
