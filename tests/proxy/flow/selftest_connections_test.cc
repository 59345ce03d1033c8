// The gateway tries itself: what is kept of it, and who cannot pass for it.
#include "proxy/flow/selftest_connections.h"

#include "tests/proxy/flow/conversation.h"

namespace schoolgate::flow::test {
namespace {

using namespace std::literals;
using Clock = SelftestConnections::Clock;

net::Endpoint endpoint(std::string_view text) { return *net::Endpoint::parse(text); }

TEST(SelftestConnections, OneThatWasNamedIsTakenOnce) {
  SelftestConnections connections;
  EXPECT_FALSE(connections.take(endpoint("127.0.0.1:4000")));
  EXPECT_TRUE(connections.expect(endpoint("127.0.0.1:4000")));
  EXPECT_FALSE(connections.take(endpoint("127.0.0.1:4001")));
  EXPECT_FALSE(connections.take(endpoint("127.0.0.2:4000")));
  EXPECT_TRUE(connections.take(endpoint("127.0.0.1:4000")));
  EXPECT_FALSE(connections.take(endpoint("127.0.0.1:4000")));
}

TEST(SelftestConnections, WhatDoesNotComeInHalfAMinuteIsNoLongerWaitedFor) {
  SelftestConnections connections;
  const Clock::time_point now{};
  EXPECT_TRUE(connections.expect(endpoint("127.0.0.1:4000"), {}, now));
  EXPECT_TRUE(connections.take(endpoint("127.0.0.1:4000"), now + SelftestConnections::kFor - 1ms));
  EXPECT_TRUE(connections.expect(endpoint("127.0.0.1:4000"), {}, now));
  EXPECT_FALSE(connections.take(endpoint("127.0.0.1:4000"), now + SelftestConnections::kFor));
}

TEST(SelftestConnections, NoMoreAreWaitedForThanOneRunNeeds) {
  SelftestConnections connections;
  const Clock::time_point now{};
  for (std::size_t i = 0; i < SelftestConnections::kMost; ++i)
    EXPECT_TRUE(connections.expect({endpoint("127.0.0.1:1").address, std::uint16_t(1000 + i)}, {}, now));
  EXPECT_FALSE(connections.expect(endpoint("127.0.0.1:1"), {}, now));
  EXPECT_TRUE(connections.expect(endpoint("127.0.0.1:1"), {}, now + SelftestConnections::kFor))
      << "the others are forgotten";
}

class Selftest : public Conversation {
 protected:
  // A client that the gateway was told of before it connects.
  Peer announced_client(flow::Selftest what = {}) {
    if (!worker_) open();
    net::FileDescriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto from = net::to_socket_address(endpoint("127.0.0.1:0"));
    EXPECT_EQ(::bind(fd.get(), from.get(), from.length), 0);
    EXPECT_TRUE(gateway().selftests.expect(*net::local_endpoint(fd.get()), std::move(what)));
    const auto to = net::to_socket_address(gateway_address());
    EXPECT_EQ(::connect(fd.get(), to.get(), to.length), 0);
    return Peer(std::move(fd));
  }
};

TEST_F(Selftest, ItsRefusalsAreRecordedAsThatAndBelongToNobody) {
  open();
  know({{"127.0.0.1", person("amelia.hughes")}});
  Peer probe = announced_client();
  probe.sends(get("casino.example", "/"));
  EXPECT_EQ(probe.answer().status, 403);
  probe.sends(get("casino.example", "/again"));  // the whole connection is
  EXPECT_EQ(probe.answer().status, 403);
  for (const std::string& record : records()) {
    EXPECT_NE(record.find(R"("person":null,"confidence":"selftest")"), std::string::npos) << record;
    EXPECT_NE(record.find(R"("episode":"")"), std::string::npos) << record;
  }
  Peer pupil = client();
  pupil.sends(get("casino.example", "/"));
  EXPECT_EQ(pupil.answer().status, 403);
  ASSERT_EQ(records().size(), 3u);
  EXPECT_NE(records()[2].find(R"("person":"amelia.hughes")"), std::string::npos) << records()[2];
  EXPECT_EQ(records()[2].find(R"("episode":"")"), std::string::npos) << records()[2];
  probe.closes();
  pupil.closes();
  stop();
  const std::string log = decisions();
  EXPECT_NE(log.find(R"("confidence":"selftest","source")"), std::string::npos) << log;
}

// No address of this machine is in the group, and the person who is known here is not asked after.
TEST_F(Selftest, AStandInIsJudgedAsADeviceOfItsGroup) {
  policy.groups.push_back(policy.groups.front());
  policy.groups.back().id = "staff";
  policy.groups.back().networks.clear();
  open();
  know({{"127.0.0.1", person("amelia.hughes")}});
  Peer probe = announced_client({.as_group = "staff"});
  probe.sends(get("casino.example", "/"));
  EXPECT_EQ(probe.answer().status, 403);
  ASSERT_EQ(records().size(), 1u);
  EXPECT_NE(records()[0].find(R"("group":"staff")"), std::string::npos) << records()[0];
  EXPECT_NE(records()[0].find(R"("device":"127.0.0.1")"), std::string::npos) << records()[0];
  EXPECT_NE(records()[0].find(R"("person":null,"confidence":"selftest")"), std::string::npos) << records()[0];
}

// A probe that the policy would let through is told apart by its record, and never leaves.
TEST_F(Selftest, WhatAStandInWouldReachIsRefusedAsUnlistedAndNotDialled) {
  open();
  Peer probe = announced_client({.as_group = "pupils"});
  probe.sends(get("web.example", "/"));
  EXPECT_EQ(probe.answer().status, 403);
  ASSERT_EQ(records().size(), 1u);
  EXPECT_NE(records()[0].find(R"("tier":"unlisted")"), std::string::npos) << records()[0];
  EXPECT_FALSE(web.was_called());
}

TEST_F(Selftest, AStandInForAGroupThatIsGoneReachesNothing) {
  open();
  Peer probe = announced_client({.as_group = "no such group"});
  probe.sends(get("web.example", "/"));
  EXPECT_EQ(probe.answer().status, 403);
}

// There is nothing to write into a request that would do it.
TEST_F(Selftest, APupilWhoSaysSoIsAPupil) {
  Peer pupil = client();
  pupil.sends(request("GET", "casino.example", "/", "User-Agent: schoolgate-selftest\r\nSchoolgate-Selftest: 1\r\n"));
  EXPECT_EQ(pupil.answer().status, 403);
  ASSERT_EQ(records().size(), 1u);
  EXPECT_EQ(records()[0].find("selftest"), std::string::npos) << records()[0];
  EXPECT_EQ(records()[0].find(R"("episode":"")"), std::string::npos) << records()[0];
}

}  // namespace
}  // namespace schoolgate::flow::test
