#include "app/kept_allowances.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/file.h"
#include "tests/rules/temporary_folder.h"

namespace schoolgate::app {
namespace {

TimePoint time_at(std::string_view time) { return *from_rfc3339(time); }

class Kept : public testing::Test {
 protected:
  std::filesystem::path file() const { return folder_.path() / "allowances"; }
  rules::test::TemporaryFolder folder_;
  flow::Allowances before_, after_;
  KeptAllowances writer_{folder_.path(), before_}, reader_{folder_.path(), after_};
};

TEST_F(Kept, MinutesSurviveARestartOfTheSameDay) {
  ASSERT_TRUE(before_.spend("person amelia.hughes", "games", 30, time_at("2026-11-23T10:00:00Z")));
  ASSERT_TRUE(before_.spend("person amelia.hughes", "games", 30, time_at("2026-11-23T10:01:00Z")));
  ASSERT_TRUE(before_.spend("device 10.20.2.7", "social-media", 30, time_at("2026-11-23T10:01:00Z")));
  writer_.keep(time_at("2026-11-23T10:02:00Z"));
  reader_.restore(time_at("2026-11-23T11:00:00Z"));
  EXPECT_EQ(after_.used("person amelia.hughes", "games", time_at("2026-11-23T11:00:00Z")), 2u);
  EXPECT_EQ(after_.used("device 10.20.2.7", "social-media", time_at("2026-11-23T11:00:00Z")), 1u);
}

TEST_F(Kept, ANewDayBeginsAnewAndForgetsTheOld) {
  ASSERT_TRUE(before_.spend("person a", "games", 30, time_at("2026-11-23T10:00:00Z")));
  writer_.keep(time_at("2026-11-23T10:00:00Z"));
  reader_.restore(time_at("2026-11-24T08:00:00Z"));
  EXPECT_EQ(after_.used("person a", "games", time_at("2026-11-24T08:00:00Z")), 0u);
  reader_.keep(time_at("2026-11-24T08:00:00Z"));
  EXPECT_EQ(*read_file(file()), "");
}

TEST_F(Kept, OnlyItsOwnerReadsTheFile) {
  ASSERT_TRUE(before_.spend("person a", "games", 30, time_at("2026-11-23T10:00:00Z")));
  writer_.keep(time_at("2026-11-23T10:00:00Z"));
  struct stat about{};
  ASSERT_EQ(::stat(file().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
}

TEST_F(Kept, IsWrittenAtMostEveryHalfMinuteAndOnlyWhenSomethingChanged) {
  ASSERT_TRUE(before_.spend("person a", "games", 30, time_at("2026-11-23T10:00:00Z")));
  writer_.keep_if_due(time_at("2026-11-23T10:00:00Z"));
  const std::string first = *read_file(file());
  ASSERT_TRUE(before_.spend("person a", "games", 30, time_at("2026-11-23T10:01:00Z")));
  writer_.keep_if_due(time_at("2026-11-23T10:00:29Z"));
  EXPECT_EQ(*read_file(file()), first);
  writer_.keep_if_due(time_at("2026-11-23T10:00:30Z"));
  EXPECT_NE(*read_file(file()), first);
  std::filesystem::remove(file());
  writer_.keep_if_due(time_at("2026-11-23T10:01:10Z"));
  EXPECT_FALSE(std::filesystem::exists(file())) << "nothing has changed";
}

TEST_F(Kept, AClockThatWasSetBackDoesNotKeepItFromBeingWritten) {
  writer_.keep_if_due(time_at("2026-11-23T10:00:00Z"));
  ASSERT_TRUE(before_.spend("person a", "games", 30, time_at("2026-11-23T09:00:00Z")));
  writer_.keep_if_due(time_at("2026-11-23T09:00:00Z"));
  reader_.restore(time_at("2026-11-23T09:00:00Z"));
  EXPECT_EQ(after_.used("person a", "games", time_at("2026-11-23T09:00:00Z")), 1u);
}

TEST(AllowanceUses, WhatIsNoLineOfOursIsLeftOutAndCounted) {
  std::size_t unread = 0;
  const auto uses = allowance_uses(
      "20780\t7\tgames\tperson a b\nrubbish\n20780\t-1\tgames\tx\n20780\t9999\tgames\tx\n"
      "20780\t3\t\tx\n20780\t1\tgames\tperson c",
      unread);
  EXPECT_EQ(unread, 4u);
  ASSERT_EQ(uses.size(), 2u);
  EXPECT_EQ(uses[0].who, "person a b");
  EXPECT_EQ(uses[0].minutes, 7u);
  EXPECT_EQ(text_of(uses), "20780\t7\tgames\tperson a b\n20780\t1\tgames\tperson c\n");
}

}  // namespace
}  // namespace schoolgate::app
