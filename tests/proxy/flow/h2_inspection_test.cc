// HTTP/2 inside TLS: every stream is judged, and flows to the web site over one shared connection.
#include "proxy/flow/h2_call.h"
#include "tests/proxy/flow/h2_end.h"

namespace schoolgate::flow::test {
namespace {

TEST_F(H2Inspection, BothSidesSpeakItWhenBothCan) {  // TLS-19
  TlsEnd pupil_end = pupil_h2();
  TlsEnd site_end = web_inside("h2");
  H2End pupil(pupil_end, false), site(site_end, true);
  ASSERT_EQ(pupil_end.facts().alpn, "h2");
  const StreamId stream = ask(pupil, "/open");
  pupil.flush();
  site.until("request 1 GET https " + authority_text + " /open ends");
  respond(site, 1, "hello");
  pupil.until("end " + std::to_string(stream));
  EXPECT_EQ(pupil.events.bodies[stream], "hello");
  pupil_end.inside.closes();
  stop();
  EXPECT_NE(decisions().find(R"("inspected":true)"), std::string::npos) << decisions();
}

TEST_F(H2Inspection, WhatTheWebSiteDoesNotSpeakIsNotOffered) {
  TlsEnd pupil_end = pupil_h2();
  TlsEnd site_end = web_inside("http/1.1");
  EXPECT_EQ(pupil_end.facts().alpn, "http/1.1");
}

TEST_F(H2Inspection, WhoSignsOutIsLedToTheSignInPageWithTheNextStream) {
  sign_in = std::make_shared<const SignInGate>(
      *SignInGate::make({*names::IpNetwork::parse("127.0.0.0/8")}, "https://signin.school.example/", {{}, 9}));
  know({{"127.0.0.1", person("amelia.hughes")}});
  TlsEnd pupil_end = pupil_h2();
  TlsEnd site_end = web_inside("h2");
  H2End pupil(pupil_end, false), site(site_end, true);
  const StreamId known = ask(pupil, "/open");
  pupil.flush();
  site.until("request 1 GET https " + authority_text + " /open ends");
  respond(site, 1, "hello");
  pupil.until("end " + std::to_string(known));
  know({});
  const StreamId page = ask(pupil, "/open"), call = ask(pupil, "/call", "POST");
  pupil.until("end " + std::to_string(call));
  EXPECT_EQ(pupil.events.heads[page].status, 302);
  EXPECT_EQ(pupil.events.heads[call].status, 511);
  EXPECT_TRUE(records().empty());
}

TEST_F(H2Inspection, WhatIsReadFromNowOnGoesOverHttp1) {
  TlsEnd pupil_end = pupil_h2();
  TlsEnd site_end = web_inside("h2");
  H2End pupil(pupil_end, false), site(site_end, true);
  talk_once(pupil, site);
  policy.groups.front().content.emplace();
  publish({});
  const StreamId page = ask(pupil, "/open");
  pupil.until("reset " + std::to_string(page) + " HTTP_1_1_REQUIRED");
}

TEST_F(H2Inspection, AForbiddenStreamGetsThePageAndTheOthersGoOn) {
  TlsEnd pupil_end = pupil_h2();
  TlsEnd site_end = web_inside("h2");
  H2End pupil(pupil_end, false), site(site_end, true);
  const StreamId good = ask(pupil, "/open"), bad = ask(pupil, "/secret/door"), also = ask(pupil, "/more");
  pupil.until("end " + std::to_string(bad));
  EXPECT_EQ(pupil.events.heads[bad].status, 403);
  EXPECT_NE(pupil.events.bodies[bad].find("closed at school"), std::string::npos);
  ASSERT_EQ(records().size(), 1u);
  site.until_holds([&] { return site.events.heads.size() == 2; }, "two requests");
  respond(site, 1, "one");
  respond(site, 3, "two");
  pupil.until("end " + std::to_string(good));
  pupil.until("end " + std::to_string(also));
}

TEST_F(H2Inspection, APageInsideIsAllThatItsConnectionCarries) {
  authority_text = at("casino.example");
  TlsEnd pupil_end = pupil_inside("casino.example", "casino.example", "h2");
  H2End pupil(pupil_end, false);
  const StreamId page = ask(pupil, "/slots");
  pupil.until("end " + std::to_string(page));
  EXPECT_EQ(pupil.events.heads[page].status, 403);
  EXPECT_EQ(records().size(), 1u) << "that of the CONNECT";
  const StreamId next = ask(pupil, "/");
  pupil.until("reset " + std::to_string(next) + " REFUSED_STREAM");
}

TEST_F(H2Inspection, AnotherAuthorityIsMisdirected) {  // TLS-10, TLS-28
  TlsEnd pupil_end = pupil_h2();
  TlsEnd site_end = web_inside("h2");
  H2End pupil(pupil_end, false);
  authority_text = at("other.example");
  const StreamId stream = ask(pupil, "/open");
  pupil.until("end " + std::to_string(stream));
  EXPECT_EQ(pupil.events.heads[stream].status, 421);
}

TEST_F(H2Inspection, ClientsShareTheConnectionToTheWebSite) {
  TlsEnd first_end = pupil_h2();
  TlsEnd site_end = web_inside("h2");
  H2End first(first_end, false), site(site_end, true);
  const StreamId one = ask(first, "/1");
  first.flush();
  site.until("request 1 GET https " + authority_text + " /1 ends");
  TlsEnd second_end = pupil_h2();
  H2End second(second_end, false);
  const StreamId two = ask(second, "/2");
  second.flush();
  site.until("request 3 GET https " + authority_text + " /2 ends");
  respond(site, 3, "two");
  second.until("end " + std::to_string(two));
  respond(site, 1, "one");
  first.until("end " + std::to_string(one));
  EXPECT_FALSE(web.was_called());
}

TEST_F(H2Inspection, BodiesLargerThanEveryWindowGoBothWays) {
  TlsEnd pupil_end = pupil_h2();
  TlsEnd site_end = web_inside("h2");
  H2End pupil(pupil_end, false), site(site_end, true);
  const std::string body(2'000'000, 'b');
  const StreamId up = ask(pupil, "/form", "POST", false);
  std::size_t sent = 0;
  const auto send_more = [&](StreamId stream) {
    sent += pupil.session->send_data(stream, std::string_view(body).substr(sent), true);
  };
  pupil.events.when_writable = send_more;
  send_more(up);
  std::thread uploader([&] { pupil.until("end " + std::to_string(up)); });
  site.until("end 1");
  EXPECT_EQ(site.events.bodies[1], body);
  H2Head head;
  head.status = 200;
  site.session->respond(1, head, false);
  std::size_t answered = 0;
  const auto answer_more = [&](StreamId stream) {
    answered += site.session->send_data(stream, std::string_view(body).substr(answered), true);
  };
  site.events.when_writable = answer_more;
  answer_more(1);
  site.until_holds([&] { return answered == body.size() && site.session->queued(1) == 0; }, "the answer is sent");
  uploader.join();
  EXPECT_EQ(pupil.events.bodies[up], body);
}

TEST_F(H2Inspection, AWebSiteThatGoesAwayIsSaidToBeSo) {
  TlsEnd pupil_end = pupil_h2();
  H2End pupil(pupil_end, false);
  std::optional<TlsEnd> site_end(web_inside("h2"));
  const StreamId stream = ask(pupil, "/open");
  pupil.flush();
  {
    H2End site(*site_end, true);
    site.until("request 1 GET https " + authority_text + " /open ends");
    site_end.reset();
  }
  web.accept().closes();  // asked once more, and not a third time
  pupil.until("end " + std::to_string(stream));
  EXPECT_EQ(pupil.events.heads[stream].status, 502);
  EXPECT_EQ(counters().asked_anew.get(), 1u);
}

TEST_F(H2Inspection, TheClientsResetReachesTheWebSite) {
  TlsEnd pupil_end = pupil_h2();
  TlsEnd site_end = web_inside("h2");
  H2End pupil(pupil_end, false), site(site_end, true);
  const StreamId stream = ask(pupil, "/open");
  pupil.flush();
  site.until("request 1 GET https " + authority_text + " /open ends");
  pupil.session->reset(stream, http::H2Code::cancel);
  pupil.flush();
  site.until("reset 1 CANCEL");
}

TEST_F(H2Inspection, AClientThatLeavesTakesItsStreamsAlong) {
  std::optional<TlsEnd> pupil_end(pupil_h2());
  TlsEnd site_end = web_inside("h2");
  H2End site(site_end, true);
  {
    H2End pupil(*pupil_end, false);
    ask(pupil, "/open");
    pupil.flush();
    site.until("request 1 GET https " + authority_text + " /open ends");
    pupil_end.reset();
  }
  site.until("reset 1 CANCEL");
}

TEST_F(H2Inspection, AWebSocketGoesOverItWhereTheWebSiteTakesThat) {  // TLS-20, RFC 8441
  TlsEnd first_end = pupil_h2();
  TlsEnd site_end = web_inside("h2");
  H2End first(first_end, false), site(site_end, true);
  talk_once(first, site);

  TlsEnd second_end = pupil_h2();
  H2End second(second_end, false);
  const StreamId live = open_websocket(second, site, "from the site");
  EXPECT_EQ(second.session->send_data(live, "from the pupil", false), 14u);
  second.flush();
  site.until_holds([&] { return site.events.bodies[3] == "from the pupil"; }, "the pupil's words");
}

TEST_F(H2Inspection, TrailersArrive) {
  TlsEnd pupil_end = pupil_h2();
  TlsEnd site_end = web_inside("h2");
  H2End pupil(pupil_end, false), site(site_end, true);
  const StreamId stream = ask(pupil, "/call", "POST", true);
  pupil.flush();
  site.until("request 1 POST https " + authority_text + " /call ends");
  H2Head head;
  head.status = 200;
  head.add("content-type", "application/grpc");
  site.session->respond(1, head, false);
  EXPECT_EQ(site.session->send_data(1, "message", false), 7u);
  H2Head trailers;
  trailers.add("grpc-status", "0");
  site.session->send_trailers(1, trailers);
  site.flush();
  pupil.until("end " + std::to_string(stream));
  EXPECT_TRUE(pupil.events.has("trailers " + std::to_string(stream) + " grpc-status=0"));
}

}  // namespace
}  // namespace schoolgate::flow::test
