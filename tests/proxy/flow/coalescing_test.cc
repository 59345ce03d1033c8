#include "proxy/flow/coalescing.h"

#include "tests/proxy/flow/inspected_conversation.h"
#include "tests/proxy/tls/hello_builder.h"
#include "tests/rules/policies.h"
#include "tests/rules/test_lists.h"

namespace schoolgate::flow {
namespace {

using rules::Treatment;
using rules::test::block_site;
using rules::test::block_url;
using rules::test::sunday_noon;

// How a shared connection leads past the rules, and the test that holds it:
//
//   a name of the certificate is blocked                  ABlockedOrOpenedNameBesideTheHostIsAnotherAnswer
//   a wildcard covers a blocked name                      AWildcardOverABlockedNameIsAnotherAnswer,
//   Coalescing.AHostBesideABlockedOneIsOpened the look-up fails AFailedLookUpIsNoAnswer,
//   Coalescing.WhatCannotBeLearnedIsOpened the site's certificate is not believed by us
//   Coalescing.ACertificateThatIsNotBelievedCountsToo the policy changes while the connection is open
//   Coalescing.AnOpenConnectionEndsWhen... it may not be opened Coalescing.WhereNothingIsOpened... the clock was wrong
//   when it was learned               WhatIsNotKnownOrTooOldIsNoAnswer a certificate with more names than are kept
//   NamesThatAreLeftOutAreNotForgotten a measure for one room AnAnswerForOneRoomIsNotOneForAnother
class CertificateNamesTest : public ::testing::Test {
 protected:
  CertificateNamesTest() { use({block_site("odds.example"), block_url("forum.example/casino")}); }
  void use(std::vector<rules::RuleSpec> rules) {
    auto spec = rules::test::school(std::move(rules));
    spec.inspection = rules::InspectionMode::selective;
    policy_ = rules::test::compiled(spec, lists_.database());
    subject_ = {.address = *names::IpAddress::parse("10.20.2.9"), .group = *policy_->find_group("ks2")};
  }
  std::optional<Treatment> asked(std::string_view host, std::uint64_t when = 1, std::chrono::hours later = {}) {
    const auto answer = names_.others(host, *policy_, subject_, when, sunday_noon() + later);
    return answer ? std::optional(answer->treatment) : std::nullopt;
  }
  bool begins_beside(std::string_view host, std::string_view client) {
    return names_.begin_look_up_beside(host, *names::IpAddress::parse(client), sunday_noon());
  }
  void learn(std::string_view host, std::vector<std::string> names) { names_.learn(host, names, sunday_noon()); }

