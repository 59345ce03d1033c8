// Both ends of HTTP/2 around a gateway that decrypts: what a pupil's browser and a web site say to each other.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tests/proxy/flow/inspected_conversation.h"
#include "tests/proxy/http/h2_peers.h"

namespace schoolgate::flow::test {

using http::H2Head;
using http::H2Session;
using http::StreamId;

// An HTTP/2 end on a blocking peer.
class H2End {
 public:
  H2End(TlsEnd& end, bool server, const http::H2Limits& limits = {})
      : peer_(end.inside), session(server ? H2Session::server(limits, events) : H2Session::client(limits, events)) {
    events.session = session.get();
  }
  void flush() { peer_.sends(http::output_of(*session)); }
  /// Exchanges bytes until `line` was noted.
  void until(std::string_view line) {
    until_holds([&] { return events.has(line); }, line);
  }
  void until_holds(const std::function<bool()>& holds, std::string_view what) {
    flush();
    while (!holds()) {
      const std::string bytes = peer_.read_some();
      if (bytes.empty()) {
        ADD_FAILURE() << "the connection ended before: " << what;
        for (const auto& line : events.lines) ADD_FAILURE() << line;
        return;
      }
      EXPECT_TRUE(session->receive(bytes));
      flush();
    }
  }

 private:
  Peer& peer_;

 public:
  http::Listener events;
  std::unique_ptr<H2Session> session;
};

class H2Inspection : public InspectionTest {
 protected:
  TlsEnd pupil_h2() { return pupil_inside("web.example", "web.example", "h2,http/1.1"); }
  StreamId ask(H2End& pupil, std::string_view path, std::string_view method = "GET", bool ends = true) {
    H2Head head;
    head.method = method;
    head.scheme = "https";
    head.authority = authority_text;
    head.path = path;
    return pupil.session->request(head, ends);
  }
  static void respond(H2End& site, StreamId stream, std::string_view body, int status = 200) {
    H2Head head;
    head.status = status;
    site.session->respond(stream, head, body.empty());
    if (!body.empty()) EXPECT_EQ(site.session->send_data(stream, body, true), body.size());
    site.flush();
  }
  /// Asks for a page and gets it: by then each side knows what the other takes.
  void talk_once(H2End& pupil, H2End& site) {
    const StreamId stream = ask(pupil, "/1");
    pupil.flush();
    site.until("request 1 GET https " + authority_text + " /1 ends");
    respond(site, 1, "one");
    pupil.until("end " + std::to_string(stream));
  }
  /// The same, and the web site says that it takes no more: the gateway knows that when this returns. `nth`: its number
  /// of the stream.
  void talk_for_the_last_time(H2End& pupil, H2End& site, StreamId nth = 1) {
    const StreamId stream = ask(pupil, "/last");
    pupil.flush();
    site.until("request " + std::to_string(nth) + " GET https " + authority_text + " /last ends");
    site.session->goaway(http::H2Code::no_error);
    respond(site, nth, "last");
    pupil.until("end " + std::to_string(stream));
  }
  /// After talk_once(), a WebSocket on which the web site has said `greeting`: stream 3 there, and the pupil's number.
  StreamId open_websocket(H2End& pupil, H2End& site, std::string_view greeting) {
    pupil.until_holds([&] { return pupil.session->peer_allows_websockets(); }, "WebSockets are announced");
    H2Head head;
    head.method = "CONNECT";
    head.scheme = "https";
    head.authority = authority_text;
    head.path = "/live";
    head.protocol = "websocket";
    const StreamId live = pupil.session->request(head, false);
    pupil.flush();
    site.until("request 3 CONNECT https " + authority_text + " /live");
    H2Head accepted;
    accepted.status = 200;
    site.session->respond(3, accepted, false);
    EXPECT_EQ(site.session->send_data(3, greeting, false), greeting.size());
    site.flush();
    pupil.until_holds([&] { return pupil.events.bodies[live] == greeting; }, "the site's words");
    return live;
  }
  std::string authority_text = at("web.example");
};

}  // namespace schoolgate::flow::test
