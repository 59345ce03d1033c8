#include "rules/needs_learner.h"

#include <gtest/gtest.h>

#include "tests/rules/policies.h"
#include "tests/rules/test_lists.h"

namespace schoolgate::rules {
namespace {

using namespace test;
using std::chrono::minutes;
using std::chrono::seconds;

class Learner : public ::testing::Test {
 protected:
  void know(std::vector<RuleSpec> rules, std::shared_ptr<const blocklists::CategoryDb> lists = nullptr) {
    spec_ = school(std::move(rules));
    snapshot_ = compiled(spec_, std::move(lists));
    learner_.emplace(spec_, *snapshot_, sunday_noon());
  }
  void told(std::string_view host, std::string_view page, std::string_view device = "10.20.1.5",
            std::string_view group = "ks1") {
    ASSERT_TRUE(
        learner_->add({.time = now_, .group = group, .device = device, .host = host, .page = page, .refused = true}));
    now_ += minutes(1);
  }
  /// The device opens `site`, and `host` is refused to it `later`.
  void visit(std::string_view site, std::string_view host, seconds later = seconds(1),
             std::string_view device = "10.20.1.5") {
    now_ += minutes(5);
    if (!site.empty())
      ASSERT_TRUE(learner_->add({.time = now_, .group = "ks1", .device = device, .host = site, .page = {}}));
    ASSERT_TRUE(learner_->add(
        {.time = now_ + later, .group = "ks1", .device = device, .host = host, .page = {}, .refused = true}));
  }
  static std::vector<std::string> hosts(const std::vector<NeededHost>& needed) {
    std::vector<std::string> out;
    for (const NeededHost& one : needed) out.push_back(one.host);
    return out;
  }
  std::vector<std::string> proposed() const {
    const auto all = learner_->proposals();
    return all.empty() ? std::vector<std::string>() : hosts(all.front().proposed);
  }

  PolicySpec spec_;
  std::shared_ptr<const PolicySnapshot> snapshot_;
  std::optional<NeedsLearner> learner_;
  TimePoint now_ = sunday_noon() - std::chrono::hours(5);
};

TEST_F(Learner, ProposesWhatAPageOfAnAllowedSiteWasRefused) {
  know({allow_site("phonics.example", {"ks1"})});
  told("cdn.example", "www.phonics.example");
  told("cdn.example", "phonics.example", "10.20.1.6");
  const auto all = learner_->proposals();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].site, "phonics.example");
  EXPECT_EQ(all[0].at.line, 1);
  EXPECT_EQ(all[0].groups, std::vector<std::string>{"ks1"});
  ASSERT_EQ(hosts(all[0].proposed), std::vector<std::string>{"cdn.example"});
  EXPECT_EQ(all[0].proposed[0].told, 2u);
  EXPECT_EQ(all[0].proposed[0].devices, 2u);
  EXPECT_FALSE(all[0].proposed[0].by_time_only());
}

TEST_F(Learner, APageOfNoAllowedSiteProposesNothing) {
  know({allow_site("phonics.example", {"ks1"}), allow_url("bbc.example/bitesize", {"ks1"})});
  told("cdn.example", "other.example");
  told("cdn.example", "notphonics.example");
  told("cdn.example", "news.bbc.example");
  told("cdn.example", "phonics.example", "10.20.2.5", "ks2");
  EXPECT_TRUE(learner_->proposals().empty());
}

TEST_F(Learner, AHelpersOwnPagesSpeakForTheSiteThatNeedsIt) {
  RuleSpec rule = allow_site("phonics.example", {"ks1"});
  rule.needs = {{"cdn.example", {}}};
  know({rule});
  told("fonts.example", "cdn.example");
  const auto all = learner_->proposals();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].has, std::vector<std::string>{"cdn.example"});
  EXPECT_EQ(hosts(all[0].proposed), std::vector<std::string>{"fonts.example"});
}

TEST_F(Learner, AHelperOfTwoSitesSpeaksForNeither) {
  RuleSpec one = allow_site("phonics.example"), two = allow_site("letters.example");
  one.needs = two.needs = {{"cdn.example", {}}};
  know({one, two});
  told("fonts.example", "cdn.example");
  EXPECT_TRUE(learner_->proposals().empty());
}

TEST_F(Learner, ByTimeAloneItTakesThreeOccasions) {
  know({allow_site("phonics.example", {"ks1"})});
  visit("phonics.example", "cdn.example");
  visit("phonics.example", "cdn.example");
  EXPECT_TRUE(proposed().empty());
  visit("phonics.example", "cdn.example", seconds(9), "10.20.1.6");
  const auto all = learner_->proposals();
  ASSERT_EQ(all.size(), 1u);
  ASSERT_EQ(hosts(all[0].proposed), std::vector<std::string>{"cdn.example"});
  EXPECT_TRUE(all[0].proposed[0].by_time_only());
  EXPECT_EQ(all[0].proposed[0].followed, 3u);
  EXPECT_EQ(all[0].proposed[0].apart, 0u);
  EXPECT_EQ(all[0].proposed[0].devices, 2u);
}

