// The rules' own tests, tested.
#include "tests/rules/policies.h"

namespace schoolgate::rules {
namespace {

using namespace test;

Problems run(const PolicySpec& spec, RuleTestSpec test) {
  test.at = {"rules/local.yaml", 40, 5};
  return compiled(spec)->run_tests(std::span(&test, 1), sunday_noon());
}

const PolicySpec& forum() {
  static const PolicySpec spec = school({block_url("forum.example/casino/")});
  return spec;
}

TEST(PolicyTests, PassSilently) {
  EXPECT_TRUE(run(forum(), {"https://forum.example/casino/x", "ks2", Action::block, "gambling", {}, {}}).empty());
  EXPECT_TRUE(run(forum(), {"https://forum.example/maths", "ks2", Action::allow, {}, {}, {}}).empty());
}

TEST(PolicyTests, AFailureSaysWhatWasExpectedWhatCameAndWhy) {
  const Problems problems = run(forum(), {"https://forum.example/casino/x", "ks2", Action::allow, {}, {}, {}});
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].severity, Problem::Severity::error);
  EXPECT_EQ(
      problems[0].text(),
      "rules/local.yaml:40:5: test failed: https://forum.example/casino/x for group ks2: expected allow, got block "
      "(gambling) by rules/local.yaml:1");
}

TEST(PolicyTests, TheCategoryCountsWhenItIsGiven) {
  EXPECT_EQ(run(forum(), {"https://forum.example/casino/x", "ks2", Action::block, "games", {}, {}}).size(), 1u);
  EXPECT_EQ(run(forum(), {"https://other.example/", "ks1", Action::block, "gambling", {}, {}}).size(), 1u);
}

TEST(PolicyTests, AreRunAtTheirTime) {
  PolicySpec spec = forum();
  ScheduleSpec night;
  night.days.fill(true);
  night.from_minute = 20 * 60;
  night.to_minute = 24 * 60;
  night.unlisted = Action::block;
  spec.groups[1].schedules.push_back(night);
  EXPECT_TRUE(run(spec, {"http://a.example/", "ks2", Action::block, {}, "tue 21:00", {}}).empty());
  EXPECT_TRUE(run(spec, {"http://a.example/", "ks2", Action::block, {}, "tue 23:59", {}}).empty());
  EXPECT_TRUE(run(spec, {"http://a.example/", "ks2", Action::allow, {}, "tue 19:59", {}}).empty());
  EXPECT_TRUE(run(spec, {"http://a.example/", "ks2", Action::allow, {}, "wed 00:00", {}}).empty());
}

TEST(PolicyTests, WhatCannotBeAskedFails) {
  EXPECT_EQ(run(forum(), {"http://a b/", "ks2", Action::block, {}, {}, {}}).size(), 1u);
  EXPECT_EQ(run(forum(), {"http://a.example/", "nobody", Action::block, {}, {}, {}}).size(), 1u);
  EXPECT_EQ(run(forum(), {"http://a.example/", "ks2", Action::allow, {}, "noonish", {}}).size(), 1u);
}

}  // namespace
}  // namespace schoolgate::rules