  rules::test::TestLists lists_{{}};
  std::shared_ptr<const rules::PolicySnapshot> policy_;
  rules::Subject subject_;
  CertificateNames names_;
};

TEST_F(CertificateNamesTest, ABlockedOrOpenedNameBesideTheHostIsAnotherAnswer) {
  learn("one.example", {"one.example", "odds.example"});
  learn("two.example", {"two.example", "forum.example"});
  learn("three.example", {"three.example", "*.odds.example"});
  learn("four.example", {"four.example", "www.four.example"});
  EXPECT_EQ(asked("one.example"), Treatment::refused);
  EXPECT_EQ(asked("two.example"), Treatment::opened);
  EXPECT_EQ(asked("three.example"), Treatment::refused);
  EXPECT_EQ(asked("four.example"), Treatment::alike);
}

TEST_F(CertificateNamesTest, AWildcardOverABlockedNameIsAnotherAnswer) {
  use({block_site("casino.wild.test")});
  learn("good.wild.test", {"*.wild.test"});
  EXPECT_EQ(asked("good.wild.test"), Treatment::refused);
  EXPECT_EQ(names_.others("good.wild.test", *policy_, subject_, 1, sunday_noon())->name, "*.wild.test");
}

TEST_F(CertificateNamesTest, WhatIsNotKnownOrTooOldIsNoAnswer) {
  EXPECT_EQ(asked("one.example"), std::nullopt);
  learn("one.example", {"odds.example"});
  EXPECT_EQ(asked("one.example", 1, std::chrono::hours(11)), Treatment::refused);
  EXPECT_EQ(asked("one.example", 1, std::chrono::hours(13)), std::nullopt);
  EXPECT_EQ(asked("one.example", 1, std::chrono::hours(-1)), std::nullopt);  // learned while the clock was ahead
  EXPECT_EQ(names_.others_of_open("one.example", *policy_, subject_, sunday_noon() + std::chrono::hours(13))->treatment,
            Treatment::refused);
}

TEST_F(CertificateNamesTest, AFailedLookUpIsNoAnswer) {
  const auto at = [](int seconds) { return sunday_noon() + std::chrono::seconds(seconds); };
  EXPECT_TRUE(names_.look_up_is_due("one.example", at(0)));
  names_.failed("one.example", at(0));
  EXPECT_EQ(asked("one.example"), std::nullopt);
  EXPECT_FALSE(names_.look_up_is_due("one.example", at(0)));
  EXPECT_TRUE(names_.look_up_is_due("one.example", at(1)));
  for (int i = 0; i < 20; ++i) names_.failed("one.example", at(1));
  EXPECT_FALSE(names_.look_up_is_due("one.example", at(60)));
  EXPECT_TRUE(names_.look_up_is_due("one.example", at(61)));
  EXPECT_TRUE(names_.look_up_is_due("one.example", at(-3600)));  // the clock was set back: no wait of an hour
  learn("one.example", {"one.example"});
  EXPECT_EQ(asked("one.example"), Treatment::alike);
}

TEST_F(CertificateNamesTest, NamesThatDoNotExistPushOutNothing) {
  learn("one.example", {"odds.example"});
  for (int i = 0; i < 30'000; ++i)
    names_.failed("s" + std::to_string(i) + ".example", sunday_noon() + std::chrono::milliseconds(i));
  EXPECT_EQ(asked("one.example"), Treatment::refused);
}

TEST_F(CertificateNamesTest, AFailureLaterDoesNotUnlearn) {
  learn("one.example", {"odds.example"});
  names_.failed("one.example", sunday_noon() + std::chrono::hours(13));
  EXPECT_EQ(names_.others_of_open("one.example", *policy_, subject_, sunday_noon())->treatment, Treatment::refused);
}

TEST_F(CertificateNamesTest, AnotherPolicyIsAskedAnew) {
  learn("one.example", {"odds.example"});
  EXPECT_EQ(asked("one.example", 1), Treatment::refused);
  use({});
  EXPECT_EQ(asked("one.example", 2), Treatment::alike);
}

TEST_F(CertificateNamesTest, AnAnswerForOneRoomIsNotOneForAnother) {
  rules::RuleSpec closed_there = block_site("casino.example");
  closed_there.networks = {*names::IpNetwork::parse("10.20.3.0/24")};
  use({closed_there});
  learn("one.example", {"casino.example"});
  EXPECT_EQ(asked("one.example"), Treatment::alike);
  subject_.address = *names::IpAddress::parse("10.20.3.9");
  EXPECT_EQ(asked("one.example"), Treatment::refused);
}

TEST_F(CertificateNamesTest, NamesThatAreLeftOutAreNotForgotten) {
  std::vector<std::string> many;
  for (int i = 0; i < 201; ++i) many.push_back("s" + std::to_string(i) + ".example");
  learn("one.example", many);
  EXPECT_EQ(asked("one.example"), Treatment::opened);
}

TEST_F(CertificateNamesTest, ALookUpBesideIsClaimedOnce) {
  EXPECT_TRUE(begins_beside("one.example", "10.20.2.1"));
  EXPECT_FALSE(begins_beside("one.example", "10.20.2.2"));
  learn("one.example", {});
  EXPECT_FALSE(begins_beside("one.example", "10.20.2.1"));  // known now
  for (int i = 0; i < 64; ++i)
    EXPECT_TRUE(begins_beside("s" + std::to_string(i) + ".example", "10.20.2." + std::to_string(i)));
  EXPECT_FALSE(begins_beside("s64.example", "10.20.2.64"));
}

TEST_F(CertificateNamesTest, OneClientHasAShareOfTheLookUpsBeside) {
  for (const auto& [client, neighbour, other] : {std::array{"10.20.2.1", "10.20.2.1", "10.20.2.2"},
                                                 std::array{"2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"}}) {
    int begun = 0;
    for (int i = 0; i < 40; ++i) begun += begins_beside("s" + std::to_string(i) + "." + client + ".example", client);
    EXPECT_EQ(begun, 16) << client;
    EXPECT_FALSE(begins_beside(std::string("more.") + client + ".example", neighbour));
    EXPECT_TRUE(begins_beside(std::string("others.") + client + ".example", other));
    names_.failed(std::string("s0.") + client + ".example", sunday_noon());
    EXPECT_TRUE(begins_beside(std::string("more.") + client + ".example", neighbour));
  }
}

TEST_F(CertificateNamesTest, WhatWasLetGoIsNamed) {
  names_.note_unwatched("good.wild.test", "*.wild.test");
  ASSERT_EQ(names_.unwatched().size(), 1u);
  EXPECT_EQ(names_.unwatched()[0].host, "good.wild.test");
  EXPECT_EQ(names_.unwatched()[0].sibling, "*.wild.test");
}

}  // namespace

namespace test {
namespace {

// The transparent entrance before a web site of two names, good.wild.test and casino.wild.test, with one certificate.
// The port that a pupil dials is the gateway's own; the web site listens there under another address of loopback.
class Coalescing : public InspectionTest {
 protected:
  Coalescing() {
    settings.listen = {{{*names::IpAddress::parse("127.0.0.1"), 0}, Entrance::transparent_tls}};
    guard_knows_own_ports = false;
    hosts += "127.0.0.7 good.wild.test casino.wild.test\n";
    policy.rules = {rules::test::block_site("casino.wild.test")};
    certificate = tls::issue(tls::leaf_spec("DNS:*.wild.test"), &root);
    web_context = tls::plain_server_context({certificate});
    trusts_web = tls::plain_client_context(root.certificate.get());
  }
  void begin() {
    open();
    site.emplace(net::Endpoint{*names::IpAddress::parse("127.0.0.7"), gateway_address().port});
  }
  TlsEnd pupil(SSL_CTX* trusting, std::string_view alpn = "h2,http/1.1") {
    return TlsEnd::client(client(), trusting, "good.wild.test", alpn);
  }
  TlsEnd site_answers(std::string_view alpn = "h2") { return TlsEnd::server(site->accept(), web_context.get(), alpn); }

