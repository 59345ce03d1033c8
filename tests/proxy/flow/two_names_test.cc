// Which host a request reaches, however the names it gives differ: what is judged is what is dialled.
//
//   CONNECT        | inside                          | dialled
//   an address     | an allowed server name          | that name, whatever the address is
//   an address     | a blocked server name           | nothing: denied and recorded
//   an address     | no name, SSH, nothing readable  | nothing, or the address where the school lets it be judged
//   an address     | HTTP with a Host                | the Host, judged request by request
//   a name         | HTTP with another Host          | nothing: 421
//   not port 80    | HTTP, where the school refuses what is not TLS | nothing: denied and recorded
//   a name         | another allowed server name     | the name of CONNECT (both are judged)
//   port 80        | TLS                             | nothing: that port is for HTTP
#include "tests/proxy/flow/conversation.h"
#include "tests/proxy/tls/hello_builder.h"

namespace schoolgate::flow::test {
namespace {

constexpr std::string_view kAlertDenied("\x15\x03\x03\x00\x02\x02\x31", 7);
constexpr std::string_view kInternalError("\x15\x03\x03\x00\x02\x02\x50", 7);

std::string two_names_hello(std::string_view name) {
  const tls::HelloBytes wire = tls::HelloBuilder().server_name(name).record();
  return {wire.begin(), wire.end()};
}

class TwoNames : public Conversation {
 protected:
  TwoNames() { settings.unnamed.not_tls = UnnamedAnswer::judge; }    // the web of these tests is not at port 80
  Web blocked{{*names::IpAddress::parse("127.0.0.6"), web.port()}};  ///< where a blocked site is, by its address
};

TEST_F(TwoNames, AnAddressIsNotWhereAnAllowedNameLeads) {
  Peer pupil = tunnel_to("127.0.0.6");
  pupil.sends(two_names_hello("web.example"));
  Peer origin = web.accept();
  origin.expects(two_names_hello("web.example"));
  origin.sends("server hello");
  pupil.expects("server hello");
  EXPECT_FALSE(blocked.was_called());
}

TEST_F(TwoNames, ABlockedNameAtAnAddressIsDeniedAndNothingIsDialled) {
  Peer pupil = tunnel_to("127.0.0.6");
  pupil.sends(two_names_hello("casino.example"));
  pupil.expects(kAlertDenied);
  EXPECT_EQ(records().size(), 1u);
  EXPECT_FALSE(blocked.was_called());
  EXPECT_FALSE(web.was_called());
}

TEST_F(TwoNames, ANameThatLeadsNowhereAtAnAddressIsAnError) {
  Peer pupil = tunnel_to("127.0.0.6");
  pupil.sends(two_names_hello("nowhere.example"));
  pupil.expects(kInternalError);
  EXPECT_FALSE(blocked.was_called());
}

TEST_F(TwoNames, AnAddressAsServerNameIsTheOneThatIsDialled) {
  settings.unnamed.ip_sni = UnnamedAnswer::judge;
  Peer pupil = tunnel_to("127.0.0.6");
  pupil.sends(two_names_hello("127.0.0.1"));
  web.accept().expects(two_names_hello("127.0.0.1"));
  EXPECT_FALSE(blocked.was_called());
}

TEST_F(TwoNames, HttpInATunnelIsJudgedByTheHostThatIsDialled) {
  Peer pupil = tunnel_to("127.0.0.6");
  pupil.sends(forwarded("GET", "casino.example", "/slots"));
  EXPECT_EQ(pupil.answer().status, 403);
  ASSERT_EQ(records().size(), 1u);
  EXPECT_NE(records()[0].find("/slots"), std::string::npos) << records()[0];
  pupil.sends(forwarded("GET", "web.example", "/"));  // on the same tunnel
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "web.example", "/"));
  origin.sends("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(pupil.answer().body, "hello");
  EXPECT_FALSE(blocked.was_called());
}

TEST_F(TwoNames, HttpInATunnelToANameIsForThatNameAlone) {
  settings.limits.pool.idle = std::chrono::seconds(1);
  for (const std::string& request : {forwarded("GET", "other.example", "/"), forwarded("GET", "casino.example", "/"),
                                     std::string("GET / HTTP/1.1\r\nHost: web.example:81\r\n\r\n"),
                                     connect("web.example"), get("web.example", "/")}) {
    Peer pupil = tunnel_to("web.example");
    pupil.sends(request);
    const int status = pupil.answer().status;
    EXPECT_TRUE(status == 421 || status == 400) << status << ' ' << request;
    EXPECT_EQ(web.accept().read(1), "") << request;
  }
  Peer pupil = tunnel_to("web.example");
  pupil.drips(forwarded("GET", "web.example", "/"));
  web.accept().expects(forwarded("GET", "web.example", "/"));
}

TEST_F(TwoNames, HttpIsRefusedElsewhereThanAtPort80WhereTheSchoolRefusesWhatIsNotTls) {
  settings.unnamed.not_tls = UnnamedAnswer::block;
  Peer pupil = tunnel_to("web.example");
  pupil.sends(forwarded("GET", "web.example", "/"));
  pupil.expects(kAlertDenied);
  ASSERT_EQ(records().size(), 1u);
  EXPECT_NE(records()[0].find("not-tls"), std::string::npos) << records()[0];
  EXPECT_EQ(web.accept().read(1), "");
}

TEST_F(TwoNames, AWebSocketGoesThroughATunnelInTheClear) {
  const std::string fields = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
  Peer pupil = tunnel_to("web.example");
  pupil.sends(forwarded("GET", "web.example", "/live", fields));
  Peer origin = web.accept();
  EXPECT_TRUE(origin.read_to("\r\n\r\n").starts_with("GET /live HTTP/1.1\r\n"));
  origin.sends("HTTP/1.1 101 Switching Protocols\r\n" + fields + "\r\nfrom the site");
  EXPECT_TRUE(pupil.read_to("\r\n\r\n").starts_with("HTTP/1.1 101 "));
  pupil.expects("from the site");
  pupil.sends("from the pupil");
  origin.expects("from the pupil");
}

TEST_F(TwoNames, Port80IsForHttpAlone) {
  Peer pupil = client();
  pupil.sends("CONNECT 127.0.0.6:80 HTTP/1.1\r\nHost: 127.0.0.6:80\r\n\r\n");
  pupil.expects("HTTP/1.1 200 Connection established\r\n\r\n");
  pupil.sends(two_names_hello("web.example"));
  pupil.expects(kAlertDenied);
  Peer http = client();
  http.sends("CONNECT 127.0.0.6:80 HTTP/1.1\r\nHost: 127.0.0.6:80\r\n\r\n");
  http.expects("HTTP/1.1 200 Connection established\r\n\r\n");
  http.sends("GET / HTTP/1.1\r\nHost: casino.example\r\n\r\n");
  EXPECT_EQ(http.answer().status, 403);
  EXPECT_FALSE(web.was_called());
  EXPECT_FALSE(blocked.was_called());
}

TEST_F(TwoNames, TheTargetCountsAndNotTheHostField) {
  Peer pupil = client();
  pupil.sends("GET http://" + at("web.example") + "/ HTTP/1.1\r\nHost: casino.example\r\n\r\n");
  web.accept().expects(forwarded("GET", "web.example", "/"));
  Peer other = client();
  other.sends("GET http://" + at("casino.example") + "/ HTTP/1.1\r\nHost: web.example\r\n\r\n");
  EXPECT_EQ(other.answer().status, 403);
}

}  // namespace
}  // namespace schoolgate::flow::test
