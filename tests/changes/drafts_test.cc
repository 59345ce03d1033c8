#include "changes/drafts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "changes/change_work.h"
#include "changes/merge_texts.h"

namespace schoolgate::changes {
namespace {

rules::RuleSpec block(std::string text) {
  rules::RuleSpec rule;
  rule.text = std::move(text);
  rule.category = "games";
  return rule;
}

TEST(Drafts, ARuleGoesWhereSuchRulesAre) {
  const FileTexts files{{"rules/a.yaml", "allow: []\n"}, {"rules/b.yaml", "block: []\n"}};
  const auto with = with_rule(files, block("craze.example"));
  ASSERT_TRUE(with) << with.error().text();
  EXPECT_THAT(with->at("rules/b.yaml"), testing::HasSubstr("craze.example"));
  EXPECT_EQ(with->at("rules/a.yaml"), "allow: []\n");
}

TEST(Drafts, WithoutAFileOfRulesTheDeskMakesOne) {
  const auto with = with_rule({{"policy.yaml", ""}}, block("craze.example"));
  ASSERT_TRUE(with) << with.error().text();
  EXPECT_THAT(with->at("rules/desk.yaml"), testing::HasSubstr("craze.example"));
}

TEST(Drafts, HostileTextStaysText) {
  rules::RuleSpec rule = block("craze.example");
  rule.why = "x\", category: none }\n- { site: evil.example";
  const auto with = with_rule({{"rules/a.yaml", "block: []\n"}}, rule);
  if (with) EXPECT_THAT(with->at("rules/a.yaml"), testing::Not(testing::HasSubstr("\n- {")));
}

TEST(Drafts, ARuleOfTwoFilesIsNotGuessed) {
  const FileTexts files{{"rules/a.yaml", "block:\n  - { site: x.example, category: games }\n"},
                        {"rules/b.yaml", "block:\n  - { site: x.example, category: games }\n"}};
  const auto without = without_rule(files, block("x.example"));
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().fault, Fault::client);
  EXPECT_FALSE(without_rule(files, block("y.example")));
}

TEST(Drafts, ListsThatAreOffAreListedToo) {
  const FileTexts files{{"lists.yaml",
                         "lists:\n  - { name: a, category: games, source: a.txt, enabled: false }\n  - { name: b, "
                         "category: games, source: b.txt }\n"}};
  auto lists = listed_lists(files);
  ASSERT_EQ(lists.size(), 2u);
  EXPECT_FALSE(lists[0].on);
  const auto on = with_list(files, "a", true);
  ASSERT_TRUE(on);
  lists = listed_lists(*on);
  EXPECT_TRUE(lists[0].on);
  EXPECT_FALSE(with_list(files, "c", true));
}

TEST(Drafts, OnlyAFileThatIsThereHasATextSet) {
  EXPECT_TRUE(with_text({{"policy.yaml", "a"}}, "policy.yaml", "b"));
  EXPECT_FALSE(with_text({{"policy.yaml", "a"}}, "../passwd", "b"));
}

TEST(MergeTexts, LinesOfBothSides) {
  EXPECT_EQ(merge_texts("a\nb\nc\n", "x\na\nb\nc\n", "a\nb\nc\ny\n", BothAdded::is_a_conflict), "x\na\nb\nc\ny\n");
  EXPECT_EQ(merge_texts("a\n", "a\nx\n", "a\ny\n", BothAdded::is_a_conflict), std::nullopt);
  EXPECT_EQ(merge_texts("a\n", "a\nx\n", "a\ny\n", BothAdded::keep_both), "a\nx\ny\n");
}

}  // namespace
}  // namespace schoolgate::changes
