// What is asked for, and whether it can be served at all: heads, targets, destinations, and what a client is told of
// each that will not do.
#include <thread>

#include "tests/proxy/flow/conversation.h"

namespace schoolgate::flow::test {
namespace {

using namespace std::literals;

using ServeHttp = Conversation;

constexpr std::string_view kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

TEST_F(ServeHttp, ViaIsAddedAndATurnRoundIs508) {
  settings.via = "gw-1.example";
  Peer pupil = client();
  pupil.sends(get("web.example", "/"));
  Peer origin = web.accept();
  EXPECT_NE(origin.read_to("\r\n\r\n").find("Via: 1.1 gw-1.example\r\n"), std::string::npos);
  origin.sends(kHello);
  EXPECT_TRUE(pupil.answer().has("Via: 1.1 gw-1.example"));
  pupil.sends(request("GET", "web.example", "/", "Via: 1.1 someone, 1.1 gw-1.example\r\n"));
  EXPECT_EQ(pupil.answer().status, 508);
  EXPECT_EQ(upstream_faults(UpstreamFault::loop), 1u);
}

TEST_F(ServeHttp, TheGatewaysOwnAddressIs508) {
  Peer pupil = client();
  pupil.sends("GET http://" + gateway_address().text() + "/ HTTP/1.1\r\nHost: x.example\r\n\r\n");
  EXPECT_EQ(pupil.answer().status, 508);
}

TEST_F(ServeHttp, APrivateDestinationIs403) {
  hosts += "10.0.0.1 inside.example\n";
  Peer pupil = client();
  pupil.sends(get("inside.example", "/"));
  EXPECT_EQ(pupil.answer().status, 403);
  EXPECT_EQ(upstream_faults(UpstreamFault::refused_destination), 1u);
}

TEST_F(ServeHttp, ANameThatCannotBeResolvedIsTheUpstreamsFault) {
  Peer pupil = client();
  pupil.sends(get("nowhere.example", "/"));
  const Answer answer = pupil.answer();
  EXPECT_TRUE(answer.status == 502 || answer.status == 504) << answer.status;
  EXPECT_NE(answer.body.find("nowhere[.]example"), std::string::npos);
}

TEST_F(ServeHttp, AWebSiteThatRefusesConnectionsIs502) {
  hosts += "127.0.0.9 closed.example\n";
  Peer pupil = client();
  pupil.sends(get("closed.example", "/"));
  EXPECT_EQ(pupil.answer().status, 502);
  EXPECT_EQ(upstream_faults(UpstreamFault::connect), 1u);
}

TEST_F(ServeHttp, APageAboutAFailureNeverShowsThePathOrTheFields) {
  hosts += "127.0.0.9 closed.example\n";
  Peer pupil = client();
  pupil.sends(request("GET", "closed.example", "/secret-path?secret-query", "Cookie: secret-field\r\n"));
  EXPECT_EQ(pupil.answer().body.find("secret"), std::string::npos);
}

TEST_F(ServeHttp, ARequestAfterAFailureIsLostButItsPageIsNot) {
  hosts += "127.0.0.9 closed.example\n";
  Peer pupil = client();
  std::string all = get("closed.example", "/");
  for (int i = 0; i < 2000; ++i) all += get("web.example", "/" + std::to_string(i));
  std::jthread sending([&] { static_cast<void>(pupil.tries_to_send(all)); });
  EXPECT_EQ(pupil.answer().status, 502);
  EXPECT_EQ(pupil.ending(), Ending::closed);
}

TEST_F(ServeHttp, AHeadThatMightBeReadTwoWaysIs400AndTheEnd) {
  const std::string host = "Host: " + at("web.example") + "\r\n", target = "http://" + at("web.example") + "/";
  const std::string heads[] = {
      "POST " + target + " HTTP/1.1\r\n" + host + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
      "POST " + target + " HTTP/1.1\r\n" + host + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n",
      "POST " + target + " HTTP/1.1\r\n" + host + "Content-Length: +5\r\n\r\n",
      "POST " + target + " HTTP/1.1\r\n" + host + "Transfer-Encoding: \tchunked\r\n\r\n",
      "POST " + target + " HTTP/1.1\r\n" + host + "Transfer-Encoding: identity, chunked\r\n\r\n",
      "POST " + target + " HTTP/1.1\r\n" + host + "Transfer-Encoding : chunked\r\n\r\n",
      "GET " + target + " HTTP/1.1\n" + host + "\r\n",
      "GET " + target + " HTTP/1.1\r\n" + host + "X: a\r\n b\r\n\r\n",
      "GET " + target + " HTTP/1.1\r\n" + host + host + "\r\n",
      "GET " + target + " HTTP/1.1\r\n" + host + "X: a\rb\r\n\r\n",
      "GET " + target + " HTTP/1.1\r\n\r\n",
      "GET /origin-form HTTP/1.1\r\n" + host + "\r\n",
      "GET https://" + at("web.example") + "/ HTTP/1.1\r\n" + host + "\r\n",
      "GET http:///" + at("web.example") + "/ HTTP/1.1\r\n" + host + "\r\n",
  };
  for (const std::string& head : heads) {
    Peer pupil = client();
    pupil.sends(head + "GET " + target + "smuggled HTTP/1.1\r\n" + host + "\r\n");
    EXPECT_EQ(pupil.answer().status, 400) << head;
    EXPECT_EQ(pupil.ending(), Ending::closed) << head;
  }
  EXPECT_FALSE(web.was_called());
  EXPECT_EQ(counters().malformed.get(), std::size(heads));
}

TEST_F(ServeHttp, HeadsHaveBounds) {
  const auto status_of = [&](const std::string& bytes) {
    Peer pupil = client();
    std::jthread sending([&] { static_cast<void>(pupil.tries_to_send(bytes)); });
    const int status = pupil.answer().status;
    EXPECT_EQ(pupil.ending(), Ending::closed);
    return status;
  };
  EXPECT_EQ(status_of(get("web.example", "/" + std::string(40'000, 'a'))), 414);
  EXPECT_EQ(status_of("GET http://" + std::string(200'000, 'a')), 414);
  EXPECT_EQ(status_of(request("GET", "web.example", "/", "X: " + std::string(100'000, 'a') + "\r\n")), 431);
  std::string many;
  for (int i = 0; i < 300; ++i) many += "X: y\r\n";
  EXPECT_EQ(status_of(request("GET", "web.example", "/", many)), 431);
}

TEST_F(ServeHttp, AHeadOfFiftyKilobytesIsPassedOn) {
  const std::string fields = "X: " + std::string(50'000, 'a') + "\r\n";
  Peer pupil = client();
  pupil.sends(request("GET", "web.example", "/", fields));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "web.example", "/", fields));
  origin.sends("HTTP/1.1 200 OK\r\n" + fields + "Content-Length: 0\r\n\r\n");
  EXPECT_TRUE(pupil.answer().has(fields));
}

TEST_F(ServeHttp, HalfAHeadIsNotWaitedForForEver) {
  settings.limits.header = 1s;
  Peer pupil = client();
  pupil.sends("GET http://web.exam");
  EXPECT_EQ(pupil.ending(), Ending::closed);
}

// Behind TPROXY the address that a connection was going to is the socket's own: here the gateway's port, on which the
// web site listens under another address.
class TransparentHttp : public Conversation {
 protected:
  TransparentHttp() {
    settings.listen = {{{*names::IpAddress::parse("127.0.0.1"), 0}, Entrance::transparent_http}};
    guard_knows_own_ports = false;
    hosts += "127.0.0.7 site.example\n";
    open();
  }
  [[nodiscard]] std::string port() const { return std::to_string(gateway_address().port); }
};

TEST_F(TransparentHttp, TheHostFieldSaysWhereAndThePortIsTheOneThatWasDialled) {
  Web site({*names::IpAddress::parse("127.0.0.7"), gateway_address().port});
  Peer pupil = client();
  pupil.sends("GET /page HTTP/1.1\r\nHost: Site.Example:1\r\n\r\n");
  Peer origin = site.accept();
  origin.expects("GET /page HTTP/1.1\r\nHost: site.example:" + port() + "\r\n\r\n");
  origin.sends(kHello);
  pupil.expects(kHello);
}

TEST_F(TransparentHttp, ABlockedHostGetsThePage) {
  Peer pupil = client();
  pupil.sends("GET /wheel HTTP/1.1\r\nHost: casino.example\r\n\r\n");
  EXPECT_EQ(pupil.answer().status, 403);
  EXPECT_EQ(records().size(), 1u);
}

TEST_F(TransparentHttp, WithoutAHostThereIsNothingToJudge) {
  for (const std::string_view host : {"", "Host: \r\n", "Host: a..b\r\n", "Host: [::1\r\n"}) {
    Peer pupil = client();
    pupil.sends("GET / HTTP/1.0\r\n" + std::string(host) + "\r\n");
    EXPECT_EQ(pupil.answer().status, 400) << host;
  }
}

TEST_F(TransparentHttp, ConnectIsForTheProxyPort) {
  Peer pupil = client();
  pupil.sends("CONNECT web.example:443 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(pupil.answer().status, 403);
}

}  // namespace
}  // namespace schoolgate::flow::test
