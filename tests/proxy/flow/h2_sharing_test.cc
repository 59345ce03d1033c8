// What strangers share of one connection to a web site, and what is asked of it once more.
#include <algorithm>

#include "proxy/flow/client_account.h"
#include "proxy/flow/h2_upstream.h"
#include "tests/proxy/flow/h2_end.h"

namespace schoolgate::flow::test {
namespace {

// How one client takes what others share:
//
//   it does not read what it has asked for             AClientThatReadsNothingStopsNobodyElse
//   ... of more than it may have held for it           AClientThatReadsNothingLosesItsOwnStreams
//   it sends more than anybody takes                   AClientThatSendsToNobodyLosesItsOwnStreams
//   it opens streams without end                       AClientHasNoMoreStreamsThanItsSum
class H2Sharing : public H2Inspection {
 protected:
  TlsEnd pupil_from(std::string_view address) {
    Peer peer = client_from(address);
    peer.sends(connect("web.example"));
    EXPECT_EQ(peer.answer(true).status, 200);
    return TlsEnd::client(std::move(peer), pupil_context.get(), "web.example", "h2,http/1.1");
  }
  /// Sends as much of an endless answer as the gateway takes.
  static void answer_without_end(H2End& site, StreamId stream) {
    H2Head head;
    head.status = 200;
    site.session->respond(stream, head, false);
    static_cast<void>(site.session->send_data(stream, std::string(128 * 1024, 'x'), false));
    site.events.when_writable = [&site](StreamId which) {
      static_cast<void>(site.session->send_data(which, std::string(128 * 1024, 'x'), false));
    };
  }
  /// Asks for eight films of which the web site sends as much as the gateway takes; nobody reads any of it.
  void ask_for_eight_films(H2End& greedy, H2End& site) {
    for (int i = 0; i < 8; ++i) static_cast<void>(ask(greedy, "/film"));
    greedy.flush();
    site.until_holds([&] { return site.events.heads.size() == 8; }, "eight requests");
    for (const auto& [stream, head] : site.events.heads) answer_without_end(site, stream);
  }
};

TEST_F(H2Sharing, AClientThatReadsNothingStopsNobodyElse) {
  TlsEnd greedy_end = pupil_h2();
  TlsEnd site_end = web_inside("h2");
  H2End greedy(greedy_end, false), site(site_end, true);
  ask_for_eight_films(greedy, site);
  // More than the window of the connection, and none of it is read.
  site.until_holds(
      [&] {
        std::size_t waiting = 0;
        for (const auto& [stream, head] : site.events.heads) waiting += site.session->queued(stream) >= 32 * 1024;
        return waiting == 8;
      },
      "the gateway to take no more of the eight");
  TlsEnd other_end = pupil_from("127.0.0.2");
  H2End other(other_end, false);
  const StreamId stream = ask(other, "/lesson");
  other.flush();
  site.until("request 17 GET https " + authority_text + " /lesson ends");
  respond(site, 17, std::string(40'000, 'l'));
  site.until_holds([&] { return site.session->queued(17) == 0; }, "the lesson to leave");
  other.until("end " + std::to_string(stream));
  EXPECT_EQ(other.events.bodies[stream].size(), 40'000u);
}

TEST_F(H2Sharing, AClientThatReadsNothingLosesItsOwnStreams) {
  settings.limits.client.bytes = 512 * 1024;
  TlsEnd greedy_end = pupil_h2();
  TlsEnd site_end = web_inside("h2");
  H2End greedy(greedy_end, false), site(site_end, true);
  ask_for_eight_films(greedy, site);
  site.until_holds(
      [&] {
        return std::ranges::any_of(site.events.lines,
                                   [](const std::string& line) { return line.starts_with("reset "); });
      },
      "one of them to be given up");
  EXPECT_GE(counters().shed_bytes.get(), 1u);
}

TEST_F(H2Sharing, AClientThatSendsToNobodyLosesItsOwnStreams) {
  settings.limits.client.bytes = 512 * 1024;
  TlsEnd greedy_end = pupil_h2();
  H2End greedy(greedy_end, false);
  {
    TlsEnd site_end = web_inside("h2");
    H2End site(site_end, true);
    talk_for_the_last_time(greedy, site);
  }
  // The web site is called and says nothing; what is sent to it waits here.
  std::vector<StreamId> forms;
  for (int i = 0; i < 8; ++i) forms.push_back(ask(greedy, "/form", "POST", false));
  greedy.flush();
  wait_until([&] { return web.was_called(); });
  for (const StreamId form : forms)
    static_cast<void>(greedy.session->send_data(form, std::string(120'000, 'f'), false));
  const auto over = [&](StreamId form) {
    return greedy.events.has("reset " + std::to_string(form) + " INTERNAL_ERROR") ||
           greedy.events.has("end " + std::to_string(form));
  };
  greedy.until_holds([&] { return std::ranges::any_of(forms, over); }, "one of them to be given up");
  EXPECT_GE(counters().shed_bytes.get(), 1u);
  EXPECT_EQ(upstream_faults(UpstreamFault::timeout), 0u);
}

TEST_F(H2Sharing, ThoseWhoWaitForOneConnectionDialOneMoreWhenItIsFull) {
  TlsEnd first_end = pupil_h2();
  TlsEnd site_end = web_inside("h2");
  H2End first(first_end, false), site(site_end, true);
  talk_once(first, site);
  TlsEnd second_end = pupil_h2();
  ASSERT_EQ(second_end.facts().alpn, "h2");
  H2End second(second_end, false);
  talk_for_the_last_time(first, site, 3);
  // More than one connection takes.
  for (int i = 0; i < 75; ++i) static_cast<void>(ask(first, "/2")), static_cast<void>(ask(second, "/2"));
  first.flush();
  second.flush();
  TlsEnd full_end = web_inside("h2");
  H2End full(full_end, true);
  full.until_holds([&] { return full.events.heads.size() == 100; }, "as many as it takes");
  TlsEnd next_end = web_inside("h2");
  H2End next(next_end, true);
  next.until_holds([&] { return next.events.heads.size() == 50; }, "all the others");
  EXPECT_FALSE(web.was_called());
}

TEST_F(H2Sharing, AClientHasNoMoreStreamsThanItsSum) {
  settings.limits.client.streams = 10;
  TlsEnd first_end = pupil_h2();
  TlsEnd site_end = web_inside("h2");
  H2End first(first_end, false), site(site_end, true);
  for (int i = 0; i < 6; ++i) static_cast<void>(ask(first, "/1"));
  first.flush();
  site.until_holds([&] { return site.events.heads.size() == 6; }, "six requests");
  TlsEnd second_end = pupil_h2();
  H2End second(second_end, false);
  StreamId last = 0;
  for (int i = 0; i < 5; ++i) last = ask(second, "/2");
  second.until("reset " + std::to_string(last) + " REFUSED_STREAM");
  site.until_holds([&] { return site.events.heads.size() == 10; }, "ten requests");
  EXPECT_EQ(counters().shed_streams.get(), 1u);
  TlsEnd neighbour_end = pupil_from("127.0.0.2");
  H2End neighbour(neighbour_end, false);
  const StreamId stream = ask(neighbour, "/3");
  neighbour.flush();
  site.until_holds([&] { return site.events.heads.size() == 11; }, "the neighbour's request");
  respond(site, 21, "three");
  neighbour.until("end " + std::to_string(stream));
}

// --- asked once more: RFC 9113 sections 6.8 and 8.7, RFC 9110 section 9.2.2

using H2AskedAnew = H2Sharing;

TEST_F(H2AskedAnew, APostThatWasRefusedIsSentAgainWithItsBody) {
  TlsEnd pupil_end = pupil_h2();
  TlsEnd site_end = web_inside("h2");
  H2End pupil(pupil_end, false), site(site_end, true);
  const StreamId stream = ask(pupil, "/form", "POST", false);
  EXPECT_EQ(pupil.session->send_data(stream, "the form", true), 8u);
  pupil.flush();
  site.until_holds([&] { return site.events.bodies[1] == "the form"; }, "the form");
  site.session->reset(1, http::H2Code::refused_stream);
  site.until_holds([&] { return site.events.bodies[3] == "the form"; }, "the form once more");
  respond(site, 3, "taken");
  pupil.until("end " + std::to_string(stream));
  EXPECT_EQ(pupil.events.bodies[stream], "taken");
  EXPECT_EQ(counters().asked_anew.get(), 1u);
}

TEST_F(H2AskedAnew, ButNotForEver) {
  TlsEnd pupil_end = pupil_h2();
  TlsEnd site_end = web_inside("h2");
  H2End pupil(pupil_end, false), site(site_end, true);
  const StreamId stream = ask(pupil, "/form", "POST", true);
  pupil.flush();
  for (StreamId asked = 1; asked <= 17; asked += 2) {
    site.until("request " + std::to_string(asked) + " POST https " + authority_text + " /form ends");
    site.session->reset(asked, http::H2Code::refused_stream);
  }
  site.flush();
  pupil.until("end " + std::to_string(stream));
  EXPECT_EQ(pupil.events.heads[stream].status, 502);
}

TEST_F(H2AskedAnew, WhatCameTooLateForAGoawayIsAskedOnANewConnection) {
  TlsEnd pupil_end = pupil_h2();
  std::optional<TlsEnd> site_end(web_inside("h2"));
  H2End pupil(pupil_end, false);
  std::optional<H2End> site(std::in_place, *site_end, true);
  const StreamId first = ask(pupil, "/1");
  pupil.flush();
  site->until("request 1 GET https " + authority_text + " /1 ends");
  // As a server that has served its share: it says so while the next request is on its way.
  site->session->goaway(http::H2Code::no_error);
  const std::string farewell = http::output_of(*site->session);
  const StreamId second = ask(pupil, "/2", "POST", false);
  EXPECT_EQ(pupil.session->send_data(second, "body", true), 4u);
  pupil.flush();
  wait_until([&] { return site_end->inside.has_news(); });
  site_end->inside.sends(farewell);
  TlsEnd next_end = web_inside("h2");
  H2End next(next_end, true);
  next.until_holds([&] { return next.events.bodies[1] == "body"; }, "the request on the new connection");
  respond(next, 1, "two");
  pupil.until("end " + std::to_string(second));
  respond(*site, 1, "one");
  pupil.until("end " + std::to_string(first));
}

TEST_F(H2AskedAnew, AConnectionThatDiesTakesNoQuestionAlong) {
  TlsEnd pupil_end = pupil_h2();
  H2End pupil(pupil_end, false);
  std::optional<TlsEnd> site_end(web_inside("h2"));
  const StreamId get = ask(pupil, "/get"), post = ask(pupil, "/post", "POST", true);
  pupil.flush();
  {
    H2End site(*site_end, true);
    site.until("request 3 POST https " + authority_text + " /post ends");
    site_end.reset();
  }
  // Whether the POST was carried out is not known: the pupil's browser has to ask.
  pupil.until("end " + std::to_string(post));
  EXPECT_EQ(pupil.events.heads[post].status, 502);
  TlsEnd next_end = web_inside("h2");
  H2End next(next_end, true);
  next.until("request 1 GET https " + authority_text + " /get ends");
  respond(next, 1, "here");
  pupil.until("end " + std::to_string(get));
  EXPECT_EQ(pupil.events.bodies[get], "here");
}

TEST_F(H2AskedAnew, WhereHttp1IsRequiredTheBrowserIsTold) {
  TlsEnd pupil_end = pupil_h2();
  TlsEnd site_end = web_inside("h2");
  H2End pupil(pupil_end, false), site(site_end, true);
  const StreamId stream = ask(pupil, "/login", "POST", true);
  pupil.flush();
  site.until("request 1 POST https " + authority_text + " /login ends");
  site.session->reset(1, http::H2Code::http_1_1_required);
  site.flush();
  pupil.until("reset " + std::to_string(stream) + " HTTP_1_1_REQUIRED");
}

TEST_F(H2AskedAnew, ALargeBodyIsNotKept) {
  TlsEnd pupil_end = pupil_h2();
  TlsEnd site_end = web_inside("h2");
  H2End pupil(pupil_end, false), site(site_end, true);
  pupil.until_holds([&] { return pupil.events.settings != 0; }, "the gateway's settings: its windows are larger");
  const StreamId stream = ask(pupil, "/form", "POST", false);
  const std::string body(60 * 1024, 'b');
  EXPECT_EQ(pupil.session->send_data(stream, body, false), body.size());
  pupil.flush();
  site.until_holds([&] { return site.events.bodies[1].size() == body.size(); }, "the first part");
  EXPECT_EQ(pupil.session->send_data(stream, body.substr(0, 8 * 1024), true), 8u * 1024);
  pupil.flush();
  site.until("end 1");
  site.session->reset(1, http::H2Code::refused_stream);
  site.flush();
  pupil.until("end " + std::to_string(stream));
  EXPECT_EQ(pupil.events.heads[stream].status, 502);
}

TEST(ClientAccount, CountsOverAllStreamsAndGivesBack) {
  const auto account = std::make_shared<ClientAccount>();
  const ClientLimits limits{.streams = 2, .bytes = 100};
  {
    auto one = StreamCharge::take(account, limits), two = StreamCharge::take(account, limits);
    ASSERT_TRUE(one && two);
    EXPECT_FALSE(StreamCharge::take(account, limits));
    EXPECT_TRUE(one->holds(60));
    EXPECT_FALSE(two->holds(41));
    EXPECT_TRUE(two->holds(40));
    EXPECT_TRUE(one->holds(10));
    EXPECT_TRUE(two->holds(90));
    EXPECT_EQ(account->bytes(), 100u);
    EXPECT_EQ(account->streams(), 2u);
  }
  EXPECT_EQ(account->bytes(), 0u);
  EXPECT_EQ(account->streams(), 0u);
}

}  // namespace
}  // namespace schoolgate::flow::test