TEST_F(Learner, ManyRequestsOfOneVisitAreOneOccasion) {
  know({allow_site("phonics.example", {"ks1"})});
  visit("phonics.example", "cdn.example");
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(learner_->add({.time = now_ + seconds(2),
                               .group = "ks1",
                               .device = "10.20.1.5",
                               .host = "cdn.example",
                               .page = {},
                               .refused = true}));
  EXPECT_TRUE(proposed().empty());
}

TEST_F(Learner, WhatIsAskedForAllDayIsNoSitesNeed) {
  know({allow_site("phonics.example", {"ks1"})});
  for (int i = 0; i < 3; ++i) visit("phonics.example", "telemetry.example");
  EXPECT_FALSE(proposed().empty());
  visit("", "telemetry.example");
  EXPECT_FALSE(proposed().empty()) << "three of four";
  visit("", "telemetry.example");
  EXPECT_TRUE(proposed().empty()) << "three of five";
}

TEST_F(Learner, LateOrOfAnotherDeviceOrBetweenTwoSitesIsNoOccasion) {
  know({allow_site("phonics.example", {"ks1"}), allow_site("letters.example", {"ks1"})});
  for (int i = 0; i < 4; ++i) {
    visit("phonics.example", "late.example", seconds(11));
    now_ += minutes(5);
    for (const char* site : {"phonics.example", "letters.example"})
      ASSERT_TRUE(learner_->add({.time = now_, .group = "ks1", .device = "10.20.1.5", .host = site, .page = {}}));
    visit("", "between.example", seconds(1) - minutes(5));
    ASSERT_TRUE(learner_->add({.time = now_ + seconds(1),
                               .group = "ks1",
                               .device = "10.20.1.9",
                               .host = "elsewhere.example",
                               .page = {},
                               .refused = true}));
  }
  EXPECT_TRUE(learner_->proposals().empty());
}

TEST_F(Learner, WhatIsOpenByNowIsLeftOut) {
  RuleSpec rule = allow_site("phonics.example", {"ks1"});
  rule.needs = {{"cdn.example", {}}};
  know({rule, allow_site("open.example")});
  told("cdn.example", "phonics.example");
  told("open.example", "phonics.example");
  EXPECT_TRUE(learner_->proposals().empty());
}

TEST_F(Learner, NeverProposesWhatARuleOrAListStandsAgainst) {
  const TestLists lists({{"bets", "gambling", blocklists::Format::domains, "bets.example\n"},
                         {"games", "games", blocklists::Format::domains, "games.example\n"},
                         {"searches", "search", blocklists::Format::domains, "search.example\n"}});
  know({allow_site("phonics.example", {"ks1"}), block_site("bad.example"), emergency_site("craze.example")},
       lists.database());
  for (const char* host : {"bets.example", "games.example", "search.example", "bad.example", "craze.example"})
    told(host, "phonics.example");
  const auto all = learner_->proposals();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(hosts(all[0].proposed), std::vector<std::string>{"search.example"}) << "nobody is kept from searching";
  std::map<std::string, std::string> against;
  for (const NeededHost& one : all[0].not_proposed) against[one.host] = one.against;
  EXPECT_EQ(against["bets.example"], "list bets (gambling)");
  EXPECT_EQ(against["games.example"], "list games (games)") << "warned of in another group";
  EXPECT_NE(against["bad.example"].find("rules/local.yaml:2"), std::string::npos) << against["bad.example"];
  EXPECT_NE(against["craze.example"].find("rules/local.yaml:3"), std::string::npos) << against["craze.example"];
}

TEST_F(Learner, NeverNamesWhatIsIllegalOrSealed) {
  const TestLists lists({{"bad", "child-abuse", blocklists::Format::domains, "illegal.example\n", true},
                         {"police", "violence", blocklists::Format::domains, "sealed.example\n", true}});
  know({allow_site("phonics.example", {"ks1"}), block_site("terror.example", "terrorism")}, lists.database());
  for (const char* host : {"illegal.example", "sealed.example", "terror.example"}) told(host, "phonics.example");
  EXPECT_TRUE(learner_->proposals().empty());
}

TEST_F(Learner, ARuleThatIsOverLearnsNothing) {
  RuleSpec rule = allow_site("phonics.example", {"ks1"});
  rule.until = std::chrono::year(2026) / 11 / 20;
  know({rule});
  told("cdn.example", "phonics.example");
  EXPECT_TRUE(learner_->proposals().empty());
}

}  // namespace
}  // namespace schoolgate::rules
