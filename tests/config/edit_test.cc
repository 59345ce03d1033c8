#include "config/edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load_texts.h"

namespace schoolgate::config {
namespace {

using rules::RuleSpec;
using ::testing::HasSubstr;
using namespace std::chrono;

std::string text_or(const Result<std::string>& result) {
  return result ? *result : "refused: " + result.error().text();
}

constexpr std::string_view kRules = R"(# The school's own rules.
block:
  - { site: lucky-spins.example, category: gambling, why: "reported" }   # Year 5
  - site: forum.example
    category: chat
    until: 2026-12-01
allow:
  - { site: maths.example, groups: [ks2] }
)";

constexpr std::string_view kPolicy = R"(groups:
  ks1:
    title: Key Stage 1   # infants
    members: { networks: ["10.20.1.0/24"] }
    unlisted: block
  ks2:
    members: { networks: ["10.20.2.0/23"] }
    categories: { gambling: block, games: warn }
fallback: ks2
)";

/// As the loader reads the file.
rules::PolicySpec loaded(std::string_view policy, std::string_view rules) {
  const std::string settings =
      "site: { name: A School, timezone: Europe/London }\nstate: state\nlisten: { proxy: [\"127.0.0.1:8080\"] }\n";
  auto read = load_texts(
      "c", {{"schoolgate.yaml", settings}, {"policy.yaml", std::string(policy)}, {"rules/a.yaml", std::string(rules)}},
      {});
  for (const Problem& problem : read.problems)
    EXPECT_NE(problem.severity, Problem::Severity::error) << problem.text() << "\n" << policy << rules;
  return read.configuration ? std::move(read.configuration->policy) : rules::PolicySpec();
}

TEST(Edit, ARuleIsAddedAsTheLoaderReadsIt) {
  RuleSpec rule;
  rule.effect = RuleSpec::Effect::allow;
  rule.text = "probability-lesson.example";
  rule.groups = {"ks2"};
  rule.why = "Year 6 maths: \"dice\"";
  rule.risk_assessment = "RA-2026-014";
  rule.until = 2026y / December / 18;
  const auto edited = add_rule(kRules, rule);
  ASSERT_TRUE(edited) << text_or(edited);
  EXPECT_EQ(*edited, std::string(kRules) +
                         "  - { site: probability-lesson.example, groups: [ks2], why: \"Year 6 maths: \\\"dice\\\"\", "
                         "risk_assessment: RA-2026-014, until: 2026-12-18 }\n");
  const auto spec = loaded(kPolicy, *edited);
  ASSERT_EQ(spec.rules.size(), 4u);
  const RuleSpec& read = spec.rules.back();
  EXPECT_EQ(std::tie(read.text, read.groups, read.why, read.risk_assessment, read.until),
            std::tie(rule.text, rule.groups, rule.why, rule.risk_assessment, rule.until));
  EXPECT_EQ(find_rule(*edited, rule), 1u);
  EXPECT_EQ(text_or(remove_rule(*edited, RuleSpec::Effect::allow, 1)), kRules);
}

TEST(Edit, EveryKindOfRuleIsAddedToAnEmptyFile) {
  for (const auto effect :
       {RuleSpec::Effect::block, RuleSpec::Effect::allow, RuleSpec::Effect::emergency, RuleSpec::Effect::categorise})
    for (const auto kind : {RuleSpec::Kind::site, RuleSpec::Kind::url, RuleSpec::Kind::pattern, RuleSpec::Kind::term}) {
      if (effect == RuleSpec::Effect::categorise && kind != RuleSpec::Kind::term) continue;
      RuleSpec rule;
      rule.effect = effect;
      rule.kind = kind;
      rule.text = kind == RuleSpec::Kind::pattern ? "^https?://a\\.example/[x-z]{2}"
                  : kind == RuleSpec::Kind::term  ? "free robux"
                  : kind == RuleSpec::Kind::url   ? "a.example/b?c=d"
                                                  : "a.example";
      if (effect == RuleSpec::Effect::block || effect == RuleSpec::Effect::categorise) rule.category = "games";
      const auto edited = add_rule("", rule);
      ASSERT_TRUE(edited) << text_or(edited);
      const auto spec = loaded(kPolicy, *edited);
      ASSERT_EQ(spec.rules.size(), 1u) << *edited;
      EXPECT_EQ(spec.rules[0].text, rule.text);
      EXPECT_EQ(spec.rules[0].effect, effect);
      EXPECT_EQ(spec.rules[0].kind, kind);
    }
}

