// How protection can be claimed wrongly, each a row below: data of another category, data for another group, a list
// that has never been there, one that is too old, one of two lists missing, a rule that has expired or allows, a
// measure of the day, an allow of a help site, a category that a schedule alone names.
#include "rules/protection.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/rules/policies.h"

namespace schoolgate::rules {
namespace {

using test::at;
using test::block_site;
using test::block_url;
using test::compiled;
using test::school;
using test::sunday_noon;
using State = ListStanding::State;

const std::map<std::string, std::string> kNoGaps;

ListStanding list(std::string name, std::string category, State state) {
  return {.name = std::move(name), .category = std::move(category), .state = state};
}

const CategoryProtection* row_of(const Protection& protection, std::string_view group, std::string_view category) {
  const auto found = std::ranges::find_if(
      protection.rows, [&](const auto& row) { return row.group == group && row.category == category; });
  return found == protection.rows.end() ? nullptr : &*found;
}

TEST(Protection, IsWhatTheListsBehindACategorySay) {
  struct Row {
    const char* what;
    std::vector<ListStanding> lists;
    ProtectionState expected;
    std::vector<std::string> waits_for;
  };
  const Row rows[] = {
      {"no list names it", {}, ProtectionState::empty, {}},
      {"a list of another category", {list("games", "games", State::fresh)}, ProtectionState::empty, {}},
      {"in force", {list("bets", "gambling", State::fresh)}, ProtectionState::protected_, {}},
      {"too old", {list("bets", "gambling", State::stale)}, ProtectionState::stale, {}},
      {"never there", {list("bets", "gambling", State::never)}, ProtectionState::empty, {"bets"}},
      {"there once", {list("bets", "gambling", State::missing)}, ProtectionState::empty, {}},
      {"one of two is too old",
       {list("bets", "gambling", State::fresh), list("odds", "gambling", State::stale)},
       ProtectionState::stale,
       {}},
      {"one of two was never there",
       {list("bets", "gambling", State::fresh), list("odds", "gambling", State::never)},
       ProtectionState::stale,
       {"odds"}},
      {"one of two is gone",
       {list("bets", "gambling", State::missing), list("odds", "gambling", State::fresh)},
       ProtectionState::stale,
       {}},
  };
  const auto policy = compiled(school());
  for (const Row& row : rows) {
    const Protection protection = protection_of(*policy, row.lists, kNoGaps, sunday_noon());
    const CategoryProtection* found = row_of(protection, "ks2", "gambling");
    ASSERT_NE(found, nullptr) << row.what;
    EXPECT_EQ(found->state, row.expected) << row.what;
    EXPECT_EQ(found->waits_for, row.waits_for) << row.what;
  }
}

TEST(Protection, ARuleThatNamesTheCategoryIsDataWhereNoListIsConfigured) {
  const auto gambling = [](PolicySpec spec, std::vector<ListStanding> lists = {}) {
    const auto policy = compiled(spec);
    return row_of(protection_of(*policy, lists, kNoGaps, sunday_noon()), "ks2", "gambling")->state;
  };
  EXPECT_EQ(gambling(school({block_site("spins.example")})), ProtectionState::protected_);
  EXPECT_EQ(gambling(school({block_url("forum.example/casino/")})), ProtectionState::protected_);
  RuleSpec term = test::rule(RuleSpec::Effect::categorise, RuleSpec::Kind::term, "free spins", "gambling");
  EXPECT_EQ(gambling(school({term})), ProtectionState::protected_);
  EXPECT_EQ(gambling(school({block_site("x.example", "games")})), ProtectionState::empty) << "another category";
  EXPECT_EQ(gambling(school({block_site("x.example", "gambling", {"staff"})})), ProtectionState::empty)
      << "for another group";
  EXPECT_EQ(gambling(school({test::allow_site("x.example")})), ProtectionState::empty) << "it opens";
  RuleSpec expired = block_site("x.example");
  expired.until = std::chrono::year_month_day(std::chrono::year(2026), std::chrono::November, std::chrono::day(1));
  EXPECT_EQ(gambling(school({expired})), ProtectionState::empty) << "it has expired";
  RuleSpec measure = block_site("x.example");
  measure.measure = "0198";
  EXPECT_EQ(gambling(school({measure})), ProtectionState::empty) << "a measure is of the day";
  EXPECT_EQ(gambling(school({block_site("x.example")}), {list("bets", "gambling", State::never)}),
            ProtectionState::empty)
      << "a few names do not stand for the list that the school has chosen";
}

TEST(Protection, HasARowForWhatAGroupActsOnAtAnyTime) {
  PolicySpec spec = school();
  ScheduleSpec lessons;
  lessons.days.fill(true);
  lessons.categories = {{.category = "piracy", .action = Action::block, .at = at(1)}};
  spec.groups[1].schedules.push_back(lessons);
  const auto policy = compiled(spec);
  const Protection protection = protection_of(*policy, {}, kNoGaps, sunday_noon());
  EXPECT_EQ(row_of(protection, "ks2", "gambling")->action, Action::block);
  EXPECT_EQ(row_of(protection, "ks2", "games")->action, Action::warn);
  EXPECT_EQ(row_of(protection, "ks2", "chat")->action, Action::monitor);
  EXPECT_EQ(row_of(protection, "ks2", "piracy")->action, Action::block) << "a schedule blocks it";
  EXPECT_EQ(row_of(protection, "ks2", "adverts"), nullptr) << "the group says nothing of it";
  EXPECT_EQ(row_of(protection, "staff", "games"), nullptr);
  EXPECT_EQ(row_of(protection, "ks2", "support"), nullptr);
  for (const char* group : {"ks1", "ks2", "staff"})
    for (const char* illegal : {"child-abuse", "terrorism"}) {
      ASSERT_NE(row_of(protection, group, illegal), nullptr) << group << illegal;
      EXPECT_EQ(row_of(protection, group, illegal)->action, Action::block);
    }
}

TEST(Protection, AGroupWaitsOnlyForWhatItBlocks) {
  const auto policy = compiled(school());
  std::vector<ListStanding> lists{list("bets", "gambling", State::never), list("play", "games", State::never),
                                  list("talk", "chat", State::never), list("social", "social-media", State::never)};
  Protection protection = protection_of(*policy, lists, kNoGaps, sunday_noon());
  EXPECT_EQ(protection.waits_for("ks2"), std::vector<std::string>{"bets"}) << "it warns of games, monitors chat";
  EXPECT_EQ(protection.waits_for("staff"), (std::vector<std::string>{"bets", "social"}));
  EXPECT_TRUE(protection.waits_for("ks1").empty());
  lists.push_back(list("worst", "child-abuse", State::never));
  protection = protection_of(*policy, lists, kNoGaps, sunday_noon());
  EXPECT_EQ(protection.waits_for("ks1"), std::vector<std::string>{"worst"}) << "illegal content is blocked for all";
  for (ListStanding& each : lists) each.may_be_missing = true;
  protection = protection_of(*policy, lists, kNoGaps, sunday_noon());
  EXPECT_TRUE(protection.waits_for("staff").empty()) << "the school wrote if_missing: serve";
  EXPECT_EQ(row_of(protection, "staff", "gambling")->state, ProtectionState::empty) << "and is told all the same";
}

TEST(Protection, AKnownGapIsNoGapWhileItIsEmpty) {
  std::map<std::string, std::string> gaps{{"child-abuse", "list applied for"},
                                          {"terrorism", "list applied for"},
                                          {"games", "none chosen"},
                                          {"chat", "none chosen"},
                                          {"social-media", "none chosen"},
                                          {"gambling", "none chosen"}};
  const auto policy = compiled(school());
  EXPECT_FALSE(protection_of(*policy, {}, kNoGaps, sunday_noon()).whole());
  const Protection known = protection_of(*policy, {}, gaps, sunday_noon());
  EXPECT_TRUE(known.whole());
  EXPECT_EQ(row_of(known, "ks2", "games")->state, ProtectionState::empty) << "pages still show it";
  EXPECT_EQ(row_of(known, "ks2", "games")->known_gap, "none chosen");
  const ListStanding old = list("bets", "gambling", State::stale);
  EXPECT_FALSE(protection_of(*policy, {&old, 1}, gaps, sunday_noon()).whole())
      << "a list that was chosen and is too old is another thing";
  for (const State state : {State::missing, State::never}) {
    const ListStanding lost = list("bets", "gambling", state);
    EXPECT_FALSE(protection_of(*policy, {&lost, 1}, gaps, sunday_noon()).whole())
        << "nor does it excuse one that is lost";
  }
}

}  // namespace
}  // namespace schoolgate::rules
