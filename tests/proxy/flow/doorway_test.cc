// Where nobody goes out unknown: what each entrance is told before somebody has signed in, and what happens when who is
// there changes.
#include "proxy/flow/doorway.h"

#include <algorithm>

#include "tests/proxy/flow/inspected_conversation.h"
#include "tests/proxy/tls/hello_builder.h"

namespace schoolgate::flow::test {
namespace {

constexpr std::string_view kDoorwayDenied("\x15\x03\x03\x00\x02\x02\x31", 7);
constexpr std::string_view kDoorwayHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

std::string doorway_hello(std::string_view name) {
  const tls::HelloBytes wire = tls::HelloBuilder().server_name(name).record();
  return {wire.begin(), wire.end()};
}

std::shared_ptr<const SignInGate> gate(std::string_view network = "127.0.0.0/8") {
  return std::make_shared<const SignInGate>(
      *SignInGate::make({*names::IpNetwork::parse(network)}, "https://signin.school.example/", {{}, 9}));
}

class SignIn : public Conversation {
 protected:
  SignIn() { sign_in = gate(); }
  void expect_no_records() { EXPECT_TRUE(records().empty()) << "to be asked to sign in is no attempt at anything"; }
};

TEST_F(SignIn, APageLeadsToTheSignInPageAndBack) {
  Peer pupil = client();
  pupil.sends(get("web.example", "/maths?q=1"));
  const Answer answer = pupil.answer();
  EXPECT_EQ(answer.status, 302);
  EXPECT_TRUE(answer.has("Location: https://signin.school.example/?url=http%3A%2F%2Fweb.example%3A" +
                         std::to_string(web.port()) + "%2Fmaths%3Fq%3D1\r\n"))
      << answer.head;
  EXPECT_TRUE(answer.has("Cache-Control: no-store\r\n")) << answer.head;
  pupil.sends(request("HEAD", "web.example", "/"));
  EXPECT_EQ(pupil.answer(true).status, 302);
  EXPECT_FALSE(web.was_called());
  expect_no_records();
  EXPECT_EQ(counters().sign_in_redirects.get(), 2u);
  pupil.closes();
  stop();
  EXPECT_NE(decisions().find(R"("action":"sign-in")"), std::string::npos) << decisions();
}

TEST_F(SignIn, WhatIsNoPageIs511) {
  Peer pupil = client();
  pupil.sends(request("POST", "web.example", "/", "Content-Length: 4\r\n") + "body");
  const Answer answer = pupil.answer();
  EXPECT_EQ(answer.status, 511);
  EXPECT_NE(answer.body.find("https://signin.school.example/"), std::string::npos) << answer.body;
  pupil.sends(get("web.example", "/"));
  EXPECT_EQ(pupil.answer().status, 302);
  expect_no_records();
}

TEST_F(SignIn, ATunnelIs511) {
  Peer pupil = client();
  pupil.sends(connect("web.example"));
  EXPECT_EQ(pupil.answer().status, 511);
  EXPECT_EQ(pupil.ending(), Ending::closed);
  EXPECT_FALSE(web.was_called());
  expect_no_records();
}

TEST_F(SignIn, WhoHasSignedInGoesOnOnTheSameConnection) {
  Peer pupil = client();
  pupil.sends(get("web.example", "/"));
  EXPECT_EQ(pupil.answer().status, 302);
  know({{"127.0.0.1", person("amelia.hughes")}});
  pupil.sends(get("web.example", "/"));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "web.example", "/"));
  origin.sends(kDoorwayHello);
  pupil.expects(kDoorwayHello);
  know({});
  pupil.sends(get("web.example", "/"));
  EXPECT_EQ(pupil.answer().status, 302);
}

TEST_F(SignIn, IsForEachDeviceByItself) {
  know({{"127.0.0.2", person("amelia.hughes")}});
  Peer other = client();
  other.sends(get("web.example", "/"));
  EXPECT_EQ(other.answer().status, 302);
  Peer hers = client_from("127.0.0.2");
  hers.sends(get("web.example", "/"));
  web.accept().expects(forwarded("GET", "web.example", "/"));
}

