// What was tried, or went on for long, is written down whatever ends it.
//
//   a blocked name, our certificate is not trusted          BlockedName.ADeviceWithoutOurCertificate...
//   ... or trusted, and nothing is asked inside             BlockedName.AHandshakeWithoutARequest... (closed, reset,
//   silent)
//   ... or only what is no request                          BlockedName.WhatIsNoRequest...
//   two records of one attempt                              BlockedName.WhatIsAskedInside...
//   an attempt where there was none: a part that is open    BlockedName.AnOpenPart...
//   a tunnel, a WebSocket, an event stream, a download, an upload, ended by either side, by silence, by a measure or by
//   the gateway's own end                                   Ends
#include <algorithm>

#include "proxy/flow/long_lived.h"
#include "tests/proxy/flow/h2_end.h"
#include "tests/rules/policies.h"

namespace schoolgate::flow::test {
namespace {

using namespace std::literals;
using rules::test::allow_url;
using rules::test::emergency_site;

class BlockedName : public H2Inspection {
 protected:
  // Through a tunnel that another name has opened: as on the transparent entrance, nothing is known before the hello.
  TlsEnd blocked_inside(std::string_view alpn = {}) { return pupil_inside("other.example", "casino.example", alpn); }
  TlsEnd without_our_certificate(std::string_view connect_to, std::string_view name) {
    const auto others = tls::plain_client_context(root.certificate.get());
    return TlsEnd::client(tunnel_to(connect_to), others.get(), name);
  }
};

TEST_F(BlockedName, ADeviceWithoutOurCertificateIsRecorded) {
  TlsEnd pupil = without_our_certificate("other.example", "casino.example");
  EXPECT_FALSE(pupil.facts().done);
  wait_until([&] { return records().size() == 1; });
  EXPECT_NE(records()[0].find(R"("site":"casino.example")"), std::string::npos) << records()[0];
}

TEST_F(BlockedName, ADeviceWithoutOurCertificateIsRecordedWhereAPartIsOpen) {
  policy.rules = {allow_url("casino.example/museum")};
  TlsEnd pupil = without_our_certificate("casino.example", "casino.example");
  TlsEnd site = web_inside();
  EXPECT_FALSE(pupil.facts().done);
  wait_until([&] { return records().size() == 1; });
  TlsEnd by_name = without_our_certificate("other.example", "casino.example");
  EXPECT_FALSE(by_name.facts().done);
  wait_until([&] { return records().size() == 2; });
}

TEST_F(BlockedName, ADeviceWithoutOurCertificateAtAnAllowedSiteIsNot) {
  TlsEnd pupil = without_our_certificate("web.example", "web.example");
  TlsEnd site = web_inside();
  EXPECT_FALSE(pupil.facts().done);
  wait_until([&] { return counters().leaf_refused.get() == 1; });
  stop();
  EXPECT_TRUE(records().empty());
}

TEST_F(BlockedName, AHandshakeWithoutARequestIsRecorded) {
  settings.limits.idle = 1s;
  std::size_t expected = 0;
  for (const std::string_view alpn : {"http/1.1", "h2"}) {
    {
      TlsEnd closes = blocked_inside(alpn);
      ASSERT_TRUE(closes.facts().done) << closes.facts().why;
      EXPECT_EQ(records().size(), expected) << "what is asked inside tells more";
      closes.inside.closes();
      wait_until([&] { return records().size() == expected + 1; });
    }
    TlsEnd silent = blocked_inside(alpn);
    ASSERT_TRUE(silent.facts().done);
    wait_until([&] { return records().size() == expected + 2; });
    expected += 2;
  }
  TlsEnd at_the_end = blocked_inside("http/1.1");
  ASSERT_TRUE(at_the_end.facts().done);
  stop();
  EXPECT_EQ(records().size(), expected + 1) << "the gateway's own end";
}

TEST_F(BlockedName, WhatIsNoRequestIsRecordedByItsName) {
  TlsEnd pupil = blocked_inside("http/1.1");
  pupil.inside.sends("NONSENSE\r\n\r\n");
  EXPECT_EQ(pupil.inside.answer().status, 400);
  pupil.inside.closes();
  wait_until([&] { return records().size() == 1; });
}

TEST_F(BlockedName, WhatIsAskedInsideIsRecordedOnce) {
  for (const std::string_view alpn : {"http/1.1", "h2"}) {
    TlsEnd pupil_end = blocked_inside(alpn);
    if (alpn == "h2") {
      H2End pupil(pupil_end, false);
      H2Head head;
      const std::string host = at("casino.example");
      head.method = "GET";
      head.scheme = "https";
      head.authority = host;
      head.path = "/slots";
      const StreamId stream = pupil.session->request(head, true);
      pupil.flush();
      pupil.until("end " + std::to_string(stream));
    } else {
      pupil_end.inside.sends(get_inside("/slots", "casino.example"));
      EXPECT_EQ(pupil_end.inside.answer().status, 403);
    }
    pupil_end.inside.closes();
  }
  stop();
  ASSERT_EQ(records().size(), 2u);
  for (const std::string& record : records()) EXPECT_NE(record.find("/slots"), std::string::npos) << record;
}

TEST_F(BlockedName, AnOpenPartOfItIsNoAttempt) {
  policy.rules = {allow_url("casino.example/museum")};
  TlsEnd pupil = pupil_inside("casino.example", "casino.example");
  TlsEnd site = web_inside();
  pupil.inside.sends(get_inside("/museum", "casino.example"));
  site.inside.expects(get_inside("/museum", "casino.example"));
  site.inside.sends("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(pupil.inside.answer().status, 204);
  // A browser opens connections that it then does not need.
  TlsEnd spare = pupil_inside("casino.example", "casino.example");
  ASSERT_TRUE(spare.facts().done) << spare.facts().why;
  spare.inside.closes();
  pupil.inside.closes();
  stop();
  EXPECT_TRUE(records().empty()) << records()[0];
}

enum class Traffic { download, upload, event_stream, websocket, tunnel };
enum class How { client_closes, client_resets, site_closes, site_resets, silence, measure, drain };

class Ends : public Conversation, public ::testing::WithParamInterface<std::tuple<Traffic, How>> {
 protected:
  struct Talk {
    Peer client, site;
  };
  Talk begin(Traffic kind) {
    if (kind == Traffic::tunnel) {
      Peer pupil = tunnel_to("web.example");
      pupil.sends("\x01\x02 no TLS");
      Peer origin = web.accept();
      origin.expects("\x01\x02 no TLS");
      return {std::move(pupil), std::move(origin)};
    }
    Peer pupil = client();
    std::string more;
    if (kind == Traffic::upload) more = "Content-Length: 100\r\n";
    if (kind == Traffic::websocket) more = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    pupil.sends(request(kind == Traffic::upload ? "POST" : "GET", "web.example", "/x", more));
    if (kind == Traffic::upload) pupil.sends("first");
    Peer origin = web.accept();
    static_cast<void>(origin.read_to(kind == Traffic::upload ? "first" : "\r\n\r\n"));
    if (kind == Traffic::download) origin.sends("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst");
    if (kind == Traffic::event_stream)
      origin.sends(
          "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
    if (kind == Traffic::websocket)
      origin.sends("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirst");
    if (kind != Traffic::upload) static_cast<void>(pupil.read_to("first"));
    return {std::move(pupil), std::move(origin)};
  }
};

TEST_P(Ends, AreWrittenDown) {
  const auto [kind, how] = GetParam();
  settings.unnamed.not_tls = UnnamedAnswer::judge;
  // A download ends by its silence, whoever waits for it.
  if (how == How::silence || kind == Traffic::download)
    settings.limits.idle = settings.limits.idle_tunnel = settings.limits.response = 1s;
  Talk talk = begin(kind);
  switch (how) {
    case How::client_closes: talk.client.closes(); break;
    case How::client_resets: talk.client.resets(); break;
    case How::site_closes: talk.site.closes(); break;
    case How::site_resets: talk.site.resets(); break;
    case How::silence: break;
    case How::measure: publish({emergency_site("web.example")}); break;
    case How::drain: worker_->drain(); break;
  }
  if (how == How::site_closes && (kind == Traffic::tunnel || kind == Traffic::websocket))
    talk.client.finishes_sending();
  if (how == How::client_closes || how == How::client_resets)
    EXPECT_NE(talk.site.ending(), Ending::silent);
  else
    EXPECT_NE(talk.client.ending(), Ending::silent);
  if (how == How::measure) wait_until([&] { return records().size() == 1; });
  talk.client.closes();
  stop();
  const std::string log = decisions();
  EXPECT_GE(std::ranges::count(log, '\n'), 1) << log;
  EXPECT_NE(log.find(R"("host":"web.example")"), std::string::npos) << log;
}

INSTANTIATE_TEST_SUITE_P(All, Ends,
                         ::testing::Combine(::testing::Values(Traffic::download, Traffic::upload, Traffic::event_stream,
                                                              Traffic::websocket, Traffic::tunnel),
                                            ::testing::Values(How::client_closes, How::client_resets, How::site_closes,
                                                              How::site_resets, How::silence, How::measure,
                                                              How::drain)));

}  // namespace
}  // namespace schoolgate::flow::test
