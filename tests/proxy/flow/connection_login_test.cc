// NTLM and Negotiate: the connection that a client has logged in on is that client's alone.
//
//   it can go wrong                                              | here
//   --------------------------------------------------------------|----------------------------------------------------
//   the steps of one login go out on different connections        | EveryStepOfALoginGoesOutOnOneConnection
//   another client is taken for the one who logged in             | NobodyElseEverAsksOnIt (every spelling of a login)
//   the login is hidden: a second field, a list, a tab, capitals  | the same
//   the web site logs the connection in by its answer             | AnAnswerCanTellThatAConnectionIsLoggedIn
//   the same client's request to another site goes out on it      | AnotherSiteIsAskedElsewhere
//   a request stands in for a login that is lost                  | WhenItIsOverTheClientLogsInAnew (quiet, in the
//   middle) it outlives the client                                        | ItEndsWithTheClient a client that waits for
//   Proxy-Support never begins            | WhoAsksForALoginIsToldThatItHolds over HTTP/2 the login would be
//   everybody's                    | OverHttp2TheClientIsAskedToComeOverHttp1
#include "proxy/flow/connection_login.h"

#include <gmock/gmock.h>

#include <optional>

#include "tests/proxy/flow/h2_end.h"
#include "tests/proxy/flow/inspected_conversation.h"

