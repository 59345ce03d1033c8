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

TEST(SiteTime, RefusesTheRest) {
  std::string out;
  for (const char* text : {"", "noon", "25:00", "12:60", "12", "12:3", "xyz 12:30", "tue", "tuesdayish 12:30",
                           "2026-02-30 12:00", "2026-11-22 25:00", "2026-11-22 12:30 x", "12:30 tue"})
    EXPECT_STREQ(read(text, out), "-") << text;
}

}  // namespace
}  // namespace schoolgate::rules
