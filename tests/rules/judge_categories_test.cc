// A site that is in several categories: which one decides, which one is named, and who says so.
#include "rules/explain.h"
#include "rules/judge.h"
#include "tests/rules/policies.h"
#include "tests/rules/test_lists.h"

namespace schoolgate::rules {
namespace {

using namespace test;
using blocklists::Format;

std::string_view name_of(const PolicySnapshot& snapshot, CategoryId id) {
  return id == kNoCategory ? "" : std::string_view(snapshot.categories()[id].id);
}

/// ks2 blocks games and gambling, monitors suicide, and allows self-harm.
PolicySpec policy(std::vector<RuleSpec> rules = {}) {
  PolicySpec spec = school(std::move(rules));
  spec.groups[1].categories.clear();
  for (const auto& [category, action] :
       std::initializer_list<std::pair<std::string_view, Action>>{{"games", Action::block},
                                                                  {"gambling", Action::block},
                                                                  {"suicide", Action::monitor},
                                                                  {"self-harm", Action::allow}})
    spec.groups[1].categories.push_back({std::string(category), action, {"policy.yaml", 4, 5}});
  return spec;
}

struct Told {
  std::string_view decided, named;
};

Told told(const PolicySnapshot& snapshot, const Request& request, std::string_view group = "ks2") {
  const Verdict verdict = ask(snapshot, request, group);
  EXPECT_EQ(verdict.action, Action::block);
  return {name_of(snapshot, verdict.reason.category), name_of(snapshot, verdict.reason.named())};
}

TEST(SeveralCategories, TheOneThatMostListsNameIsTheOneThatIsTold) {
  const TestLists lists({{"one-gambling", "gambling", Format::domains, "play.example\n"},
                         {"one-games", "games", Format::domains, "play.example\n"},
                         {"two-games", "games", Format::domains, "play.example\nwww.play.example\n"}});
  const auto snapshot = compiled(policy(), lists.database());
  const Request request = get("http://www.play.example/");
  EXPECT_EQ(told(*snapshot, request).named, "games") << "two lists against one, whatever the urgency below four";
}

TEST(SeveralCategories, AListThatNamesASiteTwiceCountsOnce) {
  const TestLists lists({{"one-games", "games", Format::domains, "play.example\nwww.play.example\n"},
                         {"one-gambling", "gambling", Format::domains, "play.example\n"},
                         {"two-gambling", "gambling", Format::domains, "www.play.example\n"}});
  const auto snapshot = compiled(policy(), lists.database());
  EXPECT_EQ(told(*snapshot, get("http://www.play.example/")).named, "gambling");
}

TEST(SeveralCategories, AnUrgentOneLeadsThoughAnotherOneDecided) {
  const TestLists lists({{"games", "games", Format::domains, "play.example\n"},
                         {"more-games", "games", Format::domains, "play.example\n"},
                         {"suicide", "suicide", Format::domains, "play.example\n"}});
  const auto snapshot = compiled(policy(), lists.database());
  const Request request = get("http://play.example/");
  const Told found = told(*snapshot, request);
  EXPECT_EQ(found.decided, "games") << "the strictest action decides";
  EXPECT_EQ(found.named, "suicide");
  const Citation citation = snapshot->cite(ask(*snapshot, request));
  EXPECT_EQ(citation.category, "suicide");
  EXPECT_EQ(citation.urgency, snapshot->categories()[snapshot->categories().find("suicide")].urgency);
  EXPECT_EQ(citation.list, "games") << "the evidence stays that of what decided";
}

TEST(SeveralCategories, AnUrgentOneLeadsOverTheSchoolsOwnRuleAndOverUnlisted) {
  const TestLists lists({{"suicide", "suicide", Format::domains, "play.example\n"}});
  const auto own = compiled(policy({block_site("play.example", "games")}), lists.database());
  EXPECT_EQ(told(*own, get("http://play.example/")).named, "suicide");
  const auto emergency = compiled(policy({emergency_site("play.example")}), lists.database());
  EXPECT_EQ(told(*emergency, get("http://play.example/")).named, "suicide");
  const auto garden = compiled(policy(), lists.database());
  const Told found = told(*garden, get("http://play.example/"), "ks1");
  EXPECT_EQ(found.decided, "");
  EXPECT_EQ(found.named, "suicide");
}

TEST(SeveralCategories, TheSchoolsOwnRuleLeadsOverLessUrgentOnes) {
  const TestLists lists(
      {{"one", "gambling", Format::domains, "play.example\n"}, {"two", "gambling", Format::domains, "play.example\n"}});
  const auto snapshot = compiled(policy({block_site("play.example", "games")}), lists.database());
  EXPECT_EQ(told(*snapshot, get("http://play.example/")).named, "games");
}

TEST(SeveralCategories, WhatTheGroupAllowsNeverLeadsAndIsToldAll) {
  const TestLists lists({{"games", "games", Format::domains, "play.example\n"},
                         {"self-harm", "self-harm", Format::domains, "play.example\n"}});
  const auto snapshot = compiled(policy(), lists.database());
  const Request request = get("http://play.example/");
  ASSERT_GE(snapshot->categories()[snapshot->categories().find("self-harm")].urgency, 4)
      << "else this test asks nothing";
  EXPECT_EQ(told(*snapshot, request).named, "games");
  const auto all =
      snapshot->categories_of({.group = *snapshot->find_group("ks2")}, request, ask(*snapshot, request), sunday_noon());
  ASSERT_EQ(all.size(), 2);
  EXPECT_EQ(all[0].id, "games");
  EXPECT_EQ(all[1].id, "self-harm");
  EXPECT_EQ(all[1].action, Action::allow);
}

TEST(SeveralCategories, ALetThroughSiteLeadsNowhere) {
  const TestLists lists({{"suicide", "suicide", Format::domains, "lesson.example\n"}});
  const auto snapshot = compiled(policy({allow_site("lesson.example")}), lists.database());
  const Request request = get("http://lesson.example/");
  const Verdict verdict = ask(*snapshot, request);
  EXPECT_EQ(verdict.action, Action::allow);
  EXPECT_EQ(verdict.reason.leads, kNoCategory);
}

TEST(SeveralCategories, AllAreNamedWithTheListsAndRulesBehindThem) {
  const TestLists lists({{"ut-games", "games", Format::domains, "play.example\n"},
                         {"hz-games", "games", Format::domains, "www.play.example\nplay.example\n"},
                         {"ut-suicide", "suicide", Format::domains, "play.example\n"}});
  const auto snapshot = compiled(policy({block_site("play.example", "games")}), lists.database());
  const Request request = get("http://www.play.example/a");
  const Subject pupil{.group = *snapshot->find_group("ks2")};
  const auto all = snapshot->categories_of(pupil, request, ask(*snapshot, request), sunday_noon());
  ASSERT_EQ(all.size(), 2);
  EXPECT_EQ(all[0].id, "suicide");
  EXPECT_EQ(all[0].lists, std::vector<std::string>{"ut-suicide"});
  EXPECT_EQ(all[1].id, "games");
  EXPECT_EQ(all[1].lists, (std::vector<std::string>{"ut-games", "hz-games"}));
  EXPECT_EQ(all[1].rules, std::vector<std::string>{"rules/local.yaml:1"});
}

TEST(SeveralCategories, ExplainSaysWhichLeadsAndWhatElseTheSiteIsIn) {
  const TestLists lists({{"ut-games", "games", Format::domains, "play.example\n"},
                         {"ut-suicide", "suicide", Format::domains, "play.example\n"}});
  const auto snapshot = compiled(policy(), lists.database());
  const Request request = get("http://play.example/");
  const Subject pupil{.group = *snapshot->find_group("ks2")};
  const Explanation words = explain(*snapshot, pupil, request, ask(*snapshot, request), sunday_noon());
  EXPECT_NE(words.technician.find("list 'ut-games' (category games)"), std::string::npos) << words.technician;
  EXPECT_NE(words.technician.find("name it as suicide"), std::string::npos) << words.technician;
  EXPECT_NE(words.technician.find("games (ut-games)"), std::string::npos) << words.technician;
  EXPECT_NE(words.lead.find("urgency 5"), std::string::npos) << words.lead;
}

TEST(SeveralCategories, AnIllegalOneLeadsAlone) {
  const TestLists lists({{"illegal", "child-abuse", Format::domains, "bad.example\n"},
                         {"suicide", "suicide", Format::domains, "bad.example\n"}});
  const auto snapshot = compiled(policy(), lists.database());
  const Told found = told(*snapshot, get("http://bad.example/"));
  EXPECT_EQ(found.decided, "child-abuse");
  EXPECT_EQ(found.named, "child-abuse");
}

}  // namespace
}  // namespace schoolgate::rules