TEST(Edit, AnEndIsSetChangedAndTakenAway) {
  const auto set = set_rule_end(kRules, RuleSpec::Effect::block, 0, 2026y / December / 18);
  EXPECT_THAT(text_or(set), HasSubstr("why: \"reported\", until: 2026-12-18 }   # Year 5\n"));
  EXPECT_EQ(text_or(set_rule_end(*set, RuleSpec::Effect::block, 0, std::nullopt)), kRules);
  EXPECT_THAT(text_or(set_rule_end(kRules, RuleSpec::Effect::block, 1, 2027y / January / 5)),
              HasSubstr("    until: 2027-01-05\nallow"));
  EXPECT_THAT(text_or(set_rule_field(kRules, RuleSpec::Effect::block, 0, "why", "seen again")),
              HasSubstr("why: \"seen again\" }   # Year 5\n"));
  EXPECT_THAT(text_or(set_rule_field(kRules, RuleSpec::Effect::block, 9, "why", "x")),
              HasSubstr("there is no block[9]"));
}

TEST(Edit, ACategorysActionIsSetAddedAndTakenAway) {
  EXPECT_THAT(text_or(set_category_action(kPolicy, "ks2", "games", rules::Action::block)),
              HasSubstr("{ gambling: block, games: block }"));
  const auto added = set_category_action(kPolicy, "ks1", "social-media", rules::Action::block);
  EXPECT_THAT(text_or(added), HasSubstr("    unlisted: block\n    categories: { social-media: block }\n  ks2:"));
  EXPECT_EQ(loaded(text_or(added), "{}").groups[0].categories.size(), 1u);
  EXPECT_THAT(text_or(set_category_action(kPolicy, "ks2", "games", std::nullopt)), HasSubstr("{ gambling: block }"));
  EXPECT_THAT(text_or(set_category_action(kPolicy, "ks3", "games", rules::Action::block)), HasSubstr("no group 'ks3'"));
}

TEST(Edit, AScheduleGoesInAndOut) {
  rules::ScheduleSpec lunch;
  lunch.days = {true, true, true, true, true, false, false};
  lunch.from_minute = 12 * 60 + 15;
  lunch.to_minute = 13 * 60 + 15;
  lunch.categories.push_back({"social-media", rules::Action::allow, {}});
  const auto added = add_schedule(kPolicy, "ks2", lunch);
  ASSERT_TRUE(added) << text_or(added);
  const auto spec = loaded(*added, "{}");
  ASSERT_EQ(spec.groups[1].schedules.size(), 1u) << *added;
  EXPECT_EQ(spec.groups[1].schedules[0].days, lunch.days);
  EXPECT_EQ(spec.groups[1].schedules[0].from_minute, lunch.from_minute);
  EXPECT_EQ(spec.groups[1].schedules[0].to_minute, lunch.to_minute);
  const auto twice = add_schedule(*added, "ks2", lunch);
  ASSERT_TRUE(twice) << text_or(twice);
  EXPECT_EQ(text_or(remove_schedule(*twice, "ks2", 1)), *added);
}

TEST(Edit, AListIsSwitchedOffAndOn) {
  const std::string lists =
      "lists:\n  - { name: bets, category: gambling, format: domains, source: bets.txt }  # ours\n  - name: ads\n    "
      "category: adverts\n";
  const auto off = switch_list(lists, "bets", false);
  EXPECT_THAT(text_or(off), HasSubstr("source: bets.txt, enabled: false }  # ours\n"));
  EXPECT_EQ(text_or(switch_list(*off, "bets", true)), lists);
  EXPECT_EQ(text_or(switch_list(lists, "bets", true)), lists) << "it is on already";
  EXPECT_THAT(text_or(switch_list(lists, "ads", false)), HasSubstr("category: adverts\n    enabled: false\n"));
  EXPECT_THAT(text_or(switch_list(lists, "nothing", false)), HasSubstr("no list 'nothing'"));
}

TEST(Edit, AListThatIsSwitchedOffIsNone) {
  const std::string settings =
      "site: { name: A School, timezone: Europe/London }\nstate: state\nlisten: { proxy: [\"127.0.0.1:8080\"] }\n";
  const std::string lists =
      "lists:\n  - { name: bets, category: gambling, format: domains, source: \"https://lists.example/a\", enabled: "
      "false }\n";
  const auto read = load_texts(
      "c", {{"schoolgate.yaml", settings}, {"policy.yaml", std::string(kPolicy)}, {"lists.yaml", lists}}, {});
  ASSERT_TRUE(read.configuration);
  EXPECT_TRUE(read.configuration->lists.empty());
}

}  // namespace
}  // namespace schoolgate::config
