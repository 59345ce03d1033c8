// A proposal beside files that changed since.
//
// | what changed meanwhile | what becomes of the proposal |
// |---|---|
// | another rule at the same place | it fits: both rules |
// | a comment elsewhere | it fits |
// | the rule that it takes out has another end now | it clashes, with the difference |
// | the very same rule was added | it clashes |
// | the file is gone | it clashes |
// | the same key has other values, and the sentence does not hold them | it clashes |
// | a later rule stands behind one that is taken back | the one goes, the later stays |
#include "changes/rebase.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "changes/change_work.h"
#include "changes/drafts.h"

namespace schoolgate::changes {
namespace {

FileTexts school() {
  return {
      {"schoolgate.yaml",
       "site: { name: A School, timezone: Europe/London }\nstate: state\nlisten: { proxy: [\"127.0.0.1:8080\"] }\n"},
      {"policy.yaml", R"(groups:
  ks2: { title: Key Stage 2, members: { networks: ["10.20.2.0/23"] }, categories: { gambling: block, games: warn } }
  staff: { title: Staff, members: { networks: ["10.20.8.0/24"] }, categories: { games: allow } }
fallback: ks2
)"},
      {"rules/a.yaml",
       "# ours\nblock:\n  - { site: bets.example, category: gambling }\nallow:\n  - { site: maths.example }\n"}};
}

rules::RuleSpec allow(std::string site) {
  rules::RuleSpec rule;
  rule.effect = rules::RuleSpec::Effect::allow;
  rule.text = std::move(site);
  rule.groups = {"ks2"};
  return rule;
}

std::vector<ProposedFile> proposal_of(const FileTexts& before, const FileTexts& after) {
  return differences(before, after);
}

TEST(Rebase, NothingChangedMeanwhile) {
  const auto after = with_rule(school(), allow("lesson.example"));
  ASSERT_TRUE(after) << after.error().text();
  const auto found = rebase("/etc/s", school(), proposal_of(school(), *after));
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_FALSE(found->is_merged);
  ASSERT_EQ(found->parts.size(), 1u);
  EXPECT_EQ(found->parts[0].sentence, "Key Stage 2 may open lesson.example");
}

TEST(Rebase, TwoRulesAtOnePlaceAreBothThere) {
  const FileTexts one = *with_rule(school(), allow("one.example")), two = *with_rule(school(), allow("two.example"));
  const auto found = rebase("/etc/s", one, proposal_of(school(), two));
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->is_merged);
  EXPECT_TRUE(found->clashes.empty());
  ASSERT_EQ(found->files.size(), 1u);
  EXPECT_THAT(*found->files[0].after, ::testing::HasSubstr("one.example"));
  EXPECT_THAT(*found->files[0].after, ::testing::HasSubstr("two.example"));
  EXPECT_THAT(*found->files[0].after, ::testing::HasSubstr("# ours"));
}

TEST(Rebase, ACommentByHandElsewhereIsKept) {
  FileTexts now = school();
  now["rules/a.yaml"] = "# by hand\n" + now["rules/a.yaml"];
  const auto found = rebase("/etc/s", now, proposal_of(school(), *with_rule(school(), allow("one.example"))));
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->is_merged);
  EXPECT_THAT(*found->files.at(0).after, ::testing::StartsWith("# by hand\n"));
}

TEST(Rebase, TheSameRuleTwiceClashes) {
  const FileTexts one = *with_rule(school(), allow("one.example"));
  FileTexts now = one;
  now["rules/a.yaml"] += "# more\n";
  const auto found = rebase("/etc/s", now, proposal_of(school(), one));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->clashes.size(), 1u);
  EXPECT_THAT(found->clashes[0].difference, ::testing::HasSubstr("one.example"));
  EXPECT_TRUE(found->files.empty());
}

TEST(Rebase, ARuleThatHasBecomeAnotherIsNotTakenBack) {
  const FileTexts one = *with_rule(school(), allow("one.example"));
  FileTexts now = *with_rule_end(
      one, allow("one.example"),
      std::chrono::year_month_day{std::chrono::year(2030), std::chrono::month(12), std::chrono::day(18)});
  const auto found = rebase("/etc/s", now, proposal_of(one, school()));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->clashes.size(), 1u);
}

TEST(Rebase, ATakeBackLeavesWhatCameLater) {
  const FileTexts one = *with_rule(school(), allow("one.example")), both = *with_rule(one, allow("two.example"));
  const auto found = rebase("/etc/s", both, proposal_of(one, school()));
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->is_merged);
  EXPECT_THAT(*found->files.at(0).after, ::testing::Not(::testing::HasSubstr("one.example")));
  EXPECT_THAT(*found->files.at(0).after, ::testing::HasSubstr("two.example"));
}

TEST(Rebase, AFileThatIsGoneClashes) {
  FileTexts now = school();
  now.erase("rules/a.yaml");
  const auto found = rebase("/etc/s", now, proposal_of(school(), *with_rule(school(), allow("one.example"))));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->clashes.size(), 1u);
  EXPECT_TRUE(found->files.empty());
}

// Two changes of this kind read the same: that the sentences are equal proves nothing.
TEST(Rebase, ASentenceThatDoesNotHoldTheValuesProvesNothing) {
  const auto with = [](FileTexts files, const std::string& name, const std::string& text) {
    files[name] = text;
    return files;
  };
  const std::string settings =
      school()["schoolgate.yaml"] + "retention:\n  breaches: 30d\n# one\n# two\n# three\n# four\n  incidents: 400d\n";
  const auto changed = [](std::string text, const std::string& from, const std::string& to) {
    EXPECT_NE(text.find(from), std::string::npos) << from;
    return text.replace(text.find(from), from.size(), to);
  };
  const FileTexts before = with(school(), "schoolgate.yaml", settings);
  const FileTexts proposed = with(before, "schoolgate.yaml", changed(settings, "breaches: 30d", "breaches: 60d"));
  const FileTexts now = with(before, "schoolgate.yaml", changed(settings, "incidents: 400d", "incidents: 500d"));
  const auto found = rebase("/etc/s", now, proposal_of(before, proposed));
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->clashes.size(), 1u) << "retention";
  const FileTexts comment = with(before, "schoolgate.yaml", "# by hand\n" + settings);
  const auto fits = rebase("/etc/s", comment, proposal_of(before, proposed));
  ASSERT_TRUE(fits);
  EXPECT_TRUE(fits->is_merged) << "a comment is no value";

  const std::string policy = R"(groups:
  ks2:
    title: Key Stage 2
    members: { networks: ["10.20.2.0/23"] }
    downloads:
      max_size: 10MB
      # one
      # two
      # three
      block_extensions: [exe]
fallback: ks2
)";
  const FileTexts one = with(school(), "policy.yaml", policy);
  const auto larger = rebase("/etc/s", with(one, "policy.yaml", changed(policy, "[exe]", "[exe, msi]")),
                             proposal_of(one, with(one, "policy.yaml", changed(policy, "10MB", "90MB"))));
  ASSERT_TRUE(larger) << larger.error().text();
  EXPECT_EQ(larger->clashes.size(), 1u) << "downloads";
}

TEST(Rebase, TwoGroupsOfOnePolicyAtOnce) {
  const FileTexts one = *with_category_action(school(), "ks2", "gambling", rules::Action::warn);
  const FileTexts two = *with_category_action(school(), "staff", "gambling", rules::Action::block);
  const auto found = rebase("/etc/s", one, proposal_of(school(), two));
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_TRUE(found->is_merged);
}

}  // namespace
}  // namespace schoolgate::changes
