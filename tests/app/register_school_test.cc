#include "app/register_school.h"

#include <gtest/gtest.h>

#include "tests/app/scratch_school.h"

namespace schoolgate::app {
namespace {

using test::ScratchSchool;

TEST(RegisterSchool, TimesAreTheSites) {
  const ScratchSchool school;
  school.edit("schoolgate.yaml", "timezone: Europe/London", "timezone: Asia/Tokyo");
  const std::string config = school.config().string();
  const std::vector<std::string_view> words{"--config", config, "--until", "2026-12-18 15:30", "--by", "office"};
  const auto arguments = Arguments::read(words, {.options = {"--config", "--until", "--by", "--from"}, .switches = {}});
  ASSERT_TRUE(arguments);
  int status = -1;
  const auto opened = open_register(kPeopleCommand, *arguments, RegisterUse::change, status);
  ASSERT_TRUE(opened);
  EXPECT_EQ(status, kDone);
  EXPECT_EQ(opened->by, "office");
  const auto until = opened->time(*arguments, "--until");
  ASSERT_TRUE(until && *until);
  EXPECT_EQ(to_rfc3339(**until), "2026-12-18T06:30:00.000Z");
  EXPECT_EQ(opened->times().show(**until), "2026-12-18 15:30");
  const auto from = opened->time(*arguments, "--from");
  ASSERT_TRUE(from.has_value());
  EXPECT_FALSE(from->has_value());
}

TEST(RegisterSchool, WithoutAConfigurationItIsWrongUsage) {
  const auto arguments = Arguments::read({}, {.options = {"--config"}, .switches = {}});
  int status = -1;
  EXPECT_FALSE(open_register(kPeopleCommand, *arguments, RegisterUse::change, status));
  EXPECT_EQ(status, kUsage);
}

}  // namespace
}  // namespace schoolgate::app