TEST_F(SignIn, ADeviceWithoutAPersonHasToSignIn) {
  publish_presences({presence("127.0.0.1", std::nullopt)});
  Peer pupil = client();
  pupil.sends(get("web.example", "/"));
  EXPECT_EQ(pupil.answer().status, 302);
}

TEST_F(SignIn, TermsThatAreNotAcceptedComeFirstInEveryNetwork) {
  sign_in = gate("10.0.0.0/8");
  auto due = presence("127.0.0.1", person("amelia.hughes"));
  due->terms_due = true;
  publish_presences({due});
  Peer pupil = client();
  pupil.sends(get("web.example", "/"));
  EXPECT_EQ(pupil.answer().status, 302);
  know({{"127.0.0.1", person("amelia.hughes")}});
  pupil.sends(get("web.example", "/"));
  web.accept().expects(forwarded("GET", "web.example", "/"));
}

TEST_F(SignIn, TermsComeFirstAlsoWhereThereIsNoPage) {
  sign_in = nullptr;
  auto due = presence("127.0.0.1", person("amelia.hughes"));
  due->terms_due = true;
  publish_presences({due});
  Peer pupil = client();
  pupil.sends(get("web.example", "/"));
  EXPECT_EQ(pupil.answer().status, 511);
}

TEST_F(SignIn, OtherNetworksAreNotAsked) {
  sign_in = gate("10.0.0.0/8");
  Peer pupil = client();
  pupil.sends(get("web.example", "/"));
  web.accept().expects(forwarded("GET", "web.example", "/"));
}

TEST_F(SignIn, IllegalAndEmergencyAreRefusedAndRecordedAndHelpIsOpen) {
  policy.rules.push_back(rules::test::emergency_site("shut.example"));
  Peer pupil = client();
  pupil.sends(get("sealed.example", "/"));
  EXPECT_EQ(pupil.answer().status, 403);
  pupil.sends(get("shut.example", "/"));
  EXPECT_EQ(pupil.answer().status, 403);
  EXPECT_EQ(records().size(), 2u);
  pupil.sends(get("help.example", "/"));
  web.accept().expects(forwarded("GET", "help.example", "/"));
}

TEST_F(SignIn, WhatIsBlockedIsNoAttemptBeforeSigningIn) {
  Peer pupil = client();
  pupil.sends(get("casino.example", "/"));
  EXPECT_EQ(pupil.answer().status, 302);
  expect_no_records();
}

TEST_F(SignIn, ATunnelToHelpLeadsToNothingElse) {
  Peer pupil = tunnel_to("help.example");
  static_cast<void>(web.accept());
  pupil.sends(doorway_hello("web.example"));
  pupil.expects(kDoorwayDenied);
  EXPECT_EQ(pupil.ending(), Ending::closed);
  expect_no_records();
}

TEST_F(SignIn, OneWhoSignsOutLosesTheirTunnelsAndNoRecordIsMade) {
  know({{"127.0.0.1", person("amelia.hughes")}, {"127.0.0.2", person("bob")}});
  Peer pupil = tunnel_to("web.example");
  pupil.sends(doorway_hello("web.example"));
  Peer origin = web.accept();
  origin.expects(doorway_hello("web.example"));
  Peer bobs = client_from("127.0.0.2");
  bobs.sends(connect("web.example"));
  bobs.expects("HTTP/1.1 200 Connection established\r\n\r\n");
  bobs.sends(doorway_hello("web.example"));
  Peer other = web.accept();
  other.expects(doorway_hello("web.example"));

  know({{"127.0.0.2", person("bob")}});
  EXPECT_NE(pupil.ending(), Ending::silent);
  bobs.sends("more");
  other.expects("more");
  EXPECT_EQ(counters().rejudged_closed.get(), 1u);
  expect_no_records();
}

