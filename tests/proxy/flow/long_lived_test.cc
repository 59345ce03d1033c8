#include "proxy/flow/long_lived.h"

#include "tests/proxy/flow/h2_end.h"
#include "tests/rules/policies.h"

namespace schoolgate::flow::testing {
namespace {

using namespace std::literals;
using rules::testing::emergency_site;

// What may go on after it should have ended, or end without a trace:
//
//   a download, an upload, an event stream over HTTP/1, after a measure   Http1.A...EndsWhenItIsBlocked
//   a WebSocket, an event stream, a download over HTTP/2                  H2.A...EndsWhenItIsBlocked
//   a request that the web site still thinks about                        ...GetsThePage
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
  EXPECT_NE(pupil.ending(), Ending::silent);
  EXPECT_NE(origin.ending(), Ending::silent);
  wait_until([&] { return records().size() == 1; });
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
}  // namespace schoolgate::flow::testing
