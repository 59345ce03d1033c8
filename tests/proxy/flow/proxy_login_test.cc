// Who is at the other end of an explicit connection: the talk about 407, and what a connection keeps of it.
#include "proxy/flow/proxy_login.h"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>

#include "tests/proxy/flow/conversation.h"
#include "tests/proxy/tls/hello_builder.h"

namespace schoolgate::flow::test {
namespace {

using namespace std::literals;
using Answered = Authenticator::Answer;
using Kind = Authenticator::Answer::Kind;

constexpr std::string_view kLoginHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

// Knows the values that it was told; what it was not told is kept until the test answers it.
class Accounts final : public Authenticator {
 public:
  std::vector<std::string> offered{"Negotiate", "Basic realm=\"Ashford Oaks\", charset=\"UTF-8\""};
  std::map<std::string, Answered> known;

  [[nodiscard]] std::vector<std::string> challenges(const names::IpAddress&) const override { return offered; }
  void authenticate(const names::IpAddress& client, std::string credentials,
                    std::function<void(Answered)> done) override {
    EXPECT_EQ(client.text(), "127.0.0.1");
    const std::scoped_lock lock(mutex_);
    ++asked_;
    if (const auto found = known.find(credentials); found != known.end()) return done(found->second);
    waiting_.push_back(std::move(done));
    came_.notify_one();
  }
  [[nodiscard]] int asked() const {
    const std::scoped_lock lock(mutex_);
    return asked_;
  }
  // The next one that waits for an answer.
  [[nodiscard]] std::function<void(Answered)> take() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(came_.wait_for(lock, 60s, [&] { return !waiting_.empty(); }));
    auto done = std::move(waiting_.front());
    waiting_.pop_front();
    return done;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable came_;
  std::deque<std::function<void(Answered)>> waiting_;
  int asked_ = 0;
};

class ProxyLoginTest : public Conversation {
 protected:
  ProxyLoginTest() : accounts(std::make_shared<Accounts>()) {
    authenticator = accounts;
    accounts->known["Basic YW1lbGlh"] = accepted("amelia.hughes");
    accounts->known["Basic Ym9i"] = accepted("bob");
    accounts->known["Basic d3Jvbmc="] = {.kind = Kind::refused};
    accounts->known["Basic Z29uZQ=="] = {.kind = Kind::unavailable};
    accounts->known["Negotiate YII="] = accepted("amelia.hughes", "Negotiate oYG=");
    accounts->known["Negotiate bad"] = {.kind = Kind::refused, .presence = nullptr, .reply = "Negotiate oWE="};
  }
  static Answered accepted(std::string user, std::string reply = {}) {
    return {Kind::accepted, presence("127.0.0.1", person(std::move(user), "basic")), std::move(reply)};
  }
  // A request for web.example that says who it is.
  [[nodiscard]] std::string asks(std::string_view credentials, std::string_view method = "GET",
                                 std::string_view more = {}) const {
    return request(method, "web.example", "/",
                   "Proxy-Authorization: " + std::string(credentials) + "\r\n" + std::string(more));
  }
  void expect_at(Peer& origin, std::string_view method = "GET", std::string_view more = {}) {
    origin.expects(forwarded(method, "web.example", "/", more));
  }
  [[nodiscard]] std::uint64_t counted(ProxyAuth what) const { return counters().proxy_auth[std::size_t(what)].get(); }