TEST_F(SignIn, ATunnelIsJudgedAgainForWhoIsThereNow) {
  sign_in = nullptr;
  rules::GroupSpec strict = rules::test::group("strict", "10.99.0.0/16", {}, rules::Action::block);
  strict.users = {{"bob", {}}};
  policy.groups.push_back(strict);
  know({{"127.0.0.1", person("amelia.hughes")}});
  Peer pupil = tunnel_to("web.example");
  pupil.sends(doorway_hello("web.example"));
  web.accept().expects(doorway_hello("web.example"));
  know({{"127.0.0.1", person("bob")}});
  EXPECT_NE(pupil.ending(), Ending::silent);
  wait_until([&] { return log->counters().written == 1; });
  EXPECT_NE(records()[0].find(R"("person":"bob")"), std::string::npos) << records()[0];
}

TEST_F(SignIn, RequestsKeepAPersonActive) {
  auto amelia = presence("127.0.0.1", person("amelia.hughes"));
  publish_presences({amelia});
  const SteadyTime before = steady_now();
  Peer pupil = client();
  pupil.sends(get("web.example", "/"));
  web.accept().expects(forwarded("GET", "web.example", "/"));
  EXPECT_GE(amelia->last_active.load(), before.time_since_epoch().count());
}

class TransparentSignIn : public SignIn {
 protected:
  explicit TransparentSignIn(Entrance entrance = Entrance::transparent_http) {
    settings.listen = {{{*names::IpAddress::parse("127.0.0.1"), 0}, entrance}};
    guard_knows_own_ports = false;
  }
};

