// Tunnels: the name that CONNECT gives and the name inside are both judged, and what cannot be read does not pass.
#include "tests/proxy/flow/conversation.h"
#include "tests/proxy/tls/hello_builder.h"
#include "tests/rules/policies.h"

namespace schoolgate::flow::test {
namespace {

using tls::HelloBuilder;
using tls::operator+;

using Connect = Conversation;

constexpr std::string_view kAccessDenied("\x15\x03\x03\x00\x02\x02\x31", 7);

std::string text(const tls::HelloBytes& wire) { return {wire.begin(), wire.end()}; }
std::string hello_record(std::string_view name) { return text(HelloBuilder().server_name(name).record()); }
std::string nameless_hello() { return text(HelloBuilder().versions({0x0304}).record()); }

// The refusal of an open tunnel: the alert, then the end.
void expect_denied(Peer& pupil) {
  pupil.expects(kAccessDenied);
  EXPECT_EQ(pupil.ending(), Ending::closed);
}

TEST_F(Connect, ABlockedNameGetsThePage) {
  Peer pupil = client();
  pupil.sends(connect("casino.example"));
  EXPECT_EQ(pupil.answer().status, 403);
  EXPECT_EQ(pupil.ending(), Ending::closed);
  ASSERT_EQ(records().size(), 1u);
  EXPECT_NE(records()[0].find(R"("stage":"connect")"), std::string::npos) << records()[0];
  EXPECT_FALSE(web.was_called());
}

TEST_F(Connect, ABlockedNameGetsThePageThoughTheHelloIsAlreadyOnItsWay) {
  Peer pupil = client();
  pupil.sends(connect("casino.example") + hello_record("casino.example") + std::string(100'000, 'x'));
  EXPECT_EQ(pupil.answer().status, 403);
  EXPECT_EQ(pupil.ending(), Ending::closed);
}

TEST_F(Connect, AnotherPortIsRefused) {
  Peer pupil = client();
  pupil.sends("CONNECT web.example:25 HTTP/1.1\r\nHost: web.example:25\r\n\r\n");
  EXPECT_EQ(pupil.answer().status, 403);
  EXPECT_TRUE(records().empty());
}

TEST_F(Connect, ABlockedNameOnAnotherPortIsStillABreachAndAnIllegalOneIsNotNamed) {
  Peer pupil = client();
  pupil.sends("CONNECT sealed.example:25 HTTP/1.1\r\nHost: x\r\n\r\n");
  const Answer page = pupil.answer();
  EXPECT_EQ(page.status, 403);
  EXPECT_EQ(page.body.find("sealed"), std::string::npos);
  EXPECT_EQ(records().size(), 1u);
  pupil.closes();
  stop();
  EXPECT_EQ(decisions().find("sealed.example"), std::string::npos) << decisions();
}

TEST_F(Connect, AnAuthorityThatIsNoneIs400) {
  for (const std::string_view authority : {"web.example", "web.example:0", "web.example:70000", "web.example:44x",
                                           ":443", "u@web.example:443", "/path", "a..b:443"}) {
    Peer pupil = client();
    pupil.sends("CONNECT " + std::string(authority) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(pupil.answer().status, 400) << authority;
    EXPECT_EQ(pupil.ending(), Ending::closed) << authority;
  }
}

TEST_F(Connect, AWebSiteThatCannotBeReachedIsSaidBeforeThe200) {
  hosts += "127.0.0.9 closed.example\n";
  Peer pupil = client();
  pupil.sends(connect("closed.example"));
  EXPECT_EQ(pupil.answer().status, 502);
}

TEST_F(Connect, TheSameNameInsideIsRelayed) {
  Peer pupil = tunnel_to("web.example");
  pupil.sends(hello_record("web.example"));
  Peer origin = web.accept();
  origin.expects(hello_record("web.example"));
  origin.sends("server hello");
  pupil.expects("server hello");
}

TEST_F(Connect, AnotherAllowedNameInsideIsRelayed) {
  Peer pupil = tunnel_to("web.example");
  pupil.sends(hello_record("other.example"));
  web.accept().expects(hello_record("other.example"));
  EXPECT_TRUE(records().empty());
}

TEST_F(Connect, ABlockedNameInsideIsDenied) {
  Peer pupil = tunnel_to("web.example");
  pupil.sends(hello_record("casino.example"));
  expect_denied(pupil);
  ASSERT_EQ(records().size(), 1u);
  EXPECT_NE(records()[0].find(R"("site":"casino.example")"), std::string::npos) << records()[0];
  EXPECT_NE(records()[0].find(R"("stage":"client_hello")"), std::string::npos) << records()[0];
  EXPECT_EQ(web.accept().read(1), "") << "nothing of the hello reached the web site";
}

TEST_F(Connect, AHelloInSingleBytesAndManyRecordsArrivesAsItWasSent) {
  const std::string split = text(HelloBuilder::in_records(HelloBuilder().server_name("web.example").message(), 20));
  Peer pupil = tunnel_to("web.example");
  pupil.drips(split);
  Peer origin = web.accept();
  origin.expects(split);
  origin.sends("x");
  pupil.expects("x");
}

TEST_F(Connect, AHelloInManyRecordsIsReadAllTheSame) {
  Peer pupil = tunnel_to("web.example");
  pupil.drips(text(HelloBuilder::in_records(HelloBuilder().server_name("casino.example").message(), 20)));
  expect_denied(pupil);
}

TEST_F(Connect, AHelloLargerThanAHeadsBufferIsGathered) {
  const std::string large =
      text(HelloBuilder().extension(0x7777, tls::HelloBytes(40'000)).server_name("web.example").record());
  Peer pupil = tunnel_to("web.example");
  pupil.sends(large);
  web.accept().expects(large);
}

TEST_F(Connect, AHelloSentWithTheRequestIsReadToo) {
  Peer pupil = client();
  pupil.sends(connect("web.example") + hello_record("casino.example"));
  pupil.expects("HTTP/1.1 200 Connection established\r\n\r\n");
  expect_denied(pupil);
}

// --- a server that asks for another hello (RFC 8446 section 4.1.4)
// -------------------------------------------------------

std::string hello13(std::string_view name) {
  return text(HelloBuilder().server_name(name).versions({0x0304, 0x0303}).record());
}

std::string server_hello(std::string_view random) {
  const tls::HelloBytes body = tls::number(0x0303, 2) + tls::text(random) + tls::HelloBytes{0, 0x13, 0x01, 0, 0, 0};
  return text(HelloBuilder::one_record(tls::HelloBytes{2} + tls::sized(body, 3)));
}

// SHA-256 of "HelloRetryRequest".
const std::string kAsksAgain = server_hello(
    "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e"
    "\x09\xe2\xc8\xa8\x33\x9c");
const std::string kChangeCipherSpec("\x14\x03\x03\x00\x01\x01", 6);

class SecondHello : public Conversation {
 protected:
  // A tunnel in which the web site has asked for another hello.
  std::pair<Peer, Peer> asked_again(std::string_view early = {}) {
    Peer pupil = tunnel_to("web.example");
    pupil.sends(hello13("web.example") + std::string(early));
    Peer origin = web.accept();
    origin.expects(hello13("web.example") + std::string(early));
    origin.sends(kAsksAgain);
    pupil.expects(kAsksAgain);
    return {std::move(pupil), std::move(origin)};
  }
};

TEST_F(SecondHello, WithTheSameNameIsRelayed) {
  auto [pupil, origin] = asked_again();
  const std::string second = kChangeCipherSpec + hello13("web.example");
  pupil.sends(second);
  origin.expects(second);
  origin.sends("the rest of the handshake");
  pupil.expects("the rest of the handshake");
  pupil.sends("more");
  origin.expects("more");
  EXPECT_TRUE(records().empty());
}

TEST_F(SecondHello, InSingleBytesArrivesAsItWasSent) {
  auto [pupil, origin] = asked_again();
  const std::string second =
      kChangeCipherSpec +
      text(HelloBuilder::in_records(HelloBuilder().server_name("web.example").versions({0x0304}).message(), 20));
  pupil.drips(second);
  origin.expects(second);
}

TEST_F(SecondHello, WithAnotherNameIsDeniedAndDoesNotReachTheWebSite) {
  for (const std::string_view other : {"casino.example", "other.example"}) {
    auto [pupil, origin] = asked_again();
    pupil.sends(kChangeCipherSpec + hello13(other));
    expect_denied(pupil);
    EXPECT_EQ(origin.read(1), "") << other;
  }
  ASSERT_EQ(records().size(), 2u);
  EXPECT_NE(records()[0].find(R"("rule":"another-server-name")"), std::string::npos) << records()[0];
}

TEST_F(SecondHello, WithoutANameIsDenied) {
  auto [pupil, origin] = asked_again();
  pupil.sends(nameless_hello());
  expect_denied(pupil);
  EXPECT_EQ(origin.read(1), "");
}

TEST_F(SecondHello, ThatCannotBeReadIsDenied) {
  tls::HelloBytes broken = HelloBuilder().server_name("web.example").record();
  broken[5 + 4 + 2 + 32] = 33;  // a session id that is too long
  for (const std::string& bytes : {text(broken), std::string("GET / HTTP/1.1\r\n\r\n")}) {
    auto [pupil, origin] = asked_again();
    pupil.sends(bytes);
    expect_denied(pupil);
    EXPECT_EQ(origin.read(1), "");
  }
}

TEST_F(SecondHello, ThatNeverFitsIsDenied) {
  auto [pupil, origin] = asked_again();
  const std::string early = text(HelloBuilder::one_record(tls::HelloBytes(16'000, 9), 23));
  std::string much;
  for (int i = 0; i < 8; ++i) much += early;
  (void)pupil.tries_to_send(much);  // the gateway may end it while it is being sent
  EXPECT_NE(pupil.ending(), Ending::silent);
  EXPECT_EQ(origin.read(1), "");
}

TEST_F(SecondHello, BehindEarlyDataIsFound) {
  const std::string early = text(HelloBuilder::one_record(tls::HelloBytes(500, 9), 23));
  {
    auto [pupil, origin] = asked_again(early);
    pupil.sends(early + kChangeCipherSpec + hello13("web.example"));
    origin.expects(early + kChangeCipherSpec + hello13("web.example"));
  }
  {
    auto [pupil, origin] = asked_again(early + early.substr(0, 100));  // the second one is cut by the segment
    pupil.sends(early.substr(100) + hello13("casino.example"));
    expect_denied(pupil);
    EXPECT_EQ(origin.read(1), "");
  }
}

TEST_F(SecondHello, ThatWasSentBeforeItWasAskedForIsReadToo) {
  auto [pupil, origin] = asked_again(kChangeCipherSpec + hello13("casino.example"));
  expect_denied(pupil);
  EXPECT_EQ(origin.ending(), Ending::reset);
}

TEST_F(SecondHello, ThatDoesNotComeEndsTheTunnel) {
  auto [pupil, origin] = asked_again();
  pupil.closes();
  EXPECT_EQ(origin.read(1), "");
  EXPECT_TRUE(records().empty());
}

TEST_F(SecondHello, IsNotWaitedForWhereTheFirstOneIsAnswered) {
  Peer pupil = tunnel_to("web.example");
  pupil.sends(hello13("web.example"));
  Peer origin = web.accept();
  origin.expects(hello13("web.example"));
  const std::string answer = server_hello(std::string(32, 'r')) + kChangeCipherSpec;
  origin.sends(answer.substr(0, 20));
  origin.sends(answer.substr(20));
  pupil.expects(answer);
  pupil.sends("finished");
  origin.expects("finished");
}

TEST_F(SecondHello, IsNotWaitedForWhereTheWebSiteLeaves) {
  Peer pupil = tunnel_to("web.example");
  pupil.sends(hello13("web.example"));
  {
    Peer origin = web.accept();
    origin.expects(hello13("web.example"));
    origin.finishes_sending();
    EXPECT_EQ(pupil.read(1), "");
  }
  {
    Peer other = tunnel_to("web.example");
    other.sends(hello13("web.example"));
    Peer origin = web.accept();
    origin.expects(hello13("web.example"));
    origin.resets();
    EXPECT_EQ(other.read(1), "");
  }
}

TEST_F(Connect, WithoutANameInsideTheNameOutsideCounts) {
  Peer pupil = tunnel_to("web.example");
  pupil.sends(nameless_hello());
  web.accept().expects(nameless_hello());
}

TEST_F(Connect, AnAddressWithoutANameInsideIsRefused) {
  Peer pupil = tunnel_to("127.0.0.1");
  pupil.sends(nameless_hello());
  expect_denied(pupil);
  ASSERT_EQ(records().size(), 1u);
  EXPECT_NE(records()[0].find("no-server-name"), std::string::npos) << records()[0];
}

TEST_F(Connect, AnAddressWithoutANameInsideIsJudgedWhereTheSchoolSaysSo) {
  settings.unnamed.no_sni = UnnamedAnswer::judge;
  Peer pupil = tunnel_to("127.0.0.1");
  pupil.sends(nameless_hello());
  web.accept().expects(nameless_hello());
}

TEST_F(Connect, AnAddressWithANameInsideIsJudgedByTheName) {
  Peer pupil = tunnel_to("127.0.0.1");
  pupil.sends(hello_record("web.example"));
  web.accept().expects(hello_record("web.example"));
  Peer other = tunnel_to("127.0.0.1");
  other.sends(hello_record("casino.example"));
  expect_denied(other);
}

TEST_F(Connect, WhatIsNotTlsIsRefused) {
  Peer pupil = tunnel_to("web.example");
  pupil.sends("SSH-2.0-OpenSSH_9.2\r\n");
  expect_denied(pupil);
  EXPECT_NE(records()[0].find("not-tls"), std::string::npos) << records()[0];
}

TEST_F(Connect, WhatCannotBeReadIsRefusedWhateverTheSchoolSays) {
  settings.unnamed = {UnnamedAnswer::judge, UnnamedAnswer::judge, UnnamedAnswer::judge, UnnamedAnswer::judge};
  const std::string hellos[] = {
      text(HelloBuilder().server_name("bad name.example").record()),
      text(HelloBuilder().server_name("web.example").server_name("other.example").record()),
      text(HelloBuilder().extension(0, {0, 1}).record()),
      text(HelloBuilder::one_record({2, 0, 0, 4, 0, 0, 0, 0})),
  };
  for (const std::string& broken : hellos) {
    Peer pupil = tunnel_to("web.example");
    pupil.sends(broken);
    expect_denied(pupil);
    EXPECT_EQ(web.accept().read(1), "");
  }
  EXPECT_EQ(records().size(), std::size(hellos));
}

TEST_F(Connect, AHiddenNameBehindAKnownFrontIsRefused) {
  Peer pupil = tunnel_to("web.example");
  pupil.sends(text(HelloBuilder().server_name("cloudflare-ech.com").ech().record()));
  expect_denied(pupil);
  EXPECT_NE(records()[0].find("encrypted-server-name"), std::string::npos) << records()[0];
}

TEST_F(Connect, GreaseInFrontOfATrueNameIsNotAHiddenName) {
  const std::string grease = text(HelloBuilder().server_name("web.example").ech().record());
  Peer pupil = tunnel_to("web.example");
  pupil.sends(grease);
  web.accept().expects(grease);
}

TEST_F(Connect, WhoSaysNothingIsNotWaitedForForEver) {
  settings.limits.header = std::chrono::seconds(1);
  Peer pupil = tunnel_to("web.example");
  EXPECT_EQ(pupil.ending(), Ending::closed);
}

TEST_F(Connect, EachSideMayFinishFirst) {
  Peer pupil = tunnel_to("web.example");
  pupil.sends(hello_record("web.example") + "last words");
  pupil.finishes_sending();
  Peer origin = web.accept();
  origin.expects(hello_record("web.example") + "last words");
  EXPECT_EQ(origin.ending(), Ending::closed);
  origin.sends("and an answer");
  origin.closes();
  pupil.expects("and an answer");
  EXPECT_EQ(pupil.ending(), Ending::closed);
}

TEST_F(Connect, ABrokenSideIsPassedOnAsBroken) {
  Peer pupil = tunnel_to("web.example");
  pupil.sends(hello_record("web.example"));
  Peer origin = web.accept();
  origin.expects(hello_record("web.example"));
  origin.resets();
  EXPECT_EQ(pupil.ending(), Ending::reset);
}

TEST_F(Connect, SafeSearchDialsTheSafeEndpointUnderTheNameThatWasAsked) {
  policy.groups[0].safe_search = true;
  hosts += "127.0.0.8 www.google.com\n127.0.0.1 forcesafesearch.google.com\n";
  Peer pupil = tunnel_to("www.google.com");
  pupil.sends(hello_record("www.google.com"));
  web.accept().expects(hello_record("www.google.com"));
}

TEST_F(Connect, SafeSearchHoldsForTheNameInsideToo) {
  policy.groups[0].safe_search = true;
  hosts += "127.0.0.8 www.google.com\n127.0.0.1 forcesafesearch.google.com\n";
  Web elsewhere({*names::IpAddress::parse("127.0.0.7"), web.port()});
  hosts += "127.0.0.7 elsewhere.example\n";
  Peer pupil = tunnel_to("elsewhere.example");
  static_cast<void>(elsewhere.accept());
  pupil.sends(hello_record("www.google.com"));
  web.accept().expects(hello_record("www.google.com"));
}

TEST_F(Connect, ANewPolicyEndsTheTunnelsThatItForbidsAndNoOthers) {
  Peer stays = tunnel_to("web.example");
  stays.sends(hello_record("web.example"));
  Peer origin = web.accept();
  origin.expects(hello_record("web.example"));
  Peer goes = tunnel_to("other.example");
  goes.sends(hello_record("other.example"));
  web.accept().expects(hello_record("other.example"));

  publish({rules::test::block_site("other.example")});
  EXPECT_NE(goes.ending(), Ending::silent);
  stays.sends("more");
  origin.expects("more");
  wait_until([&] { return log->counters().written == 1; });
  EXPECT_EQ(counters().rejudged_closed.get(), 1u);
}

TEST_F(Connect, ANewPolicyEndsATunnelForTheNameInsideIt) {
  Peer pupil = tunnel_to("web.example");
  pupil.sends(hello_record("other.example"));
  web.accept().expects(hello_record("other.example"));
  publish({rules::test::block_site("other.example")});
  EXPECT_NE(pupil.ending(), Ending::silent);
  wait_until([&] { return log->counters().written == 1; });
  EXPECT_NE(records()[0].find(R"("site":"other.example")"), std::string::npos) << records()[0];
}

TEST_F(Connect, ANewPolicyHoldsForATunnelThatWasBeingOpened) {
  Peer pupil = tunnel_to("web.example");
  publish({rules::test::block_site("web.example")});
  // Judged by the old policy at CONNECT; the hello comes when the new one is in force.
  pupil.sends(hello_record("web.example"));
  EXPECT_NE(pupil.ending(), Ending::silent);
  wait_until([&] { return log->counters().written == 1; });
}

TEST_F(Connect, AnOldPolicyDoesNotLiveOnInItsTunnels) {
  open();
  const std::weak_ptr<const rules::PolicySnapshot> old = current_policy();
  Peer pupil = tunnel_to("web.example");
  pupil.sends(hello_record("web.example"));
  Peer origin = web.accept();
  origin.expects(hello_record("web.example"));
  publish({});
  wait_until([&] { return old.expired(); });
  pupil.sends("still here");
  origin.expects("still here");
}

TEST_F(Connect, JudgingATunnelAgainIsNotAnotherRequest) {
  Peer pupil = tunnel_to("web.example");
  pupil.sends(hello_record("web.example"));
  Peer origin = web.accept();
  origin.expects(hello_record("web.example"));
  const std::weak_ptr<const rules::PolicySnapshot> old = current_policy();
  publish({});
  wait_until([&] { return old.expired(); });
  EXPECT_EQ(counters().requests[std::size_t(rules::Action::allow)][std::size_t(rules::Stage::connect)].get(), 1u);
}

// Behind TPROXY the address that a connection was going to is the socket's own: here the gateway's port, on which the
// web site listens under other addresses.
class Transparent : public Conversation {
 protected:
  Transparent() {
    settings.listen = {{{*names::IpAddress::parse("127.0.0.1"), 0}, Entrance::transparent_tls}};
    guard_knows_own_ports = false;
  }
  // Web sites at the port that the pupils dial.
  Web site_at(std::string_view address) {
    if (!worker_) open();
    return Web({*names::IpAddress::parse(address), gateway_address().port});
  }
};

TEST_F(Transparent, TheNameThatWasJudgedIsDialled) {
  hosts += "127.0.0.7 secure.example\n";
  Web site = site_at("127.0.0.7");
  Peer pupil = client();
  pupil.drips(hello_record("secure.example"));
  Peer origin = site.accept();
  origin.expects(hello_record("secure.example"));
  origin.sends("server hello");
  pupil.expects("server hello");
}

TEST_F(Transparent, ABlockedNameIsDenied) {
  Peer pupil = client();
  pupil.sends(hello_record("casino.example"));
  expect_denied(pupil);
  EXPECT_EQ(records().size(), 1u);
}

TEST_F(Transparent, WithoutANameItIsRefused) {
  Peer pupil = client();
  pupil.sends(nameless_hello());
  expect_denied(pupil);
  Peer other = client();
  other.sends("GET / HTTP/1.1\r\n\r\n");
  expect_denied(other);
  EXPECT_EQ(records().size(), 2u);
}

TEST_F(Transparent, WhatThePolicyForbidsIsRecordedAsThatAndNotAsNameless) {
  policy.rules.push_back(rules::test::block_site("127.0.0.1", "gambling"));
  Peer pupil = client();
  pupil.sends(nameless_hello());
  expect_denied(pupil);
  ASSERT_EQ(records().size(), 1u);
  EXPECT_NE(records()[0].find(R"("category":"gambling")"), std::string::npos) << records()[0];
}

TEST_F(Transparent, WhoSpeaksToThePortItselfIsTurnedAway) {
  guard_knows_own_ports = true;
  Peer pupil = client();
  EXPECT_EQ(pupil.ending(), Ending::closed);
  EXPECT_EQ(upstream_faults(UpstreamFault::loop), 1u);
}

}  // namespace
}  // namespace schoolgate::flow::test