  std::shared_ptr<Accounts> accounts;
};

TEST_F(ProxyLoginTest, WhoHasNotSaidIsOfferedTheWaysToSayItAndGoesOnOnTheSameConnection) {
  Peer pupil = client();
  pupil.sends(get("web.example", "/"));
  const Answer asked = pupil.answer();
  EXPECT_EQ(asked.status, 407);
  EXPECT_TRUE(
      asked.has("Proxy-Authenticate: Negotiate\r\nProxy-Authenticate: Basic realm=\"Ashford Oaks\", "
                "charset=\"UTF-8\"\r\n"))
      << asked.head;
  EXPECT_TRUE(asked.has("Connection: keep-alive")) << asked.head;
  EXPECT_TRUE(asked.has("Cache-Control: no-store")) << asked.head;
  EXPECT_LT(asked.body.size(), 1200u);
  EXPECT_FALSE(web.was_called());
  pupil.sends(asks("Basic YW1lbGlh"));
  Peer origin = web.accept();
  expect_at(origin);  // without a word of who asks
  origin.sends(kLoginHello);
  pupil.expects(kLoginHello);
  EXPECT_TRUE(records().empty());
  EXPECT_EQ(counted(ProxyAuth::challenged), 1u);
  EXPECT_EQ(counted(ProxyAuth::accepted), 1u);
}

TEST_F(ProxyLoginTest, TheSameValueIsVerifiedOnceAConnection) {
  Peer pupil = client();
  for (int i = 0; i < 3; ++i) {
    pupil.sends(asks("Basic YW1lbGlh"));
    Peer origin = web.accept();
    expect_at(origin);
    origin.sends("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
    EXPECT_EQ(pupil.answer().status, 200);
  }
  EXPECT_EQ(accounts->asked(), 1);
  Peer other = client();
  other.sends(asks("Basic YW1lbGlh"));
  Peer again = web.accept();
  expect_at(again);
  EXPECT_EQ(accounts->asked(), 2);
}

TEST_F(ProxyLoginTest, TermsThatAreDueEndTheConnectionSoThatTheNextOneLearnsOfTheAnswer) {
  auto due = presence("127.0.0.1", person("amelia.hughes", "basic"));
  due->terms_due = true;
  accounts->known["Basic YW1lbGlh"] = {.kind = Kind::accepted, .presence = due};
  Peer pupil = client();
  pupil.sends(asks("Basic YW1lbGlh"));
  EXPECT_EQ(pupil.answer().status, 511) << "this gateway has no page to send anybody to";
  EXPECT_EQ(pupil.ending(), Ending::closed) << "a new connection proves it anew";
  publish_presences({presence("127.0.0.1", person("bob", "sign-in"))});
  Peer another = client();
  another.sends(asks("Basic YW1lbGlh"));
  EXPECT_EQ(another.answer().status, 511) << "somebody else accepted them";
  accounts->known["Basic YW1lbGlh"] = accepted("amelia.hughes");
  Peer again = client();
  again.sends(asks("Basic YW1lbGlh"));
  Peer origin = web.accept();
  expect_at(origin);
}

TEST_F(ProxyLoginTest, BasicHasToBeSaidInEachRequest) {
  Peer pupil = client();
  pupil.sends(asks("Basic YW1lbGlh"));
  Peer origin = web.accept();
  expect_at(origin);
  origin.sends(kLoginHello);
  pupil.expects(kLoginHello);
  pupil.sends(get("web.example", "/"));
  EXPECT_EQ(pupil.answer().status, 407);
}

TEST_F(ProxyLoginTest, NegotiateHoldsForTheConnectionAndIsCompletedInTheAnswer) {
  Peer pupil = client();
  pupil.sends(asks("Negotiate YII="));
  Peer origin = web.accept();
  expect_at(origin);
  origin.sends("HTTP/1.1 200 OK\r\nProxy-Authentication-Info: forged\r\nContent-Length: 5\r\n\r\nhello");
  const Answer answer = pupil.answer();
  EXPECT_TRUE(answer.has("Proxy-Authentication-Info: Negotiate oYG=\r\n")) << answer.head;
  EXPECT_FALSE(answer.has("forged")) << answer.head;
  pupil.sends(get("web.example", "/"));
  expect_at(origin);
  origin.sends(kLoginHello);
  pupil.expects(kLoginHello);
  EXPECT_EQ(accounts->asked(), 1);
}

TEST_F(ProxyLoginTest, TheTokenIsCompletedOnABlockPageToo) {
  Peer pupil = client();
  pupil.sends(request("GET", "casino.example", "/", "Proxy-Authorization: Negotiate YII=\r\n"));
  const Answer page = pupil.answer();
  EXPECT_EQ(page.status, 403);
  EXPECT_TRUE(page.has("Proxy-Authentication-Info: Negotiate oYG=\r\n")) << page.head;
}

TEST_F(ProxyLoginTest, ARefusedTokenIsAnsweredInPlaceOfTheOffer) {
  Peer pupil = client();
  pupil.sends(asks("Negotiate bad"));
  const Answer again = pupil.answer();
  EXPECT_EQ(again.status, 407);
  EXPECT_TRUE(again.has("Proxy-Authenticate: Negotiate oWE=\r\nProxy-Authenticate: Basic")) << again.head;
  EXPECT_EQ(counted(ProxyAuth::refused), 1u);
}

TEST_F(ProxyLoginTest, AShortBodyIsReadAndForgottenSoThatTheConnectionGoesOn) {
  Peer pupil = client();
  const std::string body(50'000, 'b');
  const std::string length = "Content-Length: 50000\r\n";
  pupil.sends(request("POST", "web.example", "/", length) + body);
  EXPECT_EQ(pupil.answer().status, 407);
  pupil.sends(asks("Basic YW1lbGlh", "POST", length) + body);
  Peer origin = web.accept();
  expect_at(origin, "POST", length);
  EXPECT_EQ(origin.read(body.size()), body);
  origin.sends(kLoginHello);
  pupil.expects(kLoginHello);
}

TEST_F(ProxyLoginTest, ABodyThatComesInPiecesIsForgottenToo) {
  Peer pupil = client();
  pupil.sends(request("POST", "web.example", "/", "Content-Length: 6\r\n"));
  EXPECT_EQ(pupil.answer().status, 407);
  pupil.drips("GET / ");
  pupil.sends(asks("Basic YW1lbGlh"));
  Peer origin = web.accept();
  expect_at(origin);
}

TEST_F(ProxyLoginTest, ABodyWithoutAKnownEndEndsTheConnection) {
  for (const std::string& more : {"Transfer-Encoding: chunked\r\n"s, "Content-Length: 1000000\r\n"s,
                                  "Content-Length: 5\r\nExpect: 100-continue\r\n"s}) {
    Peer pupil = client();
    pupil.sends(request("POST", "web.example", "/", more));
    const Answer asked = pupil.answer();
    EXPECT_EQ(asked.status, 407) << more;
    EXPECT_TRUE(asked.has("Connection: close")) << asked.head;
    EXPECT_EQ(pupil.ending(), Ending::closed) << more;
  }
}

TEST_F(ProxyLoginTest, ATunnelIsAskedForAgainOnTheSameConnection) {
  Peer pupil = client();
  pupil.sends(connect("web.example"));
  const Answer asked = pupil.answer();
  EXPECT_EQ(asked.status, 407);
  EXPECT_TRUE(asked.has("Connection: keep-alive")) << asked.head;
  pupil.sends("CONNECT " + at("web.example") + " HTTP/1.1\r\nHost: " + at("web.example") +
              "\r\nProxy-Authorization: Negotiate YII=\r\n\r\n");
  pupil.expects("HTTP/1.1 200 Connection established\r\nProxy-Authentication-Info: Negotiate oYG=\r\n\r\n");
  const tls::HelloBytes hello = tls::HelloBuilder().server_name("web.example").record();
  pupil.sends({reinterpret_cast<const char*>(hello.data()), hello.size()});
  web.accept().expects({reinterpret_cast<const char*>(hello.data()), hello.size()});
}

TEST_F(ProxyLoginTest, RequestsThatCameTogetherAreAnsweredInTurn) {
  Peer pupil = client();
  pupil.sends(get("web.example", "/") + get("web.example", "/") + asks("Basic YW1lbGlh") + asks("Basic d3Jvbmc=") +
              asks("Basic Ym9i"));
  EXPECT_EQ(pupil.answer().status, 407);
  EXPECT_EQ(pupil.answer().status, 407);
  Peer origin = web.accept();
  expect_at(origin);
  origin.sends(kLoginHello);
  EXPECT_EQ(pupil.answer().status, 200);
  EXPECT_EQ(pupil.answer().status, 407);
  expect_at(origin);
  origin.sends(kLoginHello);
  EXPECT_EQ(pupil.answer().status, 200);
  EXPECT_EQ(accounts->asked(), 3);
}

TEST_F(ProxyLoginTest, WhoIsWrongTooOftenIsHungUpOn) {
  Peer pupil = client();
  for (int i = 0; i < 9; ++i) {
    pupil.sends(asks("Basic d3Jvbmc="));
    EXPECT_TRUE(pupil.answer().has("Connection: keep-alive")) << i;
  }
  pupil.sends(asks("Basic d3Jvbmc="));
  const Answer last = pupil.answer();
  EXPECT_EQ(last.status, 407);
  EXPECT_TRUE(last.has("Connection: close")) << last.head;
  EXPECT_EQ(pupil.ending(), Ending::closed);
  EXPECT_EQ(counted(ProxyAuth::refused), 10u);
}

TEST_F(ProxyLoginTest, AFieldTwiceIs400) {
  Peer pupil = client();
  pupil.sends(asks("Basic YW1lbGlh", "GET", "Proxy-Authorization: Basic Ym9i\r\n"));
  EXPECT_EQ(pupil.answer().status, 400);
  EXPECT_EQ(pupil.ending(), Ending::closed);
  EXPECT_EQ(accounts->asked(), 0);
}

TEST_F(ProxyLoginTest, AnOversizedFieldIsRefusedUnread) {
  Peer pupil = client();
  pupil.sends(asks("Negotiate " + std::string(kLargestCredentials, 'A')));
  EXPECT_EQ(pupil.answer().status, 431);
  EXPECT_EQ(accounts->asked(), 0);
}

TEST_F(ProxyLoginTest, ALongTicketIsComparedToo) {
  const std::string ticket = "Negotiate " + std::string(20'000, 'A');
  accounts->known[ticket] = accepted("amelia.hughes");
  Peer pupil = client();
  for (int i = 0; i < 2; ++i) {
    pupil.sends(asks(ticket));
    Peer origin = web.accept();
    expect_at(origin);
    origin.sends("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
    EXPECT_EQ(pupil.answer().status, 200);
  }
  EXPECT_EQ(accounts->asked(), 1);
}

TEST_F(ProxyLoginTest, WhenNobodyCanTellNothingGoesOn) {
  Peer pupil = client();
  pupil.sends(asks("Basic Z29uZQ=="));
  const Answer answer = pupil.answer();
  EXPECT_EQ(answer.status, 503);
  EXPECT_TRUE(answer.has("Retry-After: 5\r\n")) << answer.head;
  pupil.sends(asks("Basic Z29uZQ=="));  // not asked again at once
  EXPECT_EQ(pupil.answer().status, 503);
  EXPECT_EQ(accounts->asked(), 1);
  EXPECT_EQ(counted(ProxyAuth::unavailable), 1u);
  Peer tunnel = client();
  tunnel.sends("CONNECT " + at("web.example") + " HTTP/1.1\r\nHost: " + at("web.example") +
               "\r\nProxy-Authorization: Basic Z29uZQ==\r\n\r\n");
  EXPECT_EQ(tunnel.answer().status, 503);
  EXPECT_FALSE(web.was_called());
  pupil.closes();
  stop();
  EXPECT_NE(decisions().find(R"("login-not-verified")"), std::string::npos) << decisions();
  EXPECT_EQ(decisions().find(R"("person")"), std::string::npos) << decisions();
}

TEST_F(ProxyLoginTest, WhenNobodyCanTellHelpIsStillReachedAndIllegalSitesAreStillRecorded) {
  Peer pupil = client();
  pupil.sends(request("GET", "help.example", "/", "Proxy-Authorization: Basic Z29uZQ==\r\n"));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "help.example", "/"));
  origin.sends(kLoginHello);
  EXPECT_EQ(pupil.answer().status, 200);
  pupil.sends(request("GET", "sealed.example", "/", "Proxy-Authorization: Basic Z29uZQ==\r\n"));
  EXPECT_EQ(pupil.answer().status, 403);
  EXPECT_EQ(records().size(), 1u);
}

TEST_F(ProxyLoginTest, ManyAtOnceThatNobodyCanJudgeLetNothingThrough) {
  std::vector<Peer> pupils;
  for (int i = 0; i < 200; ++i) {
    pupils.push_back(client());
    pupils.back().sends(asks("Basic made" + std::to_string(i)));
  }
  for (int i = 0; i < 200; ++i) accounts->take()({.kind = i % 2 == 0 ? Kind::unavailable : Kind::refused});
  for (Peer& pupil : pupils) {
    const int status = pupil.answer().status;
    EXPECT_TRUE(status == 503 || status == 407) << status;
  }
  EXPECT_FALSE(web.was_called());
}

// What can make one person be taken for another behind one address, and what has to be answered:
//   no credentials, proved on another connection    | 407
//   a wrong password, a garbage token, a made-up name | 407, and the record of a block bears no person
//   nobody can tell                                 | 503
//   another person on the same connection           | that person; and nothing said after: 407
//   the address is another's by RADIUS              | what is proved here holds; what is refused here is nobody's
TEST_F(ProxyLoginTest, WhatIsRefusedHereIsNeverReadAsThePersonBehindTheAddress) {
  know({{"127.0.0.1", person("mrs.oak", "radius")}});
  for (const auto& [credentials, status] :
       {std::pair("Basic d3Jvbmc=", 407), {"Negotiate bad", 407}, {"Basic Z29uZQ==", 503}}) {
    Peer pupil = client();
    pupil.sends(asks(credentials));
    EXPECT_EQ(pupil.answer().status, status) << credentials;
    pupil.sends(request("GET", "sealed.example", "/", "Proxy-Authorization: " + std::string(credentials) + "\r\n"));
    EXPECT_EQ(pupil.answer().status, 403) << credentials;
  }
  EXPECT_FALSE(web.was_called());
  ASSERT_EQ(records().size(), 3u);
  for (const std::string& record : records()) EXPECT_EQ(record.find("mrs.oak"), std::string::npos) << record;
}

TEST_F(ProxyLoginTest, OnAConnectionOfOnePersonSilenceIsNotAnother) {
  know({{"127.0.0.1", person("mrs.oak", "radius")}});
  Peer pupil = client();
  pupil.sends(asks("Basic Ym9i"));
  Peer origin = web.accept();
  expect_at(origin);
  origin.sends(kLoginHello);
  pupil.expects(kLoginHello);
  pupil.sends(get("web.example", "/"));
  EXPECT_EQ(pupil.answer().status, 407);
}

TEST_F(ProxyLoginTest, TwoPeopleInTurnOnOneKeptConnectionAreThemselves) {
  Peer pupil = client();
  for (const auto& [credentials, user] :
       {std::pair("Basic YW1lbGlh", "amelia.hughes"), {"Basic Ym9i", "bob"}, {"Negotiate YII=", "amelia.hughes"}}) {
    const std::size_t before = records().size();
    pupil.sends(request("GET", "casino.example", "/", "Proxy-Authorization: " + std::string(credentials) + "\r\n"));
    EXPECT_EQ(pupil.answer().status, 403);
    ASSERT_EQ(records().size(), before + 1);
    EXPECT_NE(records()[before].find("\"person\":\"" + std::string(user)), std::string::npos) << records()[before];
  }
  pupil.sends(asks("Basic d3Jvbmc="));  // and a wrong one ends what the ticket proved
  EXPECT_EQ(pupil.answer().status, 407);
  pupil.sends(get("web.example", "/"));
  EXPECT_EQ(pupil.answer().status, 407);
}

TEST_F(ProxyLoginTest, AcceptedAsNobodyIsNotAccepted) {
  accounts->known["Basic bm9ib2R5"] = {.kind = Kind::accepted};
  Peer pupil = client();
  pupil.sends(asks("Basic bm9ib2R5"));
  EXPECT_EQ(pupil.answer().status, 407);
}

TEST_F(ProxyLoginTest, AnAnswerAfterTheClientLeftHarmsNobody) {
  Peer pupil = client();
  pupil.sends(asks("Basic later"));
  const auto done = accounts->take();
  pupil.resets();
  done(accepted("amelia.hughes"));
  web.accept().sends(kLoginHello);
  wait_until([&] { return counters().connections_open.get() == 0; });
}

TEST_F(ProxyLoginTest, AnAnswerAfterTheWorkerIsGoneHarmsNobody) {
  Peer pupil = client();
  pupil.sends(asks("Basic later"));
  const auto done = accounts->take();
  stop();
  worker_.reset();
  done(accepted("amelia.hughes"));
}

TEST_F(ProxyLoginTest, WhileOneWaitsOthersAreServed) {
  Peer slow = client();
  slow.sends(asks("Basic later"));
  const auto done = accounts->take();
  Peer pupil = client();
  pupil.sends(asks("Basic YW1lbGlh"));
  Peer origin = web.accept();
  expect_at(origin);
  done(accepted("bob"));
  Peer other = web.accept();
  expect_at(other);
}

TEST_F(ProxyLoginTest, WhatIsIllegalIsRefusedAndRecordedWhoeverAsks) {
  Peer pupil = client();
  pupil.sends(get("sealed.example", "/"));
  EXPECT_EQ(pupil.answer().status, 403);
  EXPECT_EQ(records().size(), 1u);
  Peer tunnel = client();
  tunnel.sends(connect("sealed.example"));
  EXPECT_EQ(tunnel.answer().status, 403);
  EXPECT_EQ(records().size(), 2u);
}

TEST_F(ProxyLoginTest, HelpIsReachedByEverybody) {
  Peer pupil = client();
  pupil.sends(get("help.example", "/"));
  web.accept().expects(forwarded("GET", "help.example", "/"));
}

TEST_F(ProxyLoginTest, WhatIsBlockedIsNotToldBeforeItIsKnownWhoAsks) {
  Peer pupil = client();
  pupil.sends(get("casino.example", "/"));
  EXPECT_EQ(pupil.answer().status, 407);
  EXPECT_TRUE(records().empty());
}

TEST_F(ProxyLoginTest, RecordsAndDecisionsBearTheName) {
  Peer pupil = client();
  pupil.sends(request("GET", "casino.example", "/", "Proxy-Authorization: Basic YW1lbGlh\r\n"));
  EXPECT_EQ(pupil.answer().status, 403);
  ASSERT_EQ(records().size(), 1u);
  EXPECT_NE(records()[0].find(R"("person":"amelia.hughes","confidence":"login")"), std::string::npos) << records()[0];
  EXPECT_EQ(records()[0].find("YW1lbGlh"), std::string::npos) << records()[0];
  pupil.closes();
  stop();
  EXPECT_NE(decisions().find(R"("person":"amelia.hughes","confidence":"login","source":"basic")"), std::string::npos)
      << decisions();
  EXPECT_EQ(decisions().find("YW1lbGlh"), std::string::npos) << decisions();
}

TEST_F(ProxyLoginTest, EveryoneOnATerminalServerIsThemselves) {
  Peer amelia = client(), bob = client(), nobody = client();
  amelia.sends(request("GET", "casino.example", "/", "Proxy-Authorization: Basic YW1lbGlh\r\n"));
  EXPECT_EQ(amelia.answer().status, 403);
  bob.sends(request("GET", "casino.example", "/", "Proxy-Authorization: Basic Ym9i\r\n"));
  EXPECT_EQ(bob.answer().status, 403);
  nobody.sends(get("web.example", "/"));
  EXPECT_EQ(nobody.answer().status, 407);
  ASSERT_EQ(records().size(), 2u);
  EXPECT_NE(records()[0].find("amelia.hughes"), std::string::npos) << records()[0];
  EXPECT_NE(records()[1].find("bob"), std::string::npos) << records()[1];
}

TEST_F(ProxyLoginTest, WhoIsKnownByAddressIsNotAsked) {
  know({{"127.0.0.1", person("amelia.hughes", "radius")}});
  Peer pupil = client();
  pupil.sends(get("web.example", "/"));
  Peer origin = web.accept();
  expect_at(origin);
  origin.sends(kLoginHello);
  pupil.expects(kLoginHello);
  EXPECT_EQ(counters().of_people.get(), 1u);
}

TEST_F(ProxyLoginTest, WhatIsProvedOnTheConnectionOutranksTheAddress) {
  know({{"127.0.0.1", person("amelia.hughes", "radius")}});
  Peer pupil = client();
  pupil.sends(request("GET", "casino.example", "/", "Proxy-Authorization: Basic Ym9i\r\n"));
  EXPECT_EQ(pupil.answer().status, 403);
  ASSERT_EQ(records().size(), 1u);
  EXPECT_NE(records()[0].find(R"("person":"bob")"), std::string::npos) << records()[0];
}

TEST_F(ProxyLoginTest, WhoIsNotAskedIsNotVerified) {
  accounts->offered.clear();
  Peer pupil = client();
  pupil.sends(asks("Basic YW1lbGlh"));
  Peer origin = web.accept();
  expect_at(origin);
  EXPECT_EQ(accounts->asked(), 0);
}

TEST_F(ProxyLoginTest, AnOldClientIsAskedAndLeft) {
  Peer pupil = client();
  pupil.sends("GET http://" + at("web.example") + "/ HTTP/1.0\r\n\r\n");
  EXPECT_EQ(pupil.answer().status, 407);
  EXPECT_EQ(pupil.ending(), Ending::closed);
}

TEST_F(ProxyLoginTest, TheTransparentEntranceAsksNobody) {
  settings.listen[0].entrance = Entrance::transparent_http;
  guard_knows_own_ports = false;
  Peer pupil = client();
  pupil.sends("GET / HTTP/1.1\r\nHost: casino.example\r\nProxy-Authorization: Basic YW1lbGlh\r\n\r\n");
  EXPECT_EQ(pupil.answer().status, 403);
  EXPECT_EQ(accounts->asked(), 0);
}

}  // namespace
}  // namespace schoolgate::flow::test
