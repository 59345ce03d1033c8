// So many minutes a day of a category, and what holds when they are used up.
#include "rules/explain.h"
#include "tests/rules/policies.h"
#include "tests/rules/test_lists.h"

namespace schoolgate::rules {
namespace {

using namespace test;

class Allowance : public ::testing::Test {
 protected:
  Allowance() {
    spec_.groups[1].allowances = {{"games", 30, {"policy.yaml", 12, 9}}, {"social-media", 20, {"policy.yaml", 13, 9}}};
  }
  Verdict judged(const Request& request, std::string_view group = "ks2") {
    if (!snapshot_) snapshot_ = compiled(spec_, lists_.database());
    return ask(*snapshot_, request, group);
  }
  const TestLists lists_{{{"games", "games", blocklists::Format::domains, "play.example\nboth.example\n"},
                          {"social", "social-media", blocklists::Format::domains, "both.example\n"},
                          {"bets", "gambling", blocklists::Format::domains, "bet.example\n"}}};
  PolicySpec spec_ = school();
  std::shared_ptr<const PolicySnapshot> snapshot_;
};

TEST_F(Allowance, IsToldOfWhatPasses) {
  const Request play = get("https://play.example/");
  const Verdict verdict = judged(play);
  EXPECT_EQ(verdict.action, Action::warn);
  EXPECT_EQ(verdict.allowance_minutes, 30);
  EXPECT_EQ(snapshot_->categories()[verdict.allowance_category].id, "games");
  EXPECT_EQ(judged(connect("play.example")).allowance_minutes, 30) << "by name as well";
  EXPECT_EQ(judged(play, "staff").allowance_minutes, 0) << "a group that has none";
  EXPECT_EQ(judged(get("https://else.example/")).allowance_minutes, 0);
  EXPECT_EQ(judged(get("https://bet.example/")).allowance_minutes, 0) << "blocked";
}

TEST_F(Allowance, OfSeveralCategoriesTheOneWithTheLeastTime) {
  const Request both = get("https://both.example/");
  const Verdict verdict = judged(both);
  EXPECT_EQ(verdict.allowance_minutes, 20);
  EXPECT_EQ(snapshot_->categories()[verdict.allowance_category].id, "social-media");
}

TEST_F(Allowance, ASiteThatTheSchoolAllowsCountsAgainstNone) {
  spec_.rules.push_back(allow_site("play.example"));
  EXPECT_EQ(judged(get("https://play.example/")).allowance_minutes, 0);
}

TEST_F(Allowance, UsedUpItIsABlockWithItsLine) {
  const Request play = get("https://play.example/");
  const Verdict passes = judged(play);
  const Verdict used_up = snapshot_->spent(passes);
  EXPECT_EQ(used_up.action, Action::block);
  EXPECT_FALSE(used_up.inspect);
  const Citation citation = snapshot_->cite(used_up);
  EXPECT_EQ(citation.rule, "allowance of 30 minutes a day");
  EXPECT_EQ(citation.category, "games");
  EXPECT_EQ(citation.tier, "category");
  EXPECT_EQ(citation.source, "policy.yaml:12");
  EXPECT_EQ(citation.action, "block");
  const Explanation words = explain(*snapshot_, {.group = 1}, play, used_up, sunday_noon());
  EXPECT_EQ(words.pupil,
            "Your time for pages like this is used up for today. You get more tomorrow. If you need it for your work, "
            "ask your teacher.");
  EXPECT_NE(words.technician.find("by the allowance of 30 minutes a day for games at policy.yaml:12, which is used up"),
            std::string::npos)
      << words.technician;
  EXPECT_NE(explain(*snapshot_, {.group = 1}, play, passes, sunday_noon())
                .technician.find("counts against the 30 minutes a day that group 'ks2' has for games (policy.yaml:12)"),
            std::string::npos);
}

TEST_F(Allowance, WhatCountsAgainstNoneIsNotSpent) {
  const Request other = get("https://else.example/");
  const Verdict verdict = judged(other);
  EXPECT_EQ(snapshot_->spent(verdict).action, Action::allow);
}

TEST_F(Allowance, AnArchivedCopyCountsAsTheSiteItself) {
  const Request copy = get("https://web.archive.org/web/2024/https://play.example/");
  const Verdict verdict = judged(copy);
  EXPECT_EQ(verdict.action, Action::warn);
  EXPECT_EQ(verdict.allowance_minutes, 30);
}

}  // namespace
}  // namespace schoolgate::rules
