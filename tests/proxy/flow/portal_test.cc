// The sign-in page, reached through the gateway by devices that cannot reach it otherwise.
#include "proxy/flow/portal.h"

#include "proxy/flow/portal_visits.h"
#include "tests/proxy/flow/conversation.h"
#include "tests/proxy/tls/hello_builder.h"
#include "tests/rules/policies.h"

namespace schoolgate::flow::test {
namespace {

std::string portal_hello(std::string_view name) {
  const tls::HelloBytes wire = tls::HelloBuilder().server_name(name).record();
  return {wire.begin(), wire.end()};
}

TEST(PortalVisits, AreKnownAsLongAsTheyLast) {
  PortalVisits visits;
  const net::Endpoint from = *net::Endpoint::parse("127.0.0.1:40001");
  const names::IpAddress device = *names::IpAddress::parse("10.30.0.7");
  {
    PortalVisits::Visit visit = visits.note(from, device);
    const PortalVisits::Visit moved = std::move(visit);
    EXPECT_EQ(visits.device_behind(from.address, 40001), device);
    EXPECT_EQ(visits.device_behind(from.address, 40002), std::nullopt);
  }
  EXPECT_EQ(visits.device_behind(from.address, 40001), std::nullopt);
}

// The portal listens on loopback, where no client may go.
class Portal : public Conversation {
 protected:
  Portal() {
    allow_private.clear();
    policy.groups[0].unlisted = rules::Action::block;
    sign_in = std::make_shared<const SignInGate>(
        *SignInGate::make({*names::IpNetwork::parse("127.0.0.0/8")}, "https://signin.school.example/",
                          {*names::IpAddress::parse("127.0.0.1"), web.port()}));
  }
  std::optional<names::IpAddress> device_at(Peer& portal) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    EXPECT_EQ(::getpeername(portal.fd(), reinterpret_cast<sockaddr*>(&peer), &size), 0);
    net::SocketAddress address;
    address.storage = peer;
    address.length = size;
    const auto from = net::to_endpoint(address);
    return gateway().portal_visits.device_behind(from->address, from->port);
  }
};

constexpr std::string_view kConnect =
    "CONNECT signin.school.example:443 HTTP/1.1\r\nHost: signin.school.example\r\n\r\n";

TEST_F(Portal, IsReachedByExplicitClientsAndKnowsThem) {
  open();
  Peer pupil = client_from("127.0.0.5");
  pupil.sends(kConnect);
  pupil.expects("HTTP/1.1 200 Connection established\r\n\r\n");
  pupil.sends(portal_hello("signin.school.example"));
  Peer portal = web.accept();
  portal.expects(portal_hello("signin.school.example"));
  EXPECT_EQ(device_at(portal), names::IpAddress::parse("127.0.0.5"));
  portal.sends("server hello");
  pupil.expects("server hello");
  // A new policy does not take it away.
  const std::weak_ptr<const rules::PolicySnapshot> old = current_policy();
  publish({});
  wait_until([&] { return old.expired(); });
  pupil.sends("more");
  portal.expects("more");
  EXPECT_TRUE(records().empty());
}

TEST_F(Portal, IsReachedWithoutALoginToTheProxy) {
  class AskEverybody final : public Authenticator {
   public:
    [[nodiscard]] std::vector<std::string> challenges(const names::IpAddress&) const override { return {"Negotiate"}; }
    void authenticate(const names::IpAddress&, std::string, std::function<void(Answer)> done) override { done({}); }
  };
  authenticator = std::make_shared<AskEverybody>();
  Peer pupil = client();
  pupil.sends(kConnect);
  pupil.expects("HTTP/1.1 200 Connection established\r\n\r\n");
}

TEST_F(Portal, InClearLeadsToThePage) {
  Peer pupil = client();
  pupil.sends("GET http://signin.school.example/terms HTTP/1.1\r\nHost: signin.school.example\r\n\r\n");
  const Answer answer = pupil.answer();
  EXPECT_EQ(answer.status, 302);
  EXPECT_TRUE(answer.has("Location: https://signin.school.example/terms\r\n")) << answer.head;
  pupil.closes();
  stop();
  EXPECT_NE(decisions().find(R"("rule":"sign-in")"), std::string::npos) << decisions();
}

TEST_F(Portal, IsNoWayToAnythingElseOnThisMachine) {
  Peer pupil = client();
  pupil.sends("CONNECT signin.school.example:22 HTTP/1.1\r\nHost: signin.school.example\r\n\r\n");
  EXPECT_EQ(pupil.answer().status, 511);
  know({{"127.0.0.1", person("amelia.hughes")}});
  Peer other = client();
  other.sends("CONNECT 127.0.0.1:" + std::to_string(web.port()) + " HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(other.answer().status, 403);
  EXPECT_FALSE(web.was_called());
}

TEST_F(Portal, ThatDoesNotListenIsSaid) {
  sign_in = std::make_shared<const SignInGate>(*SignInGate::make({*names::IpNetwork::parse("127.0.0.0/8")},
                                                                 "https://signin.school.example/",
                                                                 {*names::IpAddress::parse("127.0.0.9"), web.port()}));
  Peer pupil = client();
  pupil.sends(kConnect);
  EXPECT_EQ(pupil.answer().status, 502);
}

TEST_F(Portal, IsReachedThroughTheFirewallToo) {
  settings.listen = {{{*names::IpAddress::parse("127.0.0.1"), 0}, Entrance::transparent_tls}};
  guard_knows_own_ports = false;
  allow_private = {*names::IpNetwork::parse("127.0.0.0/8")};
  open();
  Peer pupil = client_from("127.0.0.6");
  pupil.sends(portal_hello("signin.school.example"));
  Peer portal = web.accept();
  portal.expects(portal_hello("signin.school.example"));
  EXPECT_EQ(device_at(portal), names::IpAddress::parse("127.0.0.6"));
}

}  // namespace
}  // namespace schoolgate::flow::test
