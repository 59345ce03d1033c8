#include "app/selftest_checks.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/app/scratch_school.h"

namespace schoolgate::app {
namespace {

using names::IpAddress;

class SelftestChecks : public testing::Test {
 protected:
  void make_authority() const { ASSERT_EQ(school_.run({"ca", "create"}).status, 0); }
  void plan() {
    auto loaded = load_policy(school_.config(), wall_now());
    ASSERT_TRUE(loaded);
    loaded_.emplace(std::move(*loaded));
    clients_ = probe_clients(*loaded_, true);
    checks_ = make_checks(*loaded_, clients_, wall_now());
  }
  const Check* find(std::string_view url, std::string_view group) const {
    const auto found = std::ranges::find_if(
        checks_, [&](const Check& check) { return check.request.url().text() == url && check.group == group; });
    return found == checks_.end() ? nullptr : &*found;
  }

  test::ScratchSchool school_;
  std::optional<LoadedPolicy> loaded_;
  std::vector<ProbeClient> clients_;
  std::vector<Check> checks_;
};

TEST_F(SelftestChecks, EveryGroupWithALoopbackNetworkHasAClientOfItsOwn) {
  plan();
  std::vector<std::string> addresses;
  for (const ProbeClient& client : clients_) addresses.push_back(client.address.text());
  EXPECT_EQ(addresses, (std::vector<std::string>{"127.0.0.1", "127.0.2.1", "127.0.1.1"}));
}

TEST_F(SelftestChecks, AGroupThatThisMachineIsNotInIsJudgedAndNotSent) {
  school_.edit("policy.yaml", "127.0.1.0/24", "203.0.113.0/24");
  plan();
  const Check* check = find("https://www.lucky-spins.example/", "staff");
  ASSERT_TRUE(check);
  EXPECT_EQ(check->from, nullptr);
  EXPECT_TRUE(check->note.contains("judged, not sent: this machine has no address in the group")) << check->note;
}

TEST_F(SelftestChecks, WithoutAnAuthorityHttpsIsAskedForByNameAndSaysWhatThatHides) {
  plan();
  const Check* check = find("https://forum.example/", "pupils");
  ASSERT_TRUE(check);
  EXPECT_EQ(check->request.method(), "CONNECT");
  ASSERT_TRUE(check->from);
  EXPECT_EQ(check->from->address, IpAddress::v4(0x7F000001));
  EXPECT_EQ(check->expected, rules::Action::allow);
  EXPECT_FALSE(check->inside);
  EXPECT_EQ(check->note, "by name, as nothing is opened without an authority; the whole address (block) is not seen");
}

TEST_F(SelftestChecks, AnOpenedHostIsAskedForWholeInsideTls) {
  make_authority();
  plan();
  const Check* blocked = find("https://forum.example/casino/x", "pupils");
  ASSERT_TRUE(blocked && blocked->from);
  EXPECT_TRUE(blocked->inside);
  EXPECT_EQ(blocked->request.method(), "GET");
  EXPECT_EQ(blocked->expected, rules::Action::block);
  EXPECT_EQ(blocked->category, "gambling");
  EXPECT_EQ(blocked->note, "");
  const Check* allowed = find("https://forum.example/maths", "pupils");
  ASSERT_TRUE(allowed && allowed->from);
  EXPECT_TRUE(allowed->inside);
  EXPECT_EQ(allowed->expected, rules::Action::allow);
  const Check* search = find("https://www.google.co.uk/search?q=is+self-harm+common", "pupils");
  ASSERT_TRUE(search && search->from);
  EXPECT_TRUE(search->inside);
  EXPECT_EQ(search->expected, rules::Action::monitor);
}

TEST_F(SelftestChecks, AWarningIsLookedForInsideAndABlockByNameOutside) {
  make_authority();
  plan();
  const Check* warned = find("https://www.puzzle-games.example/", "pupils");
  ASSERT_TRUE(warned && warned->from);
  EXPECT_TRUE(warned->inside);
  EXPECT_EQ(warned->expected, rules::Action::warn);
  const Check* blocked = find("https://www.lucky-spins.example/", "pupils");
  ASSERT_TRUE(blocked && blocked->from);
  EXPECT_FALSE(blocked->inside);
  EXPECT_EQ(blocked->request.method(), "CONNECT");
}

TEST_F(SelftestChecks, AListedHostThatIsWarnedOfIsLookedForInside) {
  school_.edit("policy.yaml", "adverts: block", "adverts: warn");
  school_.edit("rules/school.yaml", "b.js\", group: pupils, expect: block", "b.js\", group: pupils, expect: warn");
  make_authority();
  plan();
  const Check* check = find("https://banner-network.example/", "pupils");
  ASSERT_TRUE(check && check->from);
  EXPECT_EQ(check->source, "list demo-adverts");
  EXPECT_TRUE(check->inside);
  EXPECT_FALSE(check->request.url().names_only());
  EXPECT_EQ(check->expected, rules::Action::warn);
}

TEST_F(SelftestChecks, AHostThatIsNeverOpenedIsAskedForByName) {
  school_.edit("schoolgate.yaml", "inspection: { mode: selective }",
               "inspection: { mode: selective, never: [forum.example] }");
  make_authority();
  plan();
  const Check* check = find("https://forum.example/", "pupils");
  ASSERT_TRUE(check && check->from);
  EXPECT_FALSE(check->inside);
  EXPECT_EQ(check->expected, rules::Action::allow);
  EXPECT_EQ(check->note, "by name, as this host is not opened; the whole address (block) is not seen");
}

TEST_F(SelftestChecks, AnAddressSaysNoNameAndIsNotSentInside) {
  school_.write("rules/address.yaml",
                "block: [{ url: '192.0.2.7/casino/', category: gambling }]\n"
                "tests: [{ url: 'https://192.0.2.7/casino/x', group: pupils, expect: block }]\n");
  make_authority();
  plan();
  const Check* check = find("https://192.0.2.7/casino/x", "pupils");
  ASSERT_TRUE(check);
  EXPECT_EQ(check->from, nullptr);
  EXPECT_EQ(check->note, "judged, not sent: TLS to an address says no name");
}

TEST_F(SelftestChecks, HttpIsAskedForWhole) {
  plan();
  const Check* check = find("http://wiki.example/Free_Spins", "pupils");
  ASSERT_TRUE(check && check->from);
  EXPECT_EQ(check->request.method(), "GET");
  EXPECT_EQ(check->expected, rules::Action::block);
  EXPECT_EQ(check->category, "gambling");
}

TEST_F(SelftestChecks, NothingIllegalIsSent) {
  plan();
  bool judged = false;
  for (const Check& check : checks_) {
    if (check.category != "child-abuse") continue;
    EXPECT_EQ(check.from, nullptr);
    judged = true;
  }
  EXPECT_TRUE(judged);
}

TEST_F(SelftestChecks, ATestForAnotherTimeIsNotSent) {
  plan();
  const auto timed =
      std::ranges::count_if(checks_, [](const Check& check) { return check.note.contains("holds at tue"); });
  EXPECT_EQ(timed, 3);
}

TEST_F(SelftestChecks, EveryRefusedCategoryOfAListIsTriedOnceAClient) {
  plan();
  std::vector<std::string> tried;
  for (const Check& check : checks_)
    if (check.source.starts_with("list ") && check.group == "pupils") tried.push_back(check.category);
  std::ranges::sort(tried);
  // Gambling, malware, adverts and games too, unless a test of the rules asked for the same name before.
  EXPECT_TRUE(std::ranges::includes(tried, std::vector<std::string>{"gambling", "pornography", "social-media"}));
  EXPECT_EQ(std::ranges::adjacent_find(tried), tried.end()) << "a category was tried twice";
  EXPECT_EQ(std::ranges::count(tried, "support"), 0);
}

TEST_F(SelftestChecks, ATunnelToAPortThatIsRefusedIsNotSent) {
  school_.edit("schoolgate.yaml", "connect_ports: [443, 8444]", "connect_ports: [8444]");
  plan();
  const Check* check = find("https://www.maths.example/", "pupils");
  ASSERT_TRUE(check);
  EXPECT_EQ(check->from, nullptr);
  EXPECT_TRUE(check->note.contains("tunnels to port 443 are refused")) << check->note;
}

}  // namespace
}  // namespace schoolgate::app
