#include "proxy/flow/long_lived.h"

#include "tests/breaches/failing_disk.h"
#include "tests/proxy/flow/h2_end.h"
#include "tests/rules/policies.h"

namespace schoolgate::flow::test {
namespace {

using namespace std::literals;
using breaches::FailingDisk;
using rules::test::emergency_site;

// What may go on after it should have ended, or end without a trace:
//
//   a download, an upload, an event stream over HTTP/1, after a measure   Http1.A...EndsWhenItIsBlocked
//   a WebSocket, an event stream, a download over HTTP/2                  H2.A...EndsWhenItIsBlocked
//   a request that the web site still thinks about                        ...GetsThePage
//   a request that waits for the way to its web site                      ...IsJudgedAgainBeforeItIsSent
//   one that is ended by its web site, or by its client                   ...IsLogged
//   an event stream that says nothing for a while                         ASilentEventStreamIsNotCut
using LongLivedHttp1 = Conversation;

TEST_F(LongLivedHttp1, ADownloadEndsWhenItsSiteIsBlocked) {
  Peer pupil = client();
  pupil.sends(get("web.example", "/film"));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "web.example", "/film"));
  origin.sends("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst");
  static_cast<void>(pupil.read_to("first"));
  publish({emergency_site("web.example")});
  EXPECT_EQ(pupil.ending(), Ending::reset);  // it must not look whole
  EXPECT_NE(origin.ending(), Ending::silent);
  wait_until([&] { return records().size() == 1; });
  EXPECT_EQ(counters().rejudged_closed.get(), 1u);
  stop();
  EXPECT_NE(decisions().find(R"("bytes_in":5)"), std::string::npos) << decisions();
}

TEST_F(LongLivedHttp1, AnUploadEndsWhenItsSiteIsBlocked) {
  Peer pupil = client();
  pupil.sends(request("POST", "web.example", "/form", "Content-Length: 100\r\n") + "first");
  Peer origin = web.accept();
  static_cast<void>(origin.read_to("first"));
  publish({emergency_site("web.example")});
  EXPECT_EQ(pupil.answer().status, 403);
  EXPECT_NE(origin.ending(), Ending::silent);
  EXPECT_EQ(records().size(), 1u);
  EXPECT_EQ(upstream_faults(UpstreamFault::connect), 0u);
  pupil.closes();
  stop();
  EXPECT_NE(decisions().find(R"("action":"block")"), std::string::npos) << decisions();
  EXPECT_EQ(decisions().find(R"("rule":"upstream")"), std::string::npos) << decisions();
}

TEST_F(LongLivedHttp1, AnAnswerThatComesAfterTheBlockIsReplacedByThePage) {
  Peer pupil = client();
  pupil.sends(get("web.example", "/slow"));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "web.example", "/slow"));
  publish({emergency_site("web.example")});
  origin.sends("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  const Answer answer = pupil.answer();
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(records().size(), 1u);
}

TEST_F(LongLivedHttp1, ASilentEventStreamIsNotCutWhereASilentDownloadIs) {
  settings.limits.idle = 1s;
  Peer stream = client();
  stream.sends(get("web.example", "/events"));
  Peer events = web.accept();
  events.expects(forwarded("GET", "web.example", "/events"));
  events.sends("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\ndata: 1\n\n");
  static_cast<void>(stream.read_to("data: 1\n\n"));
  Peer pupil = client();
  pupil.sends(get("web.example", "/film"));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "web.example", "/film"));
  origin.sends("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst");
  EXPECT_EQ(pupil.ending(), Ending::reset);
  events.sends("data: 2\n\n");
  stream.expects("data: 2\n\n");
}