  std::optional<Web> site;
  tls::SslContextHandle trusts_web;
};

TEST_F(Coalescing, AHostBesideABlockedOneIsOpened) {
  begin();
  TlsEnd browser = pupil(pupil_context.get());
  TlsEnd seen = site_answers();
  ASSERT_TRUE(browser.facts().done) << browser.facts().why;
  EXPECT_EQ(browser.facts().alpn, "h2");
  EXPECT_EQ(browser.facts().names, "DNS:good.wild.test");  // ours, of this name alone
  wait_until([&] { return counters().inspected.get() == 1; });
}

TEST_F(Coalescing, AConnectionOfOneHostIsNotLookedUp) {
  begin();
  TlsEnd browser = pupil(trusts_web.get(), "http/1.1");
  TlsEnd seen = site_answers("http/1.1");
  browser.inside.sends("hello");
  seen.inside.expects("hello");
  EXPECT_EQ(browser.facts().issuer, "Web authority");
}

// As it would be without a gateway: then a browser that tries https first goes its own way to http.
TEST_F(Coalescing, WhereNothingListensTheConnectionIsReset) {
  hosts = "127.0.0.8 good.wild.test opened.wild.test\n";
  policy.rules = {rules::test::block_url("opened.wild.test/casino/")};
  open();
  for (const std::string_view name : {"good.wild.test", "opened.wild.test"}) {
    Peer browser = client();
    const tls::HelloBytes hello = tls::HelloBuilder().server_name(name).record();
    browser.sends({reinterpret_cast<const char*>(hello.data()), hello.size()});
    EXPECT_EQ(browser.ending(), Ending::reset) << name;
  }
  EXPECT_EQ(upstream_faults(UpstreamFault::connect), 2u);
}

TEST_F(Coalescing, WhatCannotBeLearnedIsOpened) {
  policy.rules.clear();
  begin();
  TlsEnd browser = pupil(pupil_context.get());
  site->accept().resets();  // the look-up
  TlsEnd seen = site_answers();
  ASSERT_TRUE(browser.facts().done) << browser.facts().why;
  EXPECT_EQ(browser.facts().names, "DNS:good.wild.test");
  wait_until([&] { return counters().inspected.get() == 1; });
}

TEST_F(Coalescing, ACertificateThatIsNotBelievedCountsToo) {
  const tls::Issued stranger = tls::make_ca("Somebody");
  certificate = tls::issue(tls::leaf_spec("DNS:*.wild.test"), &stranger);
  web_context = tls::plain_server_context({certificate});
  begin();
  TlsEnd browser = pupil(pupil_context.get());
  TlsEnd seen = site_answers();
  TlsEnd again = site_answers();
  ASSERT_TRUE(browser.facts().done) << browser.facts().why;
  wait_until([&] { return counters().inspected.get() == 1; });
  EXPECT_EQ(gateway().certificate_names.names_of("good.wild.test"), std::vector<std::string>{"*.wild.test"});
}

TEST_F(Coalescing, AnOpenConnectionEndsWhenAnotherNameOfItIsBlocked) {
  policy.rules.clear();
  begin();
  TlsEnd browser = pupil(trusts_web.get());
  TlsEnd looked_up = site_answers();
  TlsEnd seen = site_answers();
  browser.inside.sends("hello");
  seen.inside.expects("hello");
  EXPECT_EQ(browser.facts().issuer, "Web authority");
  publish({rules::test::emergency_site("casino.wild.test")});
  EXPECT_NE(browser.inside.ending(), Ending::silent);
  EXPECT_EQ(counters().rejudged_closed.get(), 1u);
  EXPECT_TRUE(records().empty());  // nobody has asked for anything that is refused
}

TEST_F(Coalescing, AnOpenConnectionIsNotCutBecauseItsCertificateWasForgotten) {
  policy.rules.clear();
  begin();
  TlsEnd browser = pupil(trusts_web.get());
  TlsEnd looked_up = site_answers();
  TlsEnd seen = site_answers();
  browser.inside.sends("hello");
  seen.inside.expects("hello");
  // Another device has looked at more sites than are kept.
  CertificateNames& names = gateway().certificate_names;
  for (int i = 0; i < 20'001; ++i) names.learn("s" + std::to_string(i) + ".example", {}, wall_now());
  ASSERT_TRUE(names.names_of("good.wild.test").empty());
  publish({rules::test::block_site("elsewhere.example")});
  std::this_thread::sleep_for(std::chrono::milliseconds(2'500));  // it was judged again
  browser.inside.sends("still here");
  seen.inside.expects("still here");
  publish({rules::test::emergency_site("casino.wild.test")});
  EXPECT_NE(browser.inside.ending(), Ending::silent);
}

TEST_F(Coalescing, WhatIsBlockedWhileItsCertificateIsLookedUpIsNotRelayed) {
  policy.rules.clear();
  begin();
  TlsEnd browser = pupil(pupil_context.get(), "h2,http/1.1");
  Peer looked_up = site->accept();
  publish({rules::test::emergency_site("good.wild.test")});
  TlsEnd answers = TlsEnd::server(std::move(looked_up), web_context.get(), "h2");
  ASSERT_TRUE(browser.facts().done) << browser.facts().why;
  EXPECT_EQ(browser.facts().issuer, authority->subject());
  browser.inside.sends("GET / HTTP/1.1\r\nHost: good.wild.test:" + std::to_string(gateway_address().port) + "\r\n\r\n");
  EXPECT_EQ(browser.inside.answer().status, 403);
  EXPECT_EQ(records().size(), 1u);
}

TEST_F(Coalescing, AnOpenConnectionEndsWhenMoreThanItsNameIsToBeSeen) {
  policy.rules.clear();
  begin();
  TlsEnd browser = pupil(trusts_web.get());
  TlsEnd looked_up = site_answers();
  TlsEnd seen = site_answers();
  browser.inside.sends("hello");
  seen.inside.expects("hello");
  publish({rules::test::block_url("good.wild.test/casino/")});
  EXPECT_NE(browser.inside.ending(), Ending::silent);
}

TEST_F(Coalescing, WhereNothingIsOpenedTheSitesAreNamedAndOpenConnectionsEnd) {
  policy.rules.clear();
  policy.never_inspect = {"good.wild.test"};
  begin();
  TlsEnd browser = pupil(trusts_web.get());
  // The connection itself and the look-up beside it, in either order.
  TlsEnd one = site_answers(), other = site_answers();
  wait_until([&] { return !gateway().certificate_names.names_of("good.wild.test").empty(); });
  ASSERT_TRUE(browser.facts().done) << browser.facts().why;
  EXPECT_EQ(browser.facts().issuer, "Web authority");
  publish({rules::test::block_site("casino.wild.test")});
  EXPECT_NE(browser.inside.ending(), Ending::silent);

  TlsEnd next = pupil(trusts_web.get());
  TlsEnd seen = site_answers();
  next.inside.sends("hello");
  seen.inside.expects("hello");
  const auto unwatched = gateway().certificate_names.unwatched();
  ASSERT_EQ(unwatched.size(), 1u);
  EXPECT_EQ(unwatched[0].host, "good.wild.test");
}

TEST_F(Coalescing, WhereInspectionIsOffOpenConnectionsEndToo) {
  policy.rules.clear();
  policy.inspection = rules::InspectionMode::off;
  inspection = nullptr;
  begin();
  TlsEnd browser = pupil(trusts_web.get());
  TlsEnd one = site_answers(), other = site_answers();
  wait_until([&] { return !gateway().certificate_names.names_of("good.wild.test").empty(); });
  ASSERT_TRUE(browser.facts().done) << browser.facts().why;
  publish({rules::test::block_site("casino.wild.test")});
  EXPECT_NE(browser.inside.ending(), Ending::silent);
}

}  // namespace
}  // namespace test
}  // namespace schoolgate::flow
