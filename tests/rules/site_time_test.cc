#include "rules/site_time.h"

#include <gtest/gtest.h>

namespace schoolgate::rules {
namespace {

/// Wednesday, 17 June 2026, 10:00 in London.
const char* read(const char* text, std::string& out) {
  const auto clock = SiteClock::open("Europe/London");
  const auto time = read_site_time(*clock, text, *from_rfc3339("2026-06-17T09:00:00Z"));
  out = time ? to_rfc3339(*time) : "-";
  return out.c_str();
}

TEST(SiteTime, ReadsWhatPeopleType) {
  std::string out;
  EXPECT_STREQ(read("12:30", out), "2026-06-17T11:30:00.000Z");
  EXPECT_STREQ(read("9:05", out), "2026-06-17T08:05:00.000Z");
  EXPECT_STREQ(read("wed 12:30", out), "2026-06-17T11:30:00.000Z");
  EXPECT_STREQ(read("tue 12:30", out), "2026-06-23T11:30:00.000Z") << "the first Tuesday from today on";
  EXPECT_STREQ(read("Friday 00:00", out), "2026-06-18T23:00:00.000Z");
  EXPECT_STREQ(read("2026-11-22 12:30", out), "2026-11-22T12:30:00.000Z");
  EXPECT_STREQ(read("2026-07-22T12:30:15", out), "2026-07-22T11:30:15.000Z") << "no offset: the site's time";
  EXPECT_STREQ(read("2026-07-22", out), "2026-07-21T23:00:00.000Z");
  EXPECT_STREQ(read("2026-07-22T12:30:00Z", out), "2026-07-22T12:30:00.000Z");
  EXPECT_STREQ(read("2026-07-22T12:30:00+05:00", out), "2026-07-22T07:30:00.000Z");
}

TEST(SiteTime, AnEndIsStillToCome) {
  const auto clock = SiteClock::open("Europe/London");
  struct Case {
    const char *now, *text, *end, *why;
  };
  for (const auto& [now, text, end, why] : {
           Case{"2026-06-17T09:00:00Z", "12:30", "2026-06-17T11:30:00.000Z", "later today"},
           Case{"2026-06-17T09:00:00Z", "09:30", "2026-06-18T08:30:00.000Z", "past: tomorrow"},
           Case{"2026-06-17T09:00:00Z", "10:00", "2026-06-18T09:00:00.000Z", "now: an end comes after its beginning"},
           Case{"2026-11-30T23:55:00Z", "00:30", "2026-12-01T00:30:00.000Z", "over midnight"},
           Case{"2026-11-30T23:55:00Z", "24:00", "2026-12-01T00:00:00.000Z", "the end of today"},
           Case{"2028-02-28T23:55:00Z", "00:30", "2028-02-29T00:30:00.000Z", "into a leap day"},
           Case{"2026-12-31T23:55:00Z", "00:30", "2027-01-01T00:30:00.000Z", "into a year"},
           Case{"2026-03-28T23:55:00Z", "01:30", "2026-03-29T01:00:00.000Z", "a time that spring skips"},
           Case{"2026-10-24T23:55:00Z", "01:30", "2026-10-25T00:30:00.000Z", "the first of two in autumn"},
           Case{"2026-06-17T09:00:00Z", "wed 09:30", "2026-06-24T08:30:00.000Z", "this Wednesday is over"},
           Case{"2026-06-17T09:00:00Z", "wed 12:30", "2026-06-17T11:30:00.000Z", "this Wednesday is not"},
           Case{"2026-06-17T09:00:00Z", "2026-06-16 12:30", "2026-06-16T11:30:00.000Z", "a date stays what it says"},
       }) {
    const auto time = read_site_end(*clock, text, *from_rfc3339(now));
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(to_rfc3339(*time), end) << text << " at " << now << ": " << why;
  }
  EXPECT_FALSE(read_site_end(*clock, "noon", *from_rfc3339("2026-06-17T09:00:00Z")));
}

TEST(SiteTime, RefusesTheRest) {
  std::string out;
  for (const char* text : {"", "noon", "25:00", "12:60", "12", "12:3", "xyz 12:30", "tue", "tuesdayish 12:30",
                           "2026-02-30 12:00", "2026-11-22 25:00", "2026-11-22 12:30 x", "12:30 tue"})
    EXPECT_STREQ(read(text, out), "-") << text;
}

}  // namespace
}  // namespace schoolgate::rules