TEST_F(LongLivedHttp1, AWebSocketThatIsResetAtOnceIsLogged) {
  Peer pupil = client();
  pupil.sends(request("GET", "web.example", "/chat", "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
  Peer origin = web.accept();
  static_cast<void>(origin.read_to("\r\n\r\n"));
  origin.sends("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  EXPECT_EQ(pupil.answer().status, 101);
  origin.resets();
  EXPECT_NE(pupil.ending(), Ending::silent);
  stop();
  EXPECT_NE(decisions().find(R"("host":"web.example")"), std::string::npos) << decisions();
}

class LongLivedH2 : public H2Inspection {
 protected:
  /// An answer with this type, the first bytes of which have come; the pupil's number of it.
  StreamId begun(H2End& pupil, H2End& site, std::string_view type, std::string_view bytes) {
    const StreamId stream = ask(pupil, "/open");
    pupil.flush();
    site.until("request 1 GET https " + authority_text + " /open ends");
    H2Head head;
    head.status = 200;
    head.add("content-type", type);
    site.session->respond(1, head, false);
    EXPECT_EQ(site.session->send_data(1, bytes, false), bytes.size());
    site.flush();
    pupil.until_holds([&] { return pupil.events.bodies[stream] == bytes; }, "the first bytes");
    return stream;
  }
};

TEST_F(LongLivedH2, AnEventStreamEndsWhenItsSiteIsBlocked) {
  TlsEnd pupil_end = pupil_h2();
  TlsEnd site_end = web_inside("h2");
  H2End pupil(pupil_end, false), site(site_end, true);
  const StreamId stream = begun(pupil, site, "text/event-stream", "data: 1\n\n");
  publish({emergency_site("web.example")});
  pupil.until("reset " + std::to_string(stream) + " INTERNAL_ERROR");
  site.until("reset 1 CANCEL");
  wait_until([&] { return records().size() == 1; });
  pupil_end.inside.closes();
  stop();
  EXPECT_NE(decisions().find(R"("bytes_in":9)"), std::string::npos) << decisions();
}

TEST_F(LongLivedH2, AWebSocketEndsWhenItsSiteIsBlocked) {
  TlsEnd first_end = pupil_h2();
  TlsEnd site_end = web_inside("h2");
  H2End first(first_end, false), site(site_end, true);
  talk_once(first, site);

  TlsEnd second_end = pupil_h2();
  H2End second(second_end, false);
  const StreamId live = open_websocket(second, site, "hello");
  publish({emergency_site("web.example")});
  second.until("reset " + std::to_string(live) + " INTERNAL_ERROR");
  site.until("reset 3 CANCEL");
  wait_until([&] { return records().size() == 1; });
}

TEST_F(LongLivedH2, ARequestThatTheSiteThinksAboutGetsThePage) {
  TlsEnd pupil_end = pupil_h2();
  TlsEnd site_end = web_inside("h2");
  H2End pupil(pupil_end, false), site(site_end, true);
  const StreamId stream = ask(pupil, "/open");
  pupil.flush();
  site.until("request 1 GET https " + authority_text + " /open ends");
  publish({emergency_site("web.example")});
  pupil.until("end " + std::to_string(stream));
  EXPECT_EQ(pupil.events.heads[stream].status, 403);
  site.until("reset 1 CANCEL");
  EXPECT_EQ(records().size(), 1u);
}

// The web site has gone, the way to it is dialled anew, and it takes until after the block.
class H2Waiting : public LongLivedH2 {
 protected:
  /// A request that waits: the web site is called, and does not answer the handshake.
  StreamId waiting(H2End& pupil, std::string_view method = "GET") {
    {
      TlsEnd site_end = web_inside("h2");
      H2End site(site_end, true);
      talk_for_the_last_time(pupil, site);
    }
    const StreamId stream = ask(pupil, "/open", method);
    pupil.flush();
    wait_until([&] { return web.was_called(); });
    return stream;
  }
  /// What the web site is asked once it answers; the gateway's first words to it have been read.
  static void read_what_came(TlsEnd& end, H2End& site) {
    site.until_holds([&] { return site.events.settings != 0; }, "the gateway's settings");
    while (end.inside.has_news()) EXPECT_TRUE(site.session->receive(end.inside.read_some()));
  }
};

TEST_F(H2Waiting, ARequestIsJudgedAgainBeforeItIsSent) {
  Peer film = client();
  film.sends(get("web.example", "/film"));
  Peer origin = web.accept();
  static_cast<void>(origin.read_to("\r\n\r\n"));
  origin.sends("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst");
  TlsEnd pupil_end = pupil_h2();
  H2End pupil(pupil_end, false);
  const StreamId stream = waiting(pupil, "POST");
  publish({emergency_site("web.example")});
  wait_until([&] { return counters().rejudged_closed.get() == 1; });  // the film: all that runs was looked at
  TlsEnd site_end = web_inside("h2");
  H2End site(site_end, true);
  read_what_came(site_end, site);
  EXPECT_TRUE(site.events.heads.empty()) << "it was asked";
  pupil.until("end " + std::to_string(stream));
  EXPECT_EQ(pupil.events.heads[stream].status, 403);
  wait_until([&] { return records().size() == 2; });
}

TEST_F(H2Waiting, ARequestOfSomebodyWhoSignsOutLeadsToTheSignInPage) {
  sign_in = std::make_shared<const SignInGate>(
      *SignInGate::make({*names::IpNetwork::parse("127.0.0.0/8")}, "https://signin.school.example/", {{}, 9}));
  know({{"127.0.0.1", person("amelia.hughes")}});
  TlsEnd pupil_end = pupil_h2();
  H2End pupil(pupil_end, false);
  const StreamId stream = waiting(pupil);
  know({});
  TlsEnd site_end = web_inside("h2");
  H2End site(site_end, true);
  read_what_came(site_end, site);
  EXPECT_TRUE(site.events.heads.empty()) << "it was asked";
  pupil.until("response " + std::to_string(stream) + " 302 ends");
}

TEST_F(H2Waiting, WhatWasRefusedWhileItWasAskedAnewIsNotSent) {
  FailingDisk disk;
  log_settings.vfs = FailingDisk::kName;
  log_settings.durable_deadline = 10min;
  TlsEnd pupil_end = pupil_h2();
  H2End pupil(pupil_end, false);
  std::optional<TlsEnd> first_end(web_inside("h2"));
  const StreamId stream = ask(pupil, "/open");
  pupil.flush();
  {
    H2End first(*first_end, true);
    first.until("request 1 GET https " + authority_text + " /open ends");
    first_end.reset();
  }
  wait_until([&] { return web.was_called(); });  // asked once more
  disk.become(FailingDisk::Mood::hanging);       // the page waits for its record
  publish({emergency_site("web.example")});
  wait_until([&] { return counters().rejudged_closed.get() == 1; });
  TlsEnd site_end = web_inside("h2");
  H2End site(site_end, true);
  read_what_came(site_end, site);
  EXPECT_TRUE(site.events.heads.empty()) << "it was asked";
  disk.become(FailingDisk::Mood::well);
  pupil.until("end " + std::to_string(stream));
  EXPECT_EQ(pupil.events.heads[stream].status, 403);
}

TEST_F(InspectionTest, ARequestThatWaitsForItsWebSiteIsJudgedAgainBeforeItIsSent) {
  TlsEnd pupil = pupil_inside("web.example", "web.example", "http/1.1");
  TlsEnd first = web_inside("http/1.1");
  pupil.inside.sends(get_inside("/open"));
  first.inside.expects(get_inside("/open"));
  first.inside.sends("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_EQ(pupil.inside.answer().status, 200);
  // A form is never sent over a kept connection: it waits for one of its own.
  pupil.inside.sends("POST /form HTTP/1.1\r\nHost: " + at("web.example") + "\r\nContent-Length: 4\r\n\r\nform");
  wait_until([&] { return web.was_called(); });
  publish({emergency_site("web.example")});
  TlsEnd site = web_inside("http/1.1");
  EXPECT_EQ(pupil.inside.answer().status, 403);
  EXPECT_EQ(site.inside.read(1), "") << "it was sent";
  EXPECT_EQ(records().size(), 1u);
}

TEST_F(InspectionTest, ATunnelIsJudgedAgainBeforeItsHelloIsSentOn) {
  const auto trusts_the_web = tls::plain_client_context(root.certificate.get());
  Peer tunnel = tunnel_to("other.example");
  Peer origin = web.accept();
  publish({emergency_site("other.example")});
  TlsEnd pupil = TlsEnd::client(std::move(tunnel), trusts_the_web.get(), "other.example");
  EXPECT_EQ(origin.read(1), "") << "the hello was sent on";
  wait_until([&] { return records().size() == 1; });
}

TEST_F(LongLivedH2, AnAnswerThatItsSiteGivesUpIsLogged) {
  TlsEnd pupil_end = pupil_h2();
  TlsEnd site_end = web_inside("h2");
  H2End pupil(pupil_end, false), site(site_end, true);
  const StreamId stream = begun(pupil, site, "video/mp4", "content");
  site.session->reset(1, http::H2Code::internal_error);
  site.flush();
  pupil.until("reset " + std::to_string(stream) + " INTERNAL_ERROR");
  pupil_end.inside.closes();
  stop();
  EXPECT_NE(decisions().find(R"("bytes_in":7)"), std::string::npos) << decisions();
}

TEST_F(LongLivedH2, ADrainDoesNotWaitForASilentEventStream) {
  settings.limits.drain = 600s;
  TlsEnd pupil_end = pupil_h2();
  TlsEnd site_end = web_inside("h2");
  H2End pupil(pupil_end, false), site(site_end, true);
  const StreamId stream = begun(pupil, site, "text/event-stream", "data: 1\n\n");
  worker_->drain();
  pupil.until("reset " + std::to_string(stream) + " INTERNAL_ERROR");
  worker_->join();
}

}  // namespace
}  // namespace schoolgate::flow::test
