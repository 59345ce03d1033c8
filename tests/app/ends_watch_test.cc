#include "app/ends_watch.h"

#include <gtest/gtest.h>
#include <stdlib.h>

namespace schoolgate::app {
namespace {

using std::chrono::days;
using std::chrono::hours;

const TimePoint kEnd = from_rfc3339("2026-12-31T12:00:00Z").value();

TEST(Ends, AreAnnouncedFourTimesAndWhenTheyAreOver) {
  EXPECT_EQ(days_announced(kEnd, kEnd - days(61)), std::nullopt);
  EXPECT_EQ(days_announced(kEnd, kEnd - days(60)), 60);
  EXPECT_EQ(days_announced(kEnd, kEnd - days(31)), 60);
  EXPECT_EQ(days_announced(kEnd, kEnd - days(30)), 30);
  EXPECT_EQ(days_announced(kEnd, kEnd - days(2)), 7);
  EXPECT_EQ(days_announced(kEnd, kEnd - hours(2)), 1);
  EXPECT_EQ(days_announced(kEnd, kEnd), 0);
  EXPECT_EQ(days_announced(kEnd, kEnd + days(400)), 0);
}

TEST(Ends, WhatIsOverAndGoneIsForgotten) {
  std::string folder = (std::filesystem::temp_directory_path() / "schoolgate-ends-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  EndsWatch watch(folder);
  for (int day = 0; day < 500; ++day) {
    const TimePoint now = kEnd + days(day);
    const std::vector<KnownEnd> ends{{.what = "the access of accounts until day " + std::to_string(day),
                                      .ends = now + days(1),
                                      .next = {},
                                      .day = {}}};
    EXPECT_EQ(watch.look(ends, now).size(), 1u);
  }
  EXPECT_LT(std::filesystem::file_size(folder + "/ends"), 62 * 80u);
  std::filesystem::remove_all(folder);
}

TEST(Ends, EachIsToldOnceAlsoOverARestart) {
  std::string folder = (std::filesystem::temp_directory_path() / "schoolgate-ends-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::vector<KnownEnd> ends{
      {.what = "the school's authority", .ends = kEnd, .next = "Make a new one.", .day = {}}};
  {
    EndsWatch watch(folder);
    EXPECT_TRUE(watch.look(ends, kEnd - days(90)).empty());
    const auto told = watch.look(ends, kEnd - days(59));
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].kind, "the school's authority ends within 60 days");
    EXPECT_EQ(told[0].text, "the school's authority ends within 60 days: 2026-12-31. Make a new one.");
    EXPECT_TRUE(watch.look(ends, kEnd - days(58)).empty());
  }
  EndsWatch watch(folder);
  EXPECT_TRUE(watch.look(ends, kEnd - days(57)).empty());
  EXPECT_EQ(watch.look(ends, kEnd - hours(3)).size(), 1u) << "what was missed meanwhile is one announcement";
  EXPECT_EQ(watch.look(ends, kEnd + hours(3)).size(), 1u);
  EXPECT_TRUE(watch.look(ends, kEnd + days(9)).empty());
  const std::vector<KnownEnd> renewed{
      {.what = "the school's authority", .ends = kEnd + days(20), .next = "Make a new one.", .day = {}}};
  EXPECT_EQ(watch.look(renewed, kEnd).size(), 1u) << "another end is another announcement";
  std::filesystem::remove_all(folder);
}

TEST(Ends, WhatRenewsItselfIsAnnouncedOnceThatHasFailed) {
  std::string folder = (std::filesystem::temp_directory_path() / "schoolgate-ends-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::vector<KnownEnd> ends{
      {.what = "the certificate of the desk", .ends = kEnd, .next = "See the log.", .day = {}, .renews_itself = true}};
  EndsWatch watch(folder);
  EXPECT_TRUE(watch.look(ends, kEnd - days(59)).empty());
  EXPECT_TRUE(watch.look(ends, kEnd - days(8)).empty());
  EXPECT_EQ(watch.look(ends, kEnd - days(7)).size(), 1u);
  EXPECT_EQ(watch.look(ends, kEnd - hours(3)).size(), 1u);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace schoolgate::app
