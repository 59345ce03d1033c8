// Everything that can be wrong with a policy, said at once and in its place.
#include <algorithm>

#include "rules/snapshot.h"
#include "tests/rules/policies.h"
#include "tests/rules/test_lists.h"

namespace schoolgate::rules {
namespace {

using namespace test;

Problems problems_of(const PolicySpec& spec,
                     std::shared_ptr<const blocklists::CategoryDb> lists = blocklists::CategoryDb::empty()) {
  Problems problems;
  const auto snapshot = PolicySnapshot::compile(spec, std::move(lists), sunday_noon(), problems);
  return snapshot ? problems : snapshot.error();
}

std::string texts(const Problems& problems) {
  std::string all;
  for (const Problem& problem : problems) all += problem.text() + "\n";
  return all;
}

/// Exactly one problem, and it says this.
void expect_one(const PolicySpec& spec, std::string_view text) {
  const Problems problems = problems_of(spec);
  EXPECT_EQ(problems.size(), 1u) << texts(problems);
  EXPECT_NE(texts(problems).find(text), std::string::npos) << texts(problems);
}

TEST(Compile, ASoundPolicyHasNoProblems) {
  EXPECT_EQ(texts(problems_of(school({block_site("a.example"), allow_url("a.example/x"), block_pattern("casino")}))),
            "");
}

TEST(Compile, UnknownNamesComeWithAHint) {
  expect_one(school({block_site("a.example", "gamblng")}),
             "rules/local.yaml:1:5: unknown category 'gamblng' (did you mean 'gambling'?)");
  expect_one(school({block_site("a.example", "gambling", {"ks22"})}),
             "rules/local.yaml:1:5: unknown group 'ks22' (did you mean 'ks2'?)");
  PolicySpec zone = school();
  zone.timezone = "Europe/Lodnon";
  expect_one(zone, "schoolgate.yaml:1:20: unknown time zone 'Europe/Lodnon' (did you mean 'Europe/London'?)");
}

TEST(Compile, AUserOrADeviceBelongsToOneGroup) {
  PolicySpec spec = school();
  spec.groups[1].users = {{"J.Smith", {"policy.yaml", 5, 9}}};
  spec.groups[2].users = {{"j.smith", {"policy.yaml", 8, 9}}};
  expect_one(spec, "policy.yaml:8:9: user 'j.smith' already belongs to group 'ks2'");
  spec = school();
  spec.groups[1].devices = {{"phone", {}}};
  spec.groups[2].devices = {{"phone", {"policy.yaml", 8, 9}}};
  expect_one(spec, "policy.yaml:8:9: device 'phone' already belongs to group 'ks2'");
  spec.groups[2].devices = {{"phones", {"policy.yaml", 8, 9}}};
  expect_one(spec, "policy.yaml:8:9: unknown kind of device 'phones' (did you mean 'phone'?)");
  spec = school();
  spec.groups[1].directory_groups = {{"pupils", {}}};
  spec.groups[2].directory_groups = {{"pupils", {}}};
  EXPECT_EQ(texts(problems_of(spec)), "") << "of directory groups the first counts";
}

TEST(Compile, AnAllowanceIsForWhatIsOpen) {
  PolicySpec spec = school();
  spec.groups[1].allowances = {{"games", 30, {}}};
  EXPECT_EQ(texts(problems_of(spec)), "");
  const SourcePosition here{"policy.yaml", 9, 7};
  spec.groups[1].allowances = {{"gambling", 30, here}};
  expect_one(spec, "policy.yaml:9:7: warning: the allowance for 'gambling' has no effect: the group has it blocked");
  ScheduleSpec lunch;
  lunch.days.fill(true);
  lunch.categories = {{"gambling", Action::allow, {}}};
  spec.groups[1].schedules = {lunch};
  EXPECT_EQ(texts(problems_of(spec)), "") << "a schedule opens it";
  spec.groups[1].allowances = {{"child-abuse", 30, here}};
  expect_one(spec, "'child-abuse' is illegal content and is never open");
  spec.groups[1].allowances = {{"support", 30, here}};
  expect_one(spec, "'support' is always open");
  spec.groups[1].allowances = {{"games", 0, here}};
  expect_one(spec, "an allowance is at least a minute and at most a day");
  spec.groups[1].allowances = {{"gmaes", 30, here}};
  expect_one(spec, "unknown category 'gmaes'");
}

TEST(Compile, NeedsBelongsToAnAllowedSiteOfAWalledGroup) {
  const SourcePosition here{"rules/local.yaml", 4, 20};
  RuleSpec rule = allow_site("a.example");
  rule.needs = {{"cdn.example", here}};
  EXPECT_EQ(texts(problems_of(school({rule}))), "");
  rule.groups = {"ks2"};
  expect_one(school({rule}), "rules/local.yaml:4:20: warning: 'needs' has no effect: no group of this rule has");
  rule.groups = {"ks1"};
  for (const char* bad : {"cdn.example/x", "cdn", "*.cdn.example", ""}) {
    rule.needs = {{bad, here}};
    expect_one(school({rule}), "rules/local.yaml:4:20: '" + std::string(bad) + "' is not a host");
  }
  RuleSpec block = block_site("a.example");
  block.needs = {{"cdn.example", here}};
  expect_one(school({block}), "rules/local.yaml:4:20: 'needs' belongs to an allow rule with a site or url");
}

TEST(Compile, ListsOfSitesAreRead) {
  PolicySpec spec = school();
  spec.lists["phonics"] = {
      {"a.example", "b c", "d.example/x"}, {{"r.yaml", 1, 1}, {"r.yaml", 2, 2}, {"r.yaml", 3, 3}}, {}};
  expect_one(spec, "r.yaml:2:2: 'b c' is not a site");
  spec.lists["phonics"] = {{}, {}, {"r.yaml", 7, 3}};
  expect_one(spec, "r.yaml:7:3: warning: the list names no site");
}

TEST(Compile, ASiteIsNoWildcard) {
  expect_one(school({block_site("*.a.example")}), "'*.a.example' is not a site (write a.example: a site covers");
  expect_one(school({block_site(".")}), "'.' is not a site (write example.org: a site covers");
}

TEST(Compile, AllProblemsAreReportedAtOnce) {
  PolicySpec spec = school({block_site("a b.example"), block_pattern("x(", "games"), block_url("ftp/:x", "nonsense"),
                            block_site("", "games")});
  spec.timezone = "Mars/Olympus";
  spec.fallback = "nobody";
  spec.groups[1].categories.push_back({"no-such", Action::block, {"policy.yaml", 9, 1}});
  const std::string all = texts(problems_of(spec));
  for (const char* expected :
       {"schoolgate.yaml:1:20: unknown time zone", "policy.yaml:9:1: unknown category 'no-such'",
        "policy.yaml:30:11: unknown group 'nobody'", "rules/local.yaml:1:5: 'a b.example' is not a site",
        "rules/local.yaml:2:5: bad pattern at character", "rules/local.yaml:3:5: unknown category 'nonsense'",
        "rules/local.yaml:4:5: '' is not a site"})
    EXPECT_NE(all.find(expected), std::string::npos) << expected << " is not in\n" << all;
}

TEST(Compile, ABadPatternIsShownWithItsPlace) {
  expect_one(school({block_pattern("free(?=spins)")}), "bad pattern at character 5: invalid perl operator: (?=");
  expect_one(school({block_pattern("casino|")}), "the pattern matches every address");
}

TEST(Compile, SitesAndUrlsAreChecked) {
  expect_one(school({block_site("https://a.example/x")}), "write url:");
  expect_one(school({block_site("*.a.example")}), "write a.example: a site covers everything under it");
  expect_one(school({block_url("mailto:a@b.example")}), "is not a URL");
  expect_one(school({block_site("a..example")}), "is not a site");
}

TEST(Compile, TheSameNetworkInTwoGroupsIsRefused) {
  PolicySpec spec = school();
  spec.groups[2].networks.push_back({*names::IpNetwork::parse("10.20.1.0/24"), {"policy.yaml", 20, 9}});
  expect_one(spec, "policy.yaml:20:9: network 10.20.1.0/24 already belongs to group 'ks1'");
}

TEST(Compile, ANetworkInsideAnotherIsFine) {
  PolicySpec spec = school();
  spec.groups[2].networks.push_back({*names::IpNetwork::parse("10.20.1.128/25"), {}});
  EXPECT_EQ(texts(problems_of(spec)), "");
}

TEST(Compile, GroupsAreCheckedAsAWhole) {
  PolicySpec twice = school();
  twice.groups[2].id = "ks2";
  expect_one(twice, "group 'ks2' is there twice");
  PolicySpec none = school();
  none.fallback.clear();
  expect_one(none, "policy.yaml:30:11: fallback is missing");
  PolicySpec warns = school();
  warns.groups[0].unlisted = Action::warn;
  expect_one(warns, "unlisted cannot be 'warn' (allow or block)");
}

TEST(Compile, IllegalContentAndSupportCannotBeSet) {
  PolicySpec illegal = school();
  illegal.groups[2].categories.push_back({"child-abuse", Action::monitor, {"policy.yaml", 8, 1}});
  expect_one(illegal, "policy.yaml:8:1: 'child-abuse' is illegal content and cannot be set to 'monitor'");
  PolicySpec support = school();
  support.groups[0].categories.push_back({"support", Action::block, {"policy.yaml", 8, 1}});
  expect_one(support, "'support' is never blocked");
  PolicySpec allows = school({allow_site("a.example")});
  allows.rules[0].category = "terrorism";
  expect_one(allows, "cannot be allowed");
}

TEST(Compile, ABlockRuleNeedsACategory) {
  expect_one(school({block_site("a.example", "")}), "a block rule needs a category");
}

TEST(Compile, SchedulesAreChecked) {
  PolicySpec spec = school();
  ScheduleSpec schedule;
  schedule.days.fill(true);
  schedule.to_minute = 25 * 60;
  schedule.categories.push_back({"gamse", Action::allow, {"policy.yaml", 12, 1}});
  spec.groups[1].schedules.push_back(schedule);
  const std::string all = texts(problems_of(spec));
  EXPECT_NE(all.find("a time of day lies between 00:00 and 24:00"), std::string::npos) << all;
  EXPECT_NE(all.find("policy.yaml:12:1: unknown category 'gamse' (did you mean 'games'?)"), std::string::npos) << all;
  spec.groups[1].schedules.assign(65, ScheduleSpec{.days = {true}});
  EXPECT_NE(texts(problems_of(spec)).find("more than 64 schedules"), std::string::npos);
}

TEST(Compile, ReferencesOfTestsAreChecked) {
  PolicySpec spec = school();
  spec.tests.push_back({"http://a b/", "ks9", Action::block, "gamblng", "25:99", {"rules/local.yaml", 40, 5}});
  const Problems problems = problems_of(spec);
  EXPECT_EQ(problems.size(), 4u) << texts(problems);
}

TEST(Compile, NeverInspectTakesSitesAndCategories) {
  PolicySpec spec = school();
  spec.never_inspect = {"bank.example", "chat"};
  EXPECT_EQ(texts(problems_of(spec)), "");
  spec.never_inspect = {"gamess"};
  expect_one(spec, "'gamess' is neither a site nor a category (did you mean 'games'?)");
}

TEST(Compile, AListOfAnUnknownCategoryIsRefused) {
  const TestLists lists({{"strange", "no-such-category", blocklists::Format::domains, "a.example\n"}});
  EXPECT_NE(
      texts(problems_of(school(), lists.database())).find("list 'strange' has the unknown category 'no-such-category'"),
      std::string::npos);
}

TEST(CompileWarning, AnExpiredRuleIsReportedAndDoesNotApply) {
  PolicySpec spec = school({block_site("a.example")});
  spec.rules[0].until = std::chrono::year(2026) / 11 / 21;
  const Problems problems = problems_of(spec);
  ASSERT_EQ(problems.size(), 1u) << texts(problems);
  EXPECT_EQ(problems[0].severity, Problem::Severity::warning);
  EXPECT_NE(problems[0].text().find("has expired"), std::string::npos);
  EXPECT_EQ(action_for(spec, "http://a.example/"), Action::allow);
  spec.rules[0].until = std::chrono::year(2026) / 11 / 22;
  EXPECT_EQ(texts(problems_of(spec)), "") << "today is its last day";
}

TEST(CompileWarning, RulesWithoutEffectAreNamed) {
  expect_one(school({block_site("www.childline.org.uk", "chat")}),
             "warning: the rule has no effect: childline.org.uk is a site of help and support");
  expect_one(school({block_site("a.example"), allow_site("a.example", {"ks2"})}),
             "rules/local.yaml:2:5: warning: the allow rule for 'a.example' has no effect: rules/local.yaml:1 blocks "
             "the same");
  EXPECT_EQ(texts(problems_of(school({block_site("a.example", "games", {"ks1"}), allow_site("a.example", {"ks2"})}))),
            "");
}

TEST(CompileWarning, PatternsThatSurpriseAreNamed) {
  expect_one(school({allow_pattern("bbc\\.example")}), "an allow pattern without '^'");
  expect_one(school({block_pattern("казино")}), "letters that no canonical URL holds");
}

TEST(CompileWarning, AnEmergencyIsForEverybody) {
  PolicySpec spec = school({emergency_site("a.example")});
  spec.rules[0].groups = {"staff"};
  expect_one(spec, "warning: an emergency block is for every group");
  EXPECT_EQ(action_for(spec, "http://a.example/", "ks2"), Action::block);
}

}  // namespace
}  // namespace schoolgate::rules
