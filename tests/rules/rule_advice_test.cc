#include "rules/rule_advice.h"

#include <gtest/gtest.h>

namespace schoolgate::rules {
namespace {

using Effect = RuleSpec::Effect;
using Kind = RuleSpec::Kind;

PolicySpec with(std::vector<RuleSpec> rules) {
  PolicySpec policy;
  int line = 0;
  for (RuleSpec& rule : rules) {
    rule.at = {.file = "a.yaml", .line = ++line, .column = 5};
    if (rule.effect == Effect::block) rule.category = rule.category.empty() ? "games" : rule.category;
    policy.rules.push_back(std::move(rule));
  }
  return policy;
}

std::string advice(std::vector<RuleSpec> rules) {
  std::string out;
  for (const Problem& problem : rule_advice(with(std::move(rules)))) {
    EXPECT_EQ(problem.severity, Problem::Severity::warning);
    out += std::to_string(problem.at.line) + ": " + problem.message + "\n";
  }
  return out;
}

RuleSpec site(std::string text, Effect effect = Effect::block) {
  return {.effect = effect, .kind = Kind::site, .text = std::move(text)};
}
RuleSpec url(std::string text, Effect effect = Effect::block) {
  return {.effect = effect, .kind = Kind::url, .text = std::move(text)};
}
RuleSpec of(RuleSpec rule, std::vector<std::string> groups) {
  rule.groups = std::move(groups);
  return rule;
}

TEST(RuleAdvice, ARuleThatStandsTwice) {
  EXPECT_EQ(advice({site("games.org.example"), site("Games.ORG.example.")}),
            "2: the rule for 'Games.ORG.example.' stands twice: also at a.yaml:1\n");
  EXPECT_EQ(advice({site("a.b.example"), site("a.b.example", Effect::allow)}), "");
  EXPECT_EQ(advice({of(site("a.b.example"), {"ks1"}), of(site("a.b.example"), {"ks2"})}), "");
  EXPECT_EQ(advice({{.kind = Kind::pattern, .text = "free-?games"}, {.kind = Kind::pattern, .text = "free-?games"}}),
            "2: the rule for 'free-?games' stands twice: also at a.yaml:1\n");
}

TEST(RuleAdvice, ARuleThatAWiderOneCovers) {
  EXPECT_EQ(advice({site("b.example"), site("a.b.example")}),
            "2: the rule for 'a.b.example' changes nothing: a.yaml:1 blocks b.example and everything under it\n");
  EXPECT_EQ(advice({url("a.b.example/x"), site("a.b.example")}),
            "1: the rule for 'a.b.example/x' changes nothing: a.yaml:2 blocks a.b.example and everything under it\n");
  EXPECT_EQ(advice({site("b.example"), of(site("a.b.example"), {"ks1"})}),
            "2: the rule for 'a.b.example' changes nothing: a.yaml:1 blocks b.example and everything under it\n");
}

TEST(RuleAdvice, ARuleThatAWiderOneSeemsToCoverAndDoesNot) {
  EXPECT_EQ(advice({of(site("b.example"), {"ks1"}), site("a.b.example")}), "") << "the wider is for fewer groups";
  EXPECT_EQ(advice({site("c.example"), site("b.c.example", Effect::allow), site("a.b.c.example")}), "")
      << "what is between them is open";
  RuleSpec other = site("a.b.example");
  other.category = "weapons";
  EXPECT_EQ(advice({site("b.example"), other}), "") << "records name another category";
  RuleSpec ends = site("b.example");
  ends.until = std::chrono::year(2026) / 12 / 18;
  EXPECT_EQ(advice({ends, site("a.b.example")}), "") << "the wider one ends";
}

TEST(RuleAdvice, ARuleForASuffixOrANameWithoutADot) {
  EXPECT_EQ(advice({site("co.uk")}),
            "1: 'co.uk' is a public suffix: the rule is for every site whose name ends in .co.uk\n");
  EXPECT_EQ(advice({site("intranet")}),
            "1: 'intranet' has no dot: the rule is for every site whose name ends in .intranet\n");
  EXPECT_EQ(advice({url("co.uk/x")}), "1: 'co.uk' is a public suffix: hardly a site is there\n");
  EXPECT_EQ(advice({site("example.co.uk")}), "");
}

TEST(RuleAdvice, AUrlWithAStarOrWithoutWww) {
  EXPECT_EQ(advice({url("play.games.example/casino/*")}), "1: in a url '*' stands for itself\n");
  EXPECT_EQ(advice({url("school.co.uk/x")}),
            "1: the rule for 'school.co.uk/x' is not for www.school.co.uk, where most sites lead\n");
  EXPECT_EQ(advice({url("school.co.uk/x"), url("www.school.co.uk/x")}), "");
  EXPECT_EQ(advice({url("forum.school.co.uk/x")}), "");
  EXPECT_EQ(advice({site("school.co.uk"), url("school.co.uk/x")}),
            "2: the rule for 'school.co.uk/x' changes nothing: a.yaml:1 blocks school.co.uk and everything under it\n");
}

TEST(RuleAdvice, APatternWithoutASiteForWhichEveryConnectionIsOpened) {
  const auto told = [](std::vector<RuleSpec> rules, InspectionMode mode) {
    PolicySpec policy = with(std::move(rules));
    policy.inspection = mode;
    std::string out;
    for (const Problem& problem : rule_advice(policy)) out += problem.message + "\n";
    return out;
  };
  const auto pattern = [](std::string text, Effect effect = Effect::block) {
    return RuleSpec{.effect = effect, .kind = Kind::pattern, .text = std::move(text)};
  };
  EXPECT_EQ(
      told({pattern("free-?spins")}, InspectionMode::selective),
      "the pattern may occur at any site, so the HTTPS connections of every group to every site are opened to look "
      "for it\n");
  EXPECT_TRUE(told({of(pattern("free-?spins"), {"ks1", "ks2"})}, InspectionMode::selective).contains("of ks1, ks2 to"));
  EXPECT_EQ(told({pattern("free-?spins")}, InspectionMode::off), "") << "nothing is opened";
  EXPECT_EQ(told({pattern("free-?spins")}, InspectionMode::always), "") << "all is opened anyway";
  EXPECT_EQ(told({pattern(R"(^https?://forum\.example/.*spins)")}, InspectionMode::selective), "");
  EXPECT_EQ(told({pattern("lesson", Effect::allow)}, InspectionMode::selective), "")
      << "it opens what is blocked alone, and another warning is about it";
}

}  // namespace
}  // namespace schoolgate::rules