TEST_F(TransparentSignIn, APageLeadsToTheSignInPage) {
  Peer pupil = client();
  pupil.sends("GET /maths HTTP/1.1\r\nHost: web.example\r\n\r\n");
  const Answer answer = pupil.answer();
  EXPECT_EQ(answer.status, 302);
  EXPECT_TRUE(answer.has("%2Fmaths\r\n")) << answer.head;
  pupil.sends("PUT /maths HTTP/1.1\r\nHost: web.example\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(pupil.answer().status, 511);
  EXPECT_EQ(pupil.ending(), Ending::closed);
  expect_no_records();
}

class TransparentTlsSignIn : public TransparentSignIn {
 protected:
  TransparentTlsSignIn() : TransparentSignIn(Entrance::transparent_tls) {}
};

TEST_F(TransparentTlsSignIn, TlsIsDeniedWithoutARecord) {
  Peer pupil = client();
  pupil.sends(doorway_hello("web.example"));
  pupil.expects(kDoorwayDenied);
  EXPECT_EQ(pupil.ending(), Ending::closed);
  expect_no_records();
  stop();
  EXPECT_NE(decisions().find(R"("action":"sign-in")"), std::string::npos) << decisions();
}

TEST_F(TransparentTlsSignIn, WhatIsIllegalIsRecordedAllTheSame) {
  Peer pupil = client();
  pupil.sends(doorway_hello("sealed.example"));
  pupil.expects(kDoorwayDenied);
  EXPECT_EQ(pupil.ending(), Ending::closed);
  EXPECT_EQ(records().size(), 1u);
}

class InspectedSignIn : public InspectionTest {
 protected:
  InspectedSignIn() {
    sign_in = gate();
    know({{"127.0.0.1", person("amelia.hughes")}});
  }
};

TEST_F(InspectedSignIn, HoldsInsideAnOpenedConnectionToo) {
  TlsEnd pupil = pupil_inside("web.example", "web.example");
  TlsEnd site = web_inside();
  pupil.inside.sends(get_inside("/open"));
  site.inside.expects(get_inside("/open"));
  site.inside.sends(kDoorwayHello);
  pupil.inside.expects(kDoorwayHello);
  know({});
  pupil.inside.sends(get_inside("/open"));
  const Answer answer = pupil.inside.answer();
  EXPECT_EQ(answer.status, 302);
  EXPECT_TRUE(answer.has("?url=https%3A%2F%2Fweb.example")) << answer.head;
}

TEST_F(InspectedSignIn, AnHttpsPageComesFirstAndLeadsToTheSignInPage) {
  know({});
  TlsEnd pupil = pupil_inside("other.example", "other.example", "h2,http/1.1");
  ASSERT_TRUE(pupil.facts().done) << pupil.facts().why;
  pupil.inside.sends(get_inside("/maths", "other.example"));
  const Answer answer = pupil.inside.answer();
  EXPECT_EQ(answer.status, 302);
  EXPECT_TRUE(answer.has("Location: https://signin.school.example/?url=https%3A%2F%2Fother.example%3A" +
                         std::to_string(web.port()) + "%2Fmaths\r\n"))
      << answer.head;
  EXPECT_EQ(pupil.inside.ending(), Ending::closed);
  EXPECT_FALSE(web.was_called());
  EXPECT_TRUE(records().empty());
  EXPECT_EQ(counters().sign_in_redirects.get(), 1u);
  stop();
  const std::string log = decisions();
  EXPECT_EQ(std::ranges::count(log, '\n'), 1) << log;
}

TEST_F(InspectedSignIn, WhereNothingMayBeOpenedATunnelIs511) {
  policy.never_inspect = {"other.example"};
  know({});
  Peer pupil = client();
  pupil.sends(connect("other.example"));
  EXPECT_EQ(pupil.answer().status, 511);
}

class InspectedTransparentSignIn : public InspectedSignIn {
 protected:
  InspectedTransparentSignIn() {
    settings.listen = {{{*names::IpAddress::parse("127.0.0.1"), 0}, Entrance::transparent_tls}};
    guard_knows_own_ports = false;
    know({});
  }
};

TEST_F(InspectedTransparentSignIn, AnHttpsPageComesFirstAndLeadsToTheSignInPage) {
  TlsEnd pupil = TlsEnd::client(client(), pupil_context.get(), "other.example", "h2,http/1.1");
  ASSERT_TRUE(pupil.facts().done) << pupil.facts().why;
  pupil.inside.sends("GET /maths HTTP/1.1\r\nHost: other.example:" + std::to_string(gateway_address().port) +
                     "\r\n\r\n");
  const Answer answer = pupil.inside.answer();
  EXPECT_EQ(answer.status, 302);
  EXPECT_TRUE(answer.has("?url=https%3A%2F%2Fother.example")) << answer.head;
  EXPECT_TRUE(records().empty());
  EXPECT_EQ(counters().sign_in_redirects.get(), 1u);
}

TEST_F(InspectedSignIn, TheRecordBearsTheName) {
  TlsEnd pupil = pupil_inside("web.example", "web.example");
  TlsEnd site = web_inside();
  pupil.inside.sends(get_inside("/secret/door"));
  EXPECT_EQ(pupil.inside.answer().status, 403);
  ASSERT_EQ(records().size(), 1u);
  EXPECT_NE(records()[0].find(R"("person":"amelia.hughes")"), std::string::npos) << records()[0];
}

TEST_F(InspectedSignIn, ADeviceThatTakesNoCertificateIsNeverOpened) {
  auto console = presence("127.0.0.1", person("amelia.hughes"));
  console->device.by_name_only = true;
  publish_presences({console});
  const auto trusts_the_web = tls::plain_client_context(root.certificate.get());
  TlsEnd pupil = TlsEnd::client(tunnel_to("web.example"), trusts_the_web.get(), "web.example");
  TlsEnd site = web_inside();
  pupil.inside.sends(get_inside("/secret/door"));
  site.inside.expects(get_inside("/secret/door"));
  ASSERT_TRUE(pupil.facts().done) << pupil.facts().why;
  EXPECT_EQ(counters().inspected.get(), 0u);
}

}  // namespace
}  // namespace schoolgate::flow::test
