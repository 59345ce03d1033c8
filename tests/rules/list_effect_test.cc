#include "rules/list_effect.h"

#include <gtest/gtest.h>

#include "tests/rules/policies.h"

namespace schoolgate::rules {
namespace {

using test::allow_site;
using test::allow_url;
using test::at;
using test::block_site;
using test::school;
using test::sunday_noon;

bool refuses(const PolicySpec& spec, std::string_view site, std::string_view category) {
  const auto effect = ListEffect::of(spec, sunday_noon());
  EXPECT_TRUE(effect);
  return effect && effect->refuses(*names::Url::parse(site), category);
}

RuleSpec until(RuleSpec rule, int day) {
  rule.until =
      std::chrono::year_month_day(std::chrono::year(2026), std::chrono::November, std::chrono::day(unsigned(day)));
  return rule;
}

TEST(ListEffect, IsAskedForVerdictsAndNotForEntries) {
  struct Row {
    const char* what;
    std::vector<RuleSpec> rules;
    const char* site;
    const char* category;
    bool refused;
  };
  const Row rows[] = {
      {"a category that two groups block", {}, "museum.example/", "gambling", true},
      {"one that a group only warns of", {}, "museum.example/", "games", false},
      {"one that a group only monitors", {}, "museum.example/", "chat", false},
      {"one of which no group says anything", {}, "museum.example/", "adverts", false},
      {"illegal content is refused to everybody", {}, "museum.example/", "child-abuse", true},
      {"a site of help stays open", {}, "www.childline.org.uk/", "gambling", false},
      {"lists of sites of help refuse nothing", {}, "museum.example/", "support", false},
      {"the school allows it", {allow_site("museum.example")}, "www.museum.example/", "gambling", false},
      {"the school allows it to one of two groups",
       {allow_site("museum.example", {"ks2"})},
       "museum.example/",
       "gambling",
       true},
      {"the school allows a part of it", {allow_url("museum.example/maths")}, "museum.example/", "gambling", true},
      {"and that part is asked for", {allow_url("museum.example/maths")}, "museum.example/maths", "gambling", false},
      {"the permission has expired", {until(allow_site("museum.example"), 21)}, "museum.example/", "gambling", true},
      {"and on its last day it has not",
       {until(allow_site("museum.example"), 22)},
       "museum.example/",
       "gambling",
       false},
      {"the school blocks it by itself", {block_site("museum.example")}, "museum.example/", "gambling", false},
      {"an allow rule does not reach illegal content",
       {allow_site("museum.example")},
       "museum.example/",
       "terrorism",
       true},
  };
  for (const Row& row : rows) EXPECT_EQ(refuses(school(row.rules), row.site, row.category), row.refused) << row.what;
}

TEST(ListEffect, AScheduleThatBlocksCountsAtEveryHour) {
  PolicySpec spec = school();
  ScheduleSpec monday;
  monday.days[0] = true;
  monday.to_minute = 1;
  monday.categories = {{.category = "games", .action = Action::block, .at = at(1)}};
  spec.groups[1].schedules.push_back(monday);
  EXPECT_TRUE(refuses(spec, "museum.example/", "games"));
}

TEST(ListEffect, AGroupThatHasOnlyWhatIsAllowedByNameLosesNothing) {
  PolicySpec spec = school();
  spec.groups[0].categories = {{.category = "piracy", .action = Action::block, .at = at(1)}};
  EXPECT_FALSE(refuses(spec, "museum.example/", "piracy"));
}

TEST(ListEffect, APolicyThatDoesNotCompileGivesItsProblems) {
  EXPECT_FALSE(ListEffect::of(school({block_site("not a site")}), sunday_noon()));
}

}  // namespace
}  // namespace schoolgate::rules
