// Both ends of HTTP/2 around a gateway that decrypts: what a pupil's browser and a web site say to each other.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tests/proxy/flow/inspected_conversation.h"
#include "tests/proxy/http/h2_peers.h"

namespace schoolgate::flow::testing {

using http::H2Head;
using http::H2Session;
using http::StreamId;

// An HTTP/2 end on a blocking peer.
class H2End {
 public:
  H2End(TlsEnd& end, bool server)
      : peer_(end.inside), session(server ? H2Session::server({}, events) : H2Session::client({}, events)) {
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
  std::string authority_text = at("web.example");
};

}  // namespace schoolgate::flow::testing
