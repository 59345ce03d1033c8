// Inside TLS: what is opened, what is left closed, and that what is asked inside is judged like any request.
#include "proxy/flow/decrypt.h"

#include <sys/socket.h>

#include <algorithm>

#include "rules/not_ready.h"
#include "tests/proxy/flow/inspected_conversation.h"
#include "tests/rules/policies.h"

namespace schoolgate::flow::test {
namespace {

using rules::test::allow_url;
using rules::test::block_url;

constexpr std::string_view kInspectedHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

TEST_F(InspectionTest, AHostWithARuleForPartOfItIsOpenedAndItsOtherPartsWork) {
  TlsEnd pupil = pupil_inside("web.example", "web.example");
  TlsEnd site = web_inside();
  pupil.inside.sends(get_inside("/open"));
  site.inside.expects(get_inside("/open"));
  site.inside.sends(kInspectedHello);
  pupil.inside.expects(kInspectedHello);
  ASSERT_TRUE(pupil.facts().done) << pupil.facts().why;
  EXPECT_EQ(pupil.facts().issuer, authority->subject());
  EXPECT_EQ(pupil.facts().names, "DNS:web.example");  // INT-18, TLS-28
  pupil.inside.closes();
  stop();
  EXPECT_NE(decisions().find(R"("inspected":true)"), std::string::npos) << decisions();
  EXPECT_EQ(counters().inspected.get(), 1u);
}

TEST_F(InspectionTest, TheForbiddenPartGetsThePageAndARecordWithItsPath) {
  TlsEnd pupil = pupil_inside("web.example", "web.example");
  TlsEnd site = web_inside();
  pupil.inside.sends(get_inside("/secret/door?who=me"));
  const Answer page = pupil.inside.answer();
  EXPECT_EQ(page.status, 403);
  EXPECT_TRUE(page.has("Cache-Control: no-store")) << page.head;
  ASSERT_EQ(records().size(), 1u);
  EXPECT_NE(records()[0].find("/secret/door"), std::string::npos) << records()[0];
  EXPECT_EQ(records()[0].find("who=me"), std::string::npos) << records()[0];
  EXPECT_NE(records()[0].find(R"("stage":"request")"), std::string::npos) << records()[0];
  // The same connection goes on.
  pupil.inside.sends(get_inside("/open"));
  site.inside.expects(get_inside("/open"));
  site.inside.sends(kInspectedHello);
  pupil.inside.expects(kInspectedHello);
}

TEST_F(InspectionTest, AHostWithoutARuleIsLeftClosed) {
  const auto trusts_the_web = tls::plain_client_context(root.certificate.get());
  TlsEnd pupil = TlsEnd::client(tunnel_to("other.example"), trusts_the_web.get(), "other.example");
  TlsEnd site = web_inside();
  pupil.inside.sends("anything at all");
  site.inside.expects("anything at all");
  ASSERT_TRUE(pupil.facts().done) << pupil.facts().why;
  EXPECT_EQ(pupil.facts().issuer, "Web authority");
  EXPECT_EQ(counters().inspected.get(), 0u);
}

TEST_F(InspectionTest, ABlockedNameInsideAnAllowedTunnelGetsThePageOverACertificateOfOurs) {
  TlsEnd pupil = pupil_inside("other.example", "casino.example");
  pupil.inside.sends(get_inside("/", "casino.example"));
  EXPECT_EQ(pupil.inside.answer().status, 403);
  ASSERT_EQ(records().size(), 1u);
  EXPECT_NE(records()[0].find(R"("site":"casino.example")"), std::string::npos) << records()[0];
}

TEST_F(InspectionTest, ABlockedNameThatIsNeverToBeOpenedGetsTheAlert) {
  policy.never_inspect = {"casino.example"};
  TlsEnd pupil = pupil_inside("other.example", "casino.example");
  EXPECT_FALSE(pupil.facts().done);
  EXPECT_EQ(records().size(), 1u);
}

// A browser shows no page of a refused CONNECT: it is accepted, and the page comes inside.
TEST_F(InspectionTest, ABlockedConnectIsAcceptedAndThePageIsInside) {
  TlsEnd pupil = pupil_inside("casino.example", "casino.example", "h2,http/1.1");
  ASSERT_TRUE(pupil.facts().done) << pupil.facts().why;
  EXPECT_EQ(pupil.facts().issuer, authority->subject());
  EXPECT_EQ(pupil.facts().names, "DNS:casino.example");
  ASSERT_EQ(records().size(), 1u) << "before anything was asked inside";
  pupil.inside.sends(get_inside("/slots", "casino.example"));
  const Answer page = pupil.inside.answer();
  EXPECT_EQ(page.status, 403);
  EXPECT_TRUE(page.has("Connection: close")) << "what is asked next may be free";
  EXPECT_EQ(pupil.inside.ending(), Ending::closed);
  ASSERT_EQ(records().size(), 1u);
  for (const std::string_view said : {R"("stage":"connect")", R"("method":"CONNECT")", R"("site":"casino.example")"})
    EXPECT_NE(records()[0].find(said), std::string::npos) << said << records()[0];
  EXPECT_FALSE(web.was_called());
  stop();
  const std::string log = decisions();
  EXPECT_EQ(std::ranges::count(log, '\n'), 1) << log;
  EXPECT_NE(log.find(R"("action":"block")"), std::string::npos) << log;
  EXPECT_NE(log.find(R"("stage":"connect")"), std::string::npos) << log;
}

TEST_F(InspectionTest, TheNumberOfThePageInsideIsThatOfTheRecord) {
  TlsEnd pupil = pupil_inside("casino.example", "casino.example", "http/1.1");
  pupil.inside.sends(get_inside("/", "casino.example"));
  const std::string page = pupil.inside.answer().body;
  ASSERT_EQ(records().size(), 1u);
  const std::string record = records()[0];
  const std::size_t at = record.find(R"("reference":")");
  ASSERT_NE(at, std::string::npos) << record;
  const std::string number = record.substr(at + 13, record.find('"', at + 13) - at - 13);
  EXPECT_NE(page.find(number), std::string::npos) << number << page;
}

TEST_F(InspectionTest, APageInsideIsShownOverHttp2WhereNothingElseIsSpoken) {
  TlsEnd pupil = pupil_inside("casino.example", "casino.example", "h2");
  EXPECT_EQ(pupil.facts().alpn, "h2");
  EXPECT_EQ(records().size(), 1u);
}

TEST_F(InspectionTest, ABlockedConnectThatIsAbandonedIsRecorded) {
  tunnel_to("casino.example").closes();
  EXPECT_EQ(records().size(), 1u);
  const auto trusts_the_web = tls::plain_client_context(root.certificate.get());
  TlsEnd pupil = TlsEnd::client(tunnel_to("casino.example"), trusts_the_web.get(), "casino.example");
  EXPECT_FALSE(pupil.facts().done);
  EXPECT_EQ(records().size(), 2u);
  TlsEnd other = pupil_inside("casino.example", "web.example");  // the certificate is for the name that was asked for
  EXPECT_FALSE(other.facts().done);
  EXPECT_EQ(records().size(), 3u);
}

TEST_F(InspectionTest, WhereNoPageCanBeShownABlockedConnectIs403) {
  policy.never_inspect = {"casino.example"};
  open();
  const auto status_of = [&](std::string_view name) {
    Peer pupil = client();
    pupil.sends(connect(name));
    return pupil.answer().status;
  };
  EXPECT_EQ(status_of("casino.example"), 403);
  policy.never_inspect = {};
  publish({});
  auto console = presence("127.0.0.1", std::nullopt);
  console->device.by_name_only = true;
  publish_presences({console});
  EXPECT_EQ(status_of("casino.example"), 403) << "a device without the certificate";
  publish_presences({});
  for (rules::GroupSpec& group : policy.groups) group.certificate = false;
  publish({});
  EXPECT_EQ(status_of("casino.example"), 403) << "a group without the certificate";
  for (rules::GroupSpec& group : policy.groups) group.certificate = true;
  publish({});
  EXPECT_EQ(status_of("casino.example"), 200) << "and with it again, the page comes inside";
  policy.inspection = rules::InspectionMode::off;
  publish({});
  EXPECT_EQ(status_of("casino.example"), 403);
  EXPECT_EQ(records().size(), 5u);
}

TEST_F(InspectionTest, WhereTheAuthorityIsLostABlockedConnectIs403) {
  auto lost = std::make_shared<Inspection>(*inspection);
  lost->can_sign = false;
  inspection = lost;
  Peer pupil = client();
  pupil.sends(connect("casino.example"));
  const Answer page = pupil.answer();
  EXPECT_EQ(page.status, 403);
  EXPECT_NE(page.body.find("casino"), std::string::npos) << page.body;
  EXPECT_EQ(records().size(), 1u);
  // Nor is a blocked host of which a part is open: none of it can be shown.
  policy.rules.push_back(allow_url("casino.example/museum"));
  publish({});
  Peer other = client();
  other.sends(connect("casino.example"));
  EXPECT_EQ(other.answer().status, 403);
  EXPECT_FALSE(web.was_called());
}

TEST_F(InspectionTest, TheGatewaysOwnProbesReadThe403) {
  open();
  net::FileDescriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto from = net::to_socket_address(*net::Endpoint::parse("127.0.0.1:0"));
  ASSERT_EQ(::bind(fd.get(), from.get(), from.length), 0);
  ASSERT_TRUE(gateway().selftests.expect(*net::local_endpoint(fd.get())));
  const auto to = net::to_socket_address(gateway_address());
  ASSERT_EQ(::connect(fd.get(), to.get(), to.length), 0);
  Peer probe(std::move(fd));
  probe.sends(connect("casino.example"));
  EXPECT_EQ(probe.answer().status, 403);
}

TEST_F(InspectionTest, WhatIsIllegalIsNotNamedOnThePageInside) {
  TlsEnd pupil = pupil_inside("sealed.example", "sealed.example", "http/1.1");
  pupil.inside.sends(get_inside("/x", "sealed.example"));
  const Answer page = pupil.inside.answer();
  EXPECT_EQ(page.status, 403);
  EXPECT_EQ(page.body.find("sealed"), std::string::npos);
  EXPECT_EQ(records().size(), 1u);
}

TEST_F(InspectionTest, AGroupThatWaitsForItsListsSeesSoInside) {
  rules::close_until_ready(policy.groups[0], {"gambling"});
  TlsEnd pupil = pupil_inside("other.example", "other.example", "http/1.1");
  pupil.inside.sends(get_inside("/", "other.example"));
  const Answer page = pupil.inside.answer();
  EXPECT_EQ(page.status, 503);
  EXPECT_TRUE(page.has("Retry-After: 60\r\n")) << page.head;
  EXPECT_TRUE(records().empty()) << "nobody has tried anything";
}

// A browser that tries https first finds its own way to http, or says that the site is down.
TEST_F(InspectionTest, AnOpenedWebSiteThatCannotBeReachedIsSaidBeforeThe200) {
  hosts += "127.0.0.9 closed.example\n";
  policy.rules = {block_url("closed.example/secret/"), block_url("nowhere.example/secret/")};
  for (const std::string_view name : {"closed.example", "nowhere.example"}) {
    Peer pupil = client();
    pupil.sends(connect(name));
    const int status = pupil.answer().status;
    EXPECT_TRUE(status == 502 || status == 504) << name << status;
  }
  EXPECT_TRUE(records().empty());
}

TEST_F(InspectionTest, ABlockedHostWithAnOpenPartIsRefusedThoughItCannotBeReached) {
  hosts += "127.0.0.9 closed.example\n";
  policy.rules = {rules::test::block_site("closed.example"), allow_url("closed.example/museum")};
  TlsEnd pupil = pupil_inside("closed.example", "closed.example", "http/1.1");
  pupil.inside.sends(get_inside("/slots", "closed.example"));
  EXPECT_EQ(pupil.inside.answer().status, 403);
  EXPECT_EQ(records().size(), 1u);
}

TEST_F(InspectionTest, TheWayThatWasDialledForConnectIsTheOneThatIsOpened) {
  TlsEnd pupil = pupil_inside("web.example", "web.example", "http/1.1");
  TlsEnd site = web_inside("http/1.1");
  pupil.inside.sends(get_inside("/open"));
  site.inside.expects(get_inside("/open"));
  EXPECT_FALSE(web.was_called());
}

TEST_F(InspectionTest, AnAllowedPartOfABlockedHostIsReached) {
  policy.rules = {allow_url("casino.example/museum")};
  TlsEnd pupil = pupil_inside("casino.example", "casino.example");
  TlsEnd site = web_inside();
  pupil.inside.sends(get_inside("/museum", "casino.example"));
  site.inside.expects(get_inside("/museum", "casino.example"));
  site.inside.sends(kInspectedHello);
  pupil.inside.expects(kInspectedHello);
  pupil.inside.sends(get_inside("/slots", "casino.example"));
  EXPECT_EQ(pupil.inside.answer().status, 403);
}

TEST_F(InspectionTest, AWebSiteThatCannotProveItselfGetsAPageWithTheReason) {  // INT-01, INT-02
  trust(tls::make_ca("Somebody else"));
  TlsEnd pupil = pupil_inside("web.example", "web.example");
  TlsEnd site = web_inside();
  pupil.inside.sends(get_inside("/open"));
  const Answer page = pupil.inside.answer();
  EXPECT_EQ(page.status, 502);
  EXPECT_NE(page.body.find("certificate"), std::string::npos) << page.body;
  EXPECT_EQ(site.inside.read(1), "") << "nothing was asked of it";
  EXPECT_EQ(upstream_faults(UpstreamFault::certificate), 1u);
}

TEST_F(InspectionTest, TheForbiddenPartOfSuchAWebSiteIsStillABreach) {
  trust(tls::make_ca("Somebody else"));
  TlsEnd pupil = pupil_inside("web.example", "web.example");
  TlsEnd site = web_inside();
  pupil.inside.sends(get_inside("/secret/x"));
  EXPECT_EQ(pupil.inside.answer().status, 403);
  EXPECT_EQ(records().size(), 1u);
}

TEST_F(InspectionTest, AnotherHostInsideIsMisdirected) {  // TLS-10
  settings.limits.pool.idle = std::chrono::seconds(1);
  TlsEnd pupil = pupil_inside("web.example", "web.example");
  TlsEnd site = web_inside();
  pupil.inside.sends(get_inside("/open", "other.example"));
  EXPECT_EQ(pupil.inside.answer().status, 421);
  pupil.inside.closes();
  EXPECT_EQ(site.inside.read(1), "");
}

// CONNECT to an address, an allowed name inside, another Host inside that: for every mode the name is what is dialled.
TEST_F(InspectionTest, AnAddressInConnectIsNotWhereTheNameInsideLeads) {
  for (const auto mode : {rules::InspectionMode::selective, rules::InspectionMode::always}) {
    policy.inspection = mode;
    if (worker_) publish({});
    Web blocked({*names::IpAddress::parse("127.0.0.6"), web.port()});
    TlsEnd pupil = pupil_inside("127.0.0.6", "web.example");
    TlsEnd site = web_inside();
    pupil.inside.sends(get_inside("/open"));
    site.inside.expects(get_inside("/open"));
    site.inside.sends(kInspectedHello);
    pupil.inside.expects(kInspectedHello);
    pupil.inside.sends(get_inside("/", "casino.example"));
    EXPECT_EQ(pupil.inside.answer().status, 421);
    EXPECT_FALSE(blocked.was_called());
  }
}

TEST_F(InspectionTest, ConnectInsideIsRefused) {
  TlsEnd pupil = pupil_inside("web.example", "web.example");
  TlsEnd site = web_inside();
  pupil.inside.sends(connect("web.example"));
  EXPECT_EQ(pupil.inside.answer().status, 400);
}

TEST_F(InspectionTest, AClientThatDoesNotTrustUsIsNotedAndLeftAlone) {  // TLS-21
  const auto trusts_others = tls::plain_client_context(root.certificate.get());
  TlsEnd pupil = TlsEnd::client(tunnel_to("web.example"), trusts_others.get(), "web.example");
  TlsEnd site = web_inside();
  EXPECT_FALSE(pupil.facts().done);
  wait_until([&] { return counters().leaf_refused.get() == 1; });
  const auto notes = inspection->distrust->all();
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_EQ(notes[0].host, "web.example");
}

TEST_F(InspectionTest, TheNextClientUsesTheConnectionToTheWebSite) {
  TlsEnd first = pupil_inside("web.example", "web.example");
  TlsEnd site = web_inside();
  first.inside.sends(get_inside("/1"));
  site.inside.expects(get_inside("/1"));
  site.inside.sends(kInspectedHello);
  first.inside.expects(kInspectedHello);
  TlsEnd second = pupil_inside("web.example", "web.example");
  second.inside.sends(get_inside("/2"));
  site.inside.expects(get_inside("/2"));
  site.inside.sends(kInspectedHello);
  second.inside.expects(kInspectedHello);
  EXPECT_FALSE(web.was_called());
}

TEST_F(InspectionTest, AClientThatAsksForNothingLeavesTheVerifiedConnectionToTheNext) {
  std::optional<TlsEnd> first(pupil_inside("web.example", "web.example"));
  TlsEnd site = web_inside();
  ASSERT_TRUE(first->facts().done);
  first.reset();
  wait_until([&] { return counters().connections_open.get() == 0; });
  TlsEnd second = pupil_inside("web.example", "web.example");
  second.inside.sends(get_inside("/2"));
  site.inside.expects(get_inside("/2"));
  EXPECT_FALSE(web.was_called());
}

TEST_F(InspectionTest, WhatIsMonitoredHasOneRecordForEachRequestAndNoneForTheConnection) {
  policy.rules = {block_url("chat.example/secret/")};
  certificate = tls::issue(tls::leaf_spec("DNS:chat.example"), &root);
  web_context = tls::plain_server_context({certificate});
  TlsEnd pupil = pupil_inside("chat.example", "chat.example");
  TlsEnd site = web_inside();
  pupil.inside.sends(get_inside("/room", "chat.example"));
  site.inside.expects(get_inside("/room", "chat.example"));
  site.inside.sends(kInspectedHello);
  pupil.inside.expects(kInspectedHello);
  pupil.inside.closes();
  wait_until([&] { return !records().empty(); });  // nobody waits for it to be on disk
  stop();
  ASSERT_EQ(records().size(), 1u);
  EXPECT_NE(records()[0].find("/room"), std::string::npos) << records()[0];
}

TEST_F(InspectionTest, ABodyGoesBothWays) {
  TlsEnd pupil = pupil_inside("web.example", "web.example");
  TlsEnd site = web_inside();
  const std::string body(3'000'000, 'b');
  const std::string head = "POST /form HTTP/1.1\r\nHost: " + at("web.example") + "\r\nContent-Length: 3000000\r\n\r\n";
  std::thread sender([&] { pupil.inside.sends(head + body); });
  site.inside.expects(head);
  EXPECT_EQ(site.inside.read(body.size()), body);
  sender.join();
  std::thread answerer([&] { site.inside.sends("HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + body); });
  EXPECT_EQ(pupil.inside.answer().body, body);
  answerer.join();
}

TEST_F(InspectionTest, AWebSocketIsRelayedInside) {  // TLS-20
  TlsEnd pupil = pupil_inside("web.example", "web.example");
  TlsEnd site = web_inside();
  const std::string fields = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
  pupil.inside.sends("GET /live HTTP/1.1\r\nHost: " + at("web.example") + "\r\n" + fields + "\r\n");
  EXPECT_TRUE(site.inside.read_to("\r\n\r\n").starts_with("GET /live HTTP/1.1\r\n"));
  site.inside.sends("HTTP/1.1 101 Switching Protocols\r\n" + fields + "\r\nfrom the site");
  EXPECT_TRUE(pupil.inside.read_to("\r\n\r\n").starts_with("HTTP/1.1 101 "));
  pupil.inside.expects("from the site");
  pupil.inside.sends("from the pupil");
  site.inside.expects("from the pupil");
}

TEST_F(InspectionTest, AWarningHasItsPageInside) {
  certificate = tls::issue(tls::leaf_spec("DNS:games.example"), &root);
  web_context = tls::plain_server_context({certificate});
  TlsEnd pupil = pupil_inside("games.example", "games.example");
  TlsEnd site = web_inside();
  pupil.inside.sends(get_inside("/play", "games.example"));
  const Answer page = pupil.inside.answer();
  EXPECT_EQ(page.status, 403);
  EXPECT_NE(page.body.find("schoolgate-continue"), std::string::npos);
}

TEST_F(InspectionTest, BytesThatAreNoTlsAreRefusedWhereARuleNeedsMoreThanTheName) {
  settings.unnamed.not_tls = UnnamedAnswer::judge;
  Peer pupil = tunnel_to("web.example");
  pupil.sends("SSH-2.0-OpenSSH_9.2\r\n");
  pupil.finishes_sending();
  EXPECT_EQ(pupil.read(7).substr(0, 1), "\x15");
  EXPECT_EQ(records().size(), 1u);
  EXPECT_EQ(web.accept().read(1), "");
}

TEST_F(InspectionTest, WithoutAnAuthorityNothingIsOpened) {
  inspection = nullptr;
  const auto trusts_the_web = tls::plain_client_context(root.certificate.get());
  TlsEnd pupil = TlsEnd::client(tunnel_to("web.example"), trusts_the_web.get(), "web.example");
  TlsEnd site = web_inside();
  EXPECT_EQ(pupil.facts().issuer, "Web authority");
}

}  // namespace
}  // namespace schoolgate::flow::test
