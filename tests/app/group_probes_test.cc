// The self-test as a device of every group, on the demonstration school: what is planned, what is left out and why, and
// a gateway that serves something else than it should.
#include "app/group_probes.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/app/scratch_school.h"

namespace schoolgate::app {
namespace {

class GroupProbesTest : public testing::Test {
 protected:
  GroupProbes plan() {
    auto loaded = load_policy(school_.config(), wall_now());
    EXPECT_TRUE(loaded);
    loaded_.emplace(std::move(*loaded));
    return plan_group_probes(*loaded_, wall_now());
  }
  test::ScratchSchool school_;
  std::optional<LoadedPolicy> loaded_;
};

TEST_F(GroupProbesTest, AGroupWithoutAnAddressOfThisMachineIsTriedAtEveryEntrance) {
  school_.edit("policy.yaml", "127.0.1.0/24", "203.0.113.0/24");
  const GroupProbes plan_made = plan();
  std::vector<std::string> ways;
  for (const GroupProbe& probe : plan_made.probes)
    if (probe.group == "staff" && probe.category == "gambling") ways.push_back(way_of(probe));
  EXPECT_EQ(std::ranges::count(ways, "explicit proxy, IPv4"), 1);
  EXPECT_EQ(std::ranges::count(ways, "transparent HTTP, IPv4"), 1);
  EXPECT_EQ(std::ranges::count(ways, "transparent TLS, IPv4"), 1);
}

TEST_F(GroupProbesTest, WhatIllegalListsHoldIsNeverAskedFor) {
  const GroupProbes plan_made = plan();
  ASSERT_FALSE(plan_made.probes.empty());
  for (const GroupProbe& probe : plan_made.probes) EXPECT_NE(probe.category, "child-abuse");
  EXPECT_TRUE(std::ranges::any_of(plan_made.not_tried, [](const NotTried& one) {
    return one.category == "child-abuse" && one.why == "nothing illegal is asked for";
  }));
}

TEST_F(GroupProbesTest, ACategoryWithoutDataIsNotTriedAndSaysSo) {
  school_.edit("policy.yaml", "gambling: block, pornography: block, malware: block, bypass: block }",
               "gambling: block, pornography: block, malware: block, bypass: block, dating: block }");
  const GroupProbes plan_made = plan();
  const auto found =
      std::ranges::find_if(plan_made.not_tried, [](const NotTried& one) { return one.category == "dating"; });
  ASSERT_NE(found, plan_made.not_tried.end());
  EXPECT_EQ(found->why, "no data in force names the category");
}

TEST_F(GroupProbesTest, EveryProbeIsRefusedByTheGatewayAndRecorded) {
  const auto gateway = school_.start();
  ASSERT_TRUE(gateway->is_up());
  const auto ran = school_.run({"selftest"}, {"--json"});
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_TRUE(ran.out.contains(R"("entrance":"transparent TLS, IPv4","expected":"block","found":"block")")) << ran.out;
  EXPECT_FALSE(ran.out.contains("would pass")) << ran.out;
  EXPECT_FALSE(ran.out.contains("no record")) << ran.out;
  EXPECT_EQ(gateway->stop(), 0);
}

}  // namespace
}  // namespace schoolgate::app
