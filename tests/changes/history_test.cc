#include "changes/history.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/changes/two_policies.h"

namespace schoolgate::changes {
namespace {

TEST(History, KeepsEveryConfigurationWithItsFolders) {
  const test::TemporaryFolder folder;
  auto history = History::open(folder.path() / "changes");
  ASSERT_TRUE(history) << history.error().text();
  EXPECT_EQ(*history->head(), std::nullopt);
  const FileTexts first{
      {"policy.yaml", "a\n"}, {"rules/a.yaml", std::string("b\0c", 3)}, {"rules/b.yaml", ""}, {"schoolgate.yaml", "d"}};
  const auto one = history->write(first, "one", wall_now());
  ASSERT_TRUE(one) << one.error().text();
  EXPECT_EQ(*history->head(), std::nullopt) << "nothing leads to it yet";
  ASSERT_TRUE(history->advance(*one));
  EXPECT_EQ(*history->head(), one);

  FileTexts second = first;
  second.erase("rules/a.yaml");
  const auto two = history->write(second, "two\n\nProposal: 1\n", wall_now());
  ASSERT_TRUE(two && history->advance(*two));
  const auto again = History::open(folder.path() / "changes");
  ASSERT_TRUE(again);
  EXPECT_EQ(*again->head(), two);
  EXPECT_EQ(again->files_of(*two), second);
  EXPECT_EQ(again->files_of(*one), first);
  EXPECT_EQ(again->message_of(*two), "two\n\nProposal: 1\n");
  EXPECT_FALSE(again->files_of("not a commit"));
  struct stat about{};
  ASSERT_EQ(::stat((folder.path() / "changes").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0077, 0u);
}

}  // namespace
}  // namespace schoolgate::changes
