// Tests of the rules that outlive their rule.
//
// | the test fails because              | what comes of it                  |
// |-------------------------------------|-----------------------------------|
// | the rule that decided it has ended  | passed over, with the rule's day  |
// | a rule that never ends says so      | failed                            |
// | another rule has ended, not its own | failed                            |
// | it never held, ended or not         | failed                            |
// | it asks for a time before the end   | tried, and passes                 |
#include "rules/rule_tests.h"

#include <gmock/gmock.h>

#include "tests/rules/policies.h"

namespace schoolgate::rules {
namespace {

using namespace test;
using std::chrono::year_month_day, std::chrono::year, std::chrono::month, std::chrono::day;

constexpr year_month_day kEnd{year(2026), month(11), day(21)};  // the day before sunday_noon()

RuleSpec until(RuleSpec rule, year_month_day end) {
  rule.until = end;
  return rule;
}

Problems run(PolicySpec spec, const std::string& url, Action expect, std::optional<std::string> time = {}) {
  RuleTestSpec test{url, "ks2", expect, {}, std::move(time), {"rules/local.yaml", 40, 5}};
  spec.tests = {test};
  return run_rule_tests(spec, *compiled(spec), sunday_noon());
}

TEST(RuleTests, OneWhoseRuleHasEndedIsPassedOver) {
  const PolicySpec spec = school({block_site("bets.example"), until(allow_site("lesson.bets.example", {"ks2"}), kEnd)});
  const Problems problems = run(spec, "http://lesson.bets.example/", Action::allow);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].severity, Problem::Severity::warning);
  EXPECT_EQ(problems[0].text(),
            "rules/local.yaml:40:5: warning: test passed over: http://lesson.bets.example/ for group ks2: the rule "
            "that it tests "
            "ended on 2026-11-21 (rules/local.yaml:2) (remove the rule and its test, or set a new 'until')");
}

TEST(RuleTests, OneThatIsAskedForATimeBeforeTheEndIsTried) {
  const PolicySpec spec = school({block_site("bets.example"), until(allow_site("lesson.bets.example", {"ks2"}), kEnd)});
  EXPECT_TRUE(run(spec, "http://lesson.bets.example/", Action::allow, "2026-11-20 12:00").empty());
}

TEST(RuleTests, OneThatFailsForAnotherReasonFails) {
  const RuleSpec ended = until(allow_site("lesson.bets.example", {"ks2"}), kEnd);
  for (const Problems& problems :
       {run(school({block_site("bets.example"), ended}), "http://bets.example/", Action::allow),
        run(school({block_site("bets.example"), ended}), "http://lesson.bets.example/x", Action::monitor)}) {
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_EQ(problems[0].severity, Problem::Severity::error) << problems[0].text();
  }
}

TEST(RuleTests, OneOfABlockThatHasEndedIsPassedOverToo) {
  const Problems problems =
      run(school({until(block_site("fad.example", "games"), kEnd)}), "http://fad.example/", Action::block);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].severity, Problem::Severity::warning);
}

TEST(RuleTests, OneThatPassesSaysNothing) {
  EXPECT_TRUE(run(school({block_site("bets.example")}), "http://bets.example/", Action::block).empty());
}

}  // namespace
}  // namespace schoolgate::rules
