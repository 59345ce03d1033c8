#include "console/days.h"

#include <gtest/gtest.h>

namespace schoolgate::console {
namespace {

TEST(Days, AreReadAsTheFieldsOfABrowserWriteThem) {
  ASSERT_TRUE(read_day("2026-11-23"));
  EXPECT_EQ(day_text(*read_day("2026-11-23")), "2026-11-23");
  EXPECT_EQ(day_text(*read_day("2028-02-29")), "2028-02-29");
}

TEST(Days, ThatAreNoneAreRefused) {
  for (const char* text : {"", "2026-02-29", "2026-13-01", "2026-1-1", "23/11/2026", "2026-11-23T00", "2026-11-2x",
                           "-026-11-23", "0000-00-00"}) {
    EXPECT_FALSE(read_day(text)) << text;
  }
}

TEST(Days, AreSaidInWords) {
  EXPECT_EQ(day_words("2026-11-23"), "Mon 23 November 2026");
  EXPECT_EQ(day_words("soon"), "soon");
  EXPECT_EQ(day_brief(*read_day("2026-02-03")), "3 Feb 2026");
}

}  // namespace
}  // namespace schoolgate::console