namespace schoolgate::flow::test {
namespace {

constexpr std::string_view kLoggedInHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
constexpr std::string_view kChallenge =
    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM TlRMTVNTUAAC\r\nContent-Length: 0\r\n\r\n";

class ConnectionLogin : public InspectionTest {
 protected:
  static std::string with(std::string_view credentials) {
    return "Authorization: " + std::string(credentials) + "\r\n";
  }
  // Logs in; the connection to the web site.
  Peer log_in(Peer& pupil) {
    pupil.sends(request("GET", "web.example", "/", with("NTLM TlRMTVNTUAAB")));
    Peer origin = web.accept();
    EXPECT_THAT(origin.read_to("\r\n\r\n"), ::testing::HasSubstr("NTLM TlRMTVNTUAAB"));
    origin.sends(kChallenge);
    EXPECT_EQ(pupil.answer().status, 401);
    pupil.sends(request("GET", "web.example", "/", with("NTLM TlRMTVNTUAAD")));
    EXPECT_THAT(origin.read_to("\r\n\r\n"), ::testing::HasSubstr("NTLM TlRMTVNTUAAD"));
    origin.sends(kLoggedInHello);
    pupil.expects(kLoggedInHello);
    return origin;
  }
};

TEST_F(ConnectionLogin, EveryStepOfALoginGoesOutOnOneConnection) {
  Peer pupil = client();
  Peer origin = log_in(pupil);
  // What comes after shows no credentials, and is the same person's: a form too, which is otherwise sent elsewhere.
  pupil.sends(request("POST", "web.example", "/form", "Content-Length: 2\r\n") + "ok");
  origin.expects(forwarded("POST", "web.example", "/form", "Content-Length: 2\r\n") + "ok");
  origin.sends(kLoggedInHello);
  pupil.expects(kLoggedInHello);
  EXPECT_FALSE(web.was_called());
}

TEST_F(ConnectionLogin, NobodyElseEverAsksOnIt) {
  for (const std::string& login :
       {with("NTLM TlRMTVNTUAAD"), with("negotiate YII"), with("nTlM\tTlRM"), with("Basic YTpi") + with("NTLM TlRM"),
        with("Basic realm, Negotiate YII"), with(" \tNTLM"), std::string("AUTHORIZATION:NTLM x\r\n")}) {
    Peer pupil = client();
    pupil.sends(request("GET", "web.example", "/", login));
    Peer origin = web.accept();
    static_cast<void>(origin.read_to("\r\n\r\n"));
    origin.sends(kLoggedInHello);
    pupil.expects(kLoggedInHello);
    Peer other = client();
    for (const std::string_view credentials : {"", "Authorization: NTLM other\r\n"}) {
      other.sends(request("GET", "web.example", "/other", credentials));
      Peer its_own = web.accept();
      EXPECT_THAT(its_own.read_to("\r\n\r\n"), ::testing::HasSubstr("/other")) << login;
      its_own.sends("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nother");
      EXPECT_EQ(other.answer().body, "other");
    }
    EXPECT_FALSE(origin.has_news()) << login;
  }
}

TEST_F(ConnectionLogin, AnAnswerCanTellThatAConnectionIsLoggedIn) {
  for (const std::string_view told : {"Persistent-Auth: true", "WWW-Authenticate: Negotiate oYG2"}) {
    Peer pupil = client();
    pupil.sends(get("web.example", "/"));
    Peer origin = web.accept();
    static_cast<void>(origin.read_to("\r\n\r\n"));
    origin.sends("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" + std::string(told) + "\r\n\r\nhello");
    EXPECT_EQ(pupil.answer().body, "hello");
    Peer other = client();
    other.sends(get("web.example", "/other"));
    Peer its_own = web.accept();
    static_cast<void>(its_own.read_to("\r\n\r\n"));
    its_own.sends("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nother");
    EXPECT_EQ(other.answer().body, "other");
    EXPECT_FALSE(origin.has_news()) << told;
  }
}

TEST_F(ConnectionLogin, AConnectionThatWasOnlyChallengedIsKeptForAll) {
  Peer pupil = client();
  pupil.sends(get("web.example", "/"));
  Peer origin = web.accept();
  static_cast<void>(origin.read_to("\r\n\r\n"));
  origin.sends(
      "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM\r\n"
      "Content-Length: 0\r\n\r\n");
  EXPECT_EQ(pupil.answer().status, 401);
  Peer other = client();
  other.sends(get("web.example", "/other"));
  EXPECT_THAT(origin.read_to("\r\n\r\n"), ::testing::HasSubstr("/other"));
}

TEST_F(ConnectionLogin, AnotherSiteIsAskedElsewhere) {
  Peer pupil = client();
  Peer origin = log_in(pupil);
  pupil.sends(get("other.example", "/"));
  Peer elsewhere = web.accept();
  elsewhere.expects(forwarded("GET", "other.example", "/"));
  elsewhere.sends(kLoggedInHello);
  pupil.expects(kLoggedInHello);
  // And the login is there as before.
  pupil.sends(get("web.example", "/again"));
  origin.expects(forwarded("GET", "web.example", "/again"));
}

TEST_F(ConnectionLogin, WhenItIsOverTheClientLogsInAnew) {
  for (const bool quietly : {true, false}) {
    Peer pupil = client();
    Peer origin = log_in(pupil);
    if (quietly) origin.closes();
    pupil.sends(get("web.example", "/next"));
    if (!quietly) {
      static_cast<void>(origin.read_to("/next"));
      origin.resets();
    }
    // No answer of ours and none of another connection: the web site's own end.
    Ending ending = Ending::silent;
    EXPECT_EQ(pupil.rest(ending), "");
    EXPECT_EQ(ending, Ending::closed);
    EXPECT_FALSE(web.was_called());
  }
}

TEST_F(ConnectionLogin, ItEndsWithTheClient) {
  std::optional<Peer> pupil(client());
  Peer origin = log_in(*pupil);
  pupil.reset();
  EXPECT_EQ(origin.ending(), Ending::closed);
}

TEST_F(ConnectionLogin, WhoAsksForALoginIsToldThatItHolds) {
  Peer pupil = client();
  for (const std::string_view scheme : {"NTLM", "Basic realm=\"x\", Negotiate", "Basic realm=\"x\""}) {
    pupil.sends(get("web.example", "/"));
    Peer origin = web.accept();
    static_cast<void>(origin.read_to("\r\n\r\n"));
    origin.sends("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: " + std::string(scheme) +
                 "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    const bool told = pupil.answer().has("Proxy-Support: Session-Based-Authentication\r\n");
    EXPECT_EQ(told, !scheme.ends_with("\"x\"")) << scheme;
  }
}

TEST_F(ConnectionLogin, OverHttp2TheClientIsAskedToComeOverHttp1) {
  TlsEnd pupil_end = pupil_inside("web.example", "web.example", "h2");
  TlsEnd site_end = web_inside("h2");
  H2End pupil(pupil_end, false);
  http::H2Head head;
  const std::string authority_text = at("web.example");
  head.method = "GET";
  head.scheme = "https";
  head.authority = authority_text;
  head.path = "/";
  head.add("authorization", "NTLM TlRMTVNTUAAB");
  const http::StreamId stream = pupil.session->request(head, true);
  pupil.flush();
  pupil.until("reset " + std::to_string(stream) + " HTTP_1_1_REQUIRED");
  // Over HTTP/1.1 it is a login like any other.
  TlsEnd again = pupil_inside("web.example", "web.example", "http/1.1");
  TlsEnd site = web_inside("http/1.1");
  again.inside.sends("GET / HTTP/1.1\r\nHost: " + authority_text + "\r\nAuthorization: NTLM TlRMTVNTUAAB\r\n\r\n");
  EXPECT_THAT(site.inside.read_to("\r\n\r\n"), ::testing::HasSubstr("TlRMTVNTUAAB"));
  site.inside.sends(kChallenge);
  EXPECT_THAT(again.inside.read_to("\r\n\r\n"), ::testing::HasSubstr("TlRMTVNTUAAC"));
  again.inside.sends("GET / HTTP/1.1\r\nHost: " + authority_text + "\r\nAuthorization: NTLM TlRMTVNTUAAD\r\n\r\n");
  EXPECT_THAT(site.inside.read_to("\r\n\r\n"), ::testing::HasSubstr("TlRMTVNTUAAD"));
  EXPECT_FALSE(web.was_called());
}

}  // namespace
}  // namespace schoolgate::flow::test
