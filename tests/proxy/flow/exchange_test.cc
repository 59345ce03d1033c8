// One request after another through the gateway: where bodies end, what is passed on, and what happens when a side
// does not do its part.
#include <poll.h>

#include <thread>

#include "tests/proxy/flow/conversation.h"

namespace schoolgate::flow::test {
namespace {

using namespace std::literals;

using Exchange = Conversation;

constexpr std::string_view kExchangeHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

// Larger than all socket buffers on the way together, and different everywhere.
std::string large_body(std::size_t size = 24u << 20) {
  std::string body(size, '\0');
  for (std::size_t i = 0; i < size; ++i) body[i] = char('a' + (i ^ i >> 9) % 26);
  return body;
}

TEST_F(Exchange, ARequestIsPassedOnAndItsAnswerBroughtBack) {
  Peer pupil = client();
  pupil.sends(get("web.example", "/page?q=1"));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "web.example", "/page?q=1"));
  origin.sends(kExchangeHello);
  pupil.expects(kExchangeHello);
}

TEST_F(Exchange, BothConnectionsAreKeptForTheNextRequest) {
  Peer pupil = client();
  pupil.sends(get("web.example", "/1"));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "web.example", "/1"));
  origin.sends(kExchangeHello);
  pupil.expects(kExchangeHello);
  pupil.sends(get("web.example", "/2"));
  origin.expects(forwarded("GET", "web.example", "/2"));
  origin.sends(kExchangeHello);
  pupil.expects(kExchangeHello);
  EXPECT_FALSE(web.was_called());
}

TEST_F(Exchange, AHundredPipelinedRequestsAreAnsweredInOrderBlockedOnesToo) {
  Peer pupil = client();
  std::string all;
  for (int i = 0; i < 100; ++i) all += get(i % 10 == 5 ? "casino.example" : "web.example", "/" + std::to_string(i));
  pupil.sends(all);
  std::optional<Peer> origin;
  for (int i = 0; i < 100; ++i) {
    if (i % 10 == 5) {
      const Answer page = pupil.answer();
      EXPECT_EQ(page.status, 403);
      EXPECT_NE(page.body.find("casino[.]example"), std::string::npos);
      continue;
    }
    if (!origin) origin.emplace(web.accept());
    origin->expects(forwarded("GET", "web.example", "/" + std::to_string(i)));
    const std::string name = std::to_string(i);
    origin->sends("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(name.size()) + "\r\n\r\n" + name);
    EXPECT_EQ(pupil.answer().body, name);
  }
  EXPECT_EQ(records().size(), 10u);
}

TEST_F(Exchange, AHeadThatArrivesByteByByteIsTheSameHead) {
  Peer pupil = client();
  pupil.drips(get("web.example", "/slow"));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "web.example", "/slow"));
  origin.drips(kExchangeHello);
  pupil.expects(kExchangeHello);
}

TEST_F(Exchange, ALargeBodyOfKnownLengthGoesUpWhole) {
  const std::string body = large_body();
  Peer pupil = client();
  std::jthread upload([&] {
    pupil.sends(request("POST", "web.example", "/up", "Content-Length: " + std::to_string(body.size()) + "\r\n") +
                body);
  });
  Peer origin = web.accept();
  origin.expects(forwarded("POST", "web.example", "/up", "Content-Length: " + std::to_string(body.size()) + "\r\n"));
  EXPECT_TRUE(origin.read(body.size()) == body);
  origin.sends(kExchangeHello);
  upload.join();
  pupil.expects(kExchangeHello);
}

TEST_F(Exchange, ALargeBodyOfKnownLengthComesDownWhole) {
  const std::string body = large_body();
  Peer pupil = client();
  pupil.sends(get("web.example", "/down"));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "web.example", "/down"));
  std::jthread download(
      [&] { origin.sends("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body); });
  EXPECT_TRUE(pupil.answer().body == body);
}

TEST_F(Exchange, ChunksGoUpDecodedAndEncodedAnew) {
  Peer pupil = client();
  pupil.sends(request("POST", "web.example", "/", "Transfer-Encoding: chunked\r\n") + "5;odd=ext\r\nhello\r\n");
  Peer origin = web.accept();
  origin.expects(forwarded("POST", "web.example", "/", "Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n");
  pupil.sends("06\r\n world\r\n0\r\n\r\n");
  origin.expects("6\r\n world\r\n0\r\n\r\n");
  origin.sends(kExchangeHello);
  pupil.expects(kExchangeHello);
  pupil.sends(get("web.example", "/next"));
  origin.expects(forwarded("GET", "web.example", "/next"));
}

TEST_F(Exchange, ChunksComeDownDecodedAndEncodedAnew) {
  Peer pupil = client();
  pupil.sends(get("web.example", "/"));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "web.example", "/"));
  origin.sends("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0005\r\nhello\r\n");
  pupil.expects("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  origin.sends("0;x=y\r\n\r\n");
  pupil.expects("0\r\n\r\n");
  pupil.sends(get("web.example", "/next"));
  origin.expects(forwarded("GET", "web.example", "/next"));
}

TEST_F(Exchange, AnOldClientGetsChunksAsABodyUntilTheEnd) {
  Peer pupil = client();
  pupil.sends("GET http://" + at("web.example") + "/ HTTP/1.0\r\n\r\n");
  Peer origin = web.accept();
  static_cast<void>(origin.read_to("\r\n\r\n"));
  origin.sends("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
  const Answer answer = pupil.answer();
  EXPECT_FALSE(answer.has("Transfer-Encoding"));
  EXPECT_TRUE(answer.has("Connection: close"));
  EXPECT_EQ(answer.body, "hello");
}

TEST_F(Exchange, ABodyThatEndsWithTheConnectionEndsWithTheConnection) {
  Peer pupil = client();
  pupil.sends(get("web.example", "/"));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "web.example", "/"));
  origin.sends("HTTP/1.1 200 OK\r\n\r\nall of it");
  origin.closes();
  const Answer answer = pupil.answer();
  EXPECT_TRUE(answer.has("Connection: close"));
  EXPECT_EQ(answer.body, "all of it");
}

TEST_F(Exchange, AnswersWithoutABodyLeaveTheConnectionInStep) {
  Peer pupil = client();
  pupil.sends(request("HEAD", "web.example", "/") + get("web.example", "/204") + get("web.example", "/304") +
              get("web.example", "/last"));
  Peer origin = web.accept();
  origin.expects(forwarded("HEAD", "web.example", "/"));
  origin.sends("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  pupil.expects("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  origin.expects(forwarded("GET", "web.example", "/204"));
  origin.sends("HTTP/1.1 204 No Content\r\n\r\n");
  pupil.expects("HTTP/1.1 204 No Content\r\n\r\n");
  origin.expects(forwarded("GET", "web.example", "/304"));
  origin.sends("HTTP/1.1 304 Not Modified\r\nContent-Length: 900\r\n\r\n");
  pupil.expects("HTTP/1.1 304 Not Modified\r\nContent-Length: 900\r\n\r\n");
  origin.expects(forwarded("GET", "web.example", "/last"));
  origin.sends(kExchangeHello);
  pupil.expects(kExchangeHello);
}

TEST_F(Exchange, InterimAnswersArePassedOn) {
  Peer pupil = client();
  pupil.sends(get("web.example", "/"));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "web.example", "/"));
  origin.sends("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
  pupil.expects("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
  origin.sends(kExchangeHello);
  pupil.expects(kExchangeHello);
}

TEST_F(Exchange, TooManyInterimAnswersAre502) {
  Peer pupil = client();
  pupil.sends(get("web.example", "/"));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "web.example", "/"));
  // In one piece: the gateway closes at the seventeenth, and a later one would find nobody.
  std::string flood;
  for (int i = 0; i < 17; ++i) flood += "HTTP/1.1 102 Processing\r\n\r\n";
  origin.sends(flood);
  int interim = 0;
  Answer answer = pupil.answer();
  for (; answer.status == 102; answer = pupil.answer()) ++interim;
  EXPECT_EQ(answer.status, 502);
  EXPECT_EQ(interim, 16);
  EXPECT_EQ(upstream_faults(UpstreamFault::protocol), 1u);
}

TEST_F(Exchange, ABodyThatWaitsForContinueIsSentAfterIt) {
  Peer pupil = client();
  pupil.sends(request("POST", "web.example", "/", "Content-Length: 5\r\nExpect: 100-continue\r\n"));
  Peer origin = web.accept();
  const std::string head = origin.read_to("\r\n\r\n");
  EXPECT_NE(head.find("Expect: 100-continue\r\n"), std::string::npos);
  EXPECT_FALSE(origin.has_news());
  origin.sends("HTTP/1.1 100 Continue\r\n\r\n");
  pupil.expects("HTTP/1.1 100 Continue\r\n\r\n");
  pupil.sends("howdy");
  origin.expects("howdy");
  origin.sends(kExchangeHello);
  pupil.expects(kExchangeHello);
  pupil.sends(get("web.example", "/next"));
  origin.expects(forwarded("GET", "web.example", "/next"));
}

TEST_F(Exchange, AnAnswerBeforeTheBodyWasSentReachesTheClient) {
  const std::string half = large_body(1 << 20);
  Peer pupil = client();
  pupil.sends(request("POST", "web.example", "/", "Content-Length: 100000000\r\n") + half);
  Peer origin = web.accept();
  static_cast<void>(origin.read_to("\r\n\r\n"));
  origin.sends("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno!");
  const Answer answer = pupil.answer();
  EXPECT_EQ(answer.status, 413);
  EXPECT_TRUE(answer.has("Connection: close"));
  EXPECT_EQ(answer.body, "no!");
  EXPECT_EQ(pupil.ending(), Ending::closed);
}

TEST_F(Exchange, AnEarlyAnswerEndsTheExchangeThoughTheWebSiteReadsNoMore) {
  Peer pupil = client();
  // More than fits on the way to a web site that does not read: the upload stands still.
  web.takes_little();
  std::jthread upload([&] {
    pupil.sends(request("POST", "web.example", "/", "Content-Length: 100000000\r\n") + large_body(4'000'000));
  });
  Peer origin = web.accept();
  static_cast<void>(origin.read_to("\r\n\r\n"));
  origin.sends("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nno!");
  EXPECT_EQ(pupil.answer().status, 413);
  EXPECT_EQ(pupil.ending(), Ending::closed);
}

TEST_F(Exchange, ABodyIsCutShortWithAReset) {
  Peer pupil = client();
  pupil.sends(get("web.example", "/"));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "web.example", "/"));
  origin.sends("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\npart");
  static_cast<void>(pupil.read_to("part"));
  origin.resets();
  EXPECT_EQ(pupil.ending(), Ending::reset);
}

TEST_F(Exchange, ChunksThatEndEarlyOrBreakAreCutShortWithAReset) {
  for (const std::string_view last : {""sv, "5\r\nhel"sv, "zz\r\n"sv}) {
    Peer pupil = client();
    pupil.sends(get("web.example", "/"));
    Peer origin = web.accept();
    origin.expects(forwarded("GET", "web.example", "/"));
    origin.sends("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n");
    static_cast<void>(pupil.read_to("part\r\n"));
    origin.sends(last);
    origin.closes();
    EXPECT_EQ(pupil.ending(), Ending::reset) << last;
  }
}

TEST_F(Exchange, ABodyThatStallsIsCutShortWithAReset) {
  settings.limits.idle = 1s;
  Peer pupil = client();
  pupil.sends(get("web.example", "/"));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "web.example", "/"));
  origin.sends("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\npart");
  EXPECT_EQ(pupil.ending(), Ending::reset);
}

TEST_F(Exchange, AConnectionThatAnAnswerWasCutOnIsNotUsedAgain) {
  Peer pupil = client();
  pupil.sends(get("web.example", "/1"));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "web.example", "/1"));
  origin.sends("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\npart");
  static_cast<void>(pupil.read_to("part"));
  pupil.resets();
  // What the web site still sends of that answer must not become the answer to another's request.
  wait_until([&] {
    static_cast<void>(origin.tries_to_send("x"));
    return counters().connections_open.get() == 0;
  });
  Peer other = client();
  other.sends(get("web.example", "/2"));
  Peer second = web.accept();
  second.expects(forwarded("GET", "web.example", "/2"));
  second.sends(kExchangeHello);
  other.expects(kExchangeHello);
}

TEST_F(Exchange, AGetIsTriedAgainWhenItsKeptConnectionHasDied) {
  Peer pupil = client();
  pupil.sends(get("web.example", "/1"));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "web.example", "/1"));
  origin.sends(kExchangeHello);
  pupil.expects(kExchangeHello);
  pupil.sends(get("web.example", "/2"));
  origin.expects(forwarded("GET", "web.example", "/2"));
  origin.resets();  // the request had gone out when the connection died
  Peer second = web.accept();
  second.expects(forwarded("GET", "web.example", "/2"));
  second.sends(kExchangeHello);
  pupil.expects(kExchangeHello);
}

TEST_F(Exchange, AGetIsTriedAgainOnlyOnce) {
  Peer pupil = client();
  pupil.sends(get("web.example", "/1"));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "web.example", "/1"));
  origin.sends(kExchangeHello);
  pupil.expects(kExchangeHello);
  pupil.sends(get("web.example", "/2"));
  static_cast<void>(origin.read_to("\r\n\r\n"));
  origin.resets();
  Peer second = web.accept();
  static_cast<void>(second.read_to("\r\n\r\n"));
  second.resets();
  EXPECT_EQ(pupil.answer().status, 502);
  EXPECT_FALSE(web.was_called());
}

TEST_F(Exchange, APostIsNeverSentTwice) {
  Peer pupil = client();
  pupil.sends(get("web.example", "/1"));
  Peer kept = web.accept();
  kept.expects(forwarded("GET", "web.example", "/1"));
  kept.sends(kExchangeHello);
  pupil.expects(kExchangeHello);
  pupil.sends(request("POST", "web.example", "/pay", "Content-Length: 2\r\n") + "ok");
  Peer origin = web.accept();  // not on a connection that may have died
  origin.expects(forwarded("POST", "web.example", "/pay", "Content-Length: 2\r\n") + "ok");
  origin.resets();
  EXPECT_EQ(pupil.answer().status, 502);
  EXPECT_FALSE(web.was_called());
}

TEST_F(Exchange, AWebSiteThatSaysNothingIs504) {
  settings.limits.response = 1s;
  Peer pupil = client();
  pupil.sends(get("web.example", "/"));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "web.example", "/"));
  EXPECT_EQ(pupil.answer().status, 504);
  EXPECT_EQ(upstream_faults(UpstreamFault::timeout), 1u);
}

TEST_F(Exchange, AnAnswersHeadHasOneDeadlineHoweverItDrips) {
  settings.limits.response = 2s;
  Peer pupil = client();
  pupil.sends(get("web.example", "/"));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "web.example", "/"));
  std::jthread dripping([&](const std::stop_token& stop) {
    const std::string line = "HTTP/1.1 200 OK\r\nX: ";
    origin.sends(line);
    pollfd nothing{.fd = -1, .events = 0, .revents = 0};
    while (!stop.stop_requested()) {
      if (!origin.tries_to_send("x")) return;
      ::poll(&nothing, 1, 100);  // the pace at which it drips
    }
  });
  EXPECT_EQ(pupil.answer().status, 504);
}

TEST_F(Exchange, AfterALongUploadTheWebSiteHasItsWholeTimeToAnswer) {
  settings.limits.idle = 1s;
  settings.limits.response = 30s;
  Peer pupil = client();
  pupil.sends(request("POST", "web.example", "/", "Content-Length: 4\r\n"));
  Peer origin = web.accept();
  static_cast<void>(origin.read_to("\r\n\r\n"));
  pupil.sends("body");
  origin.expects("body");
  // Longer than a body may stall, less than an answer may take: two idle connections come to their end meanwhile.
  for (int i = 0; i < 2; ++i) EXPECT_EQ(client().ending(), Ending::closed);
  origin.sends(kExchangeHello);
  pupil.expects(kExchangeHello);
}

TEST_F(Exchange, AMalformedAnswerIs502) {
  for (const std::string_view malformed :
       {"NOT HTTP AT ALL\r\n\r\n"sv, "HTTP/1.1 200 OK\r\nContent-Length: 5\x01\r\n\r\nhello"sv,
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"sv,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"sv,
        "HTTP/1.1 101 Switching Protocols\r\n\r\n"sv}) {
    Peer pupil = client();
    pupil.sends(get("web.example", "/"));
    Peer origin = web.accept();
    origin.expects(forwarded("GET", "web.example", "/"));
    origin.sends(malformed);
    EXPECT_EQ(pupil.answer().status, 502) << malformed;
  }
  EXPECT_EQ(upstream_faults(UpstreamFault::protocol), 5u);
}

TEST_F(Exchange, APageAboutAFailureHasNoBodyForHead) {
  settings.limits.response = 1s;
  settings.via = "gw-1.example";
  hosts += "127.0.0.9 closed.example\n10.0.0.1 inside.example\n";
  const auto body_of = [](Peer& pupil, int status) {
    const Answer answer = pupil.answer(true);
    EXPECT_EQ(answer.status, status);
    EXPECT_TRUE(answer.has("Content-Length: ")) << answer.head;
    EXPECT_FALSE(answer.has("Content-Length: 0\r\n")) << answer.head;
    Ending ending = Ending::silent;
    return pupil.rest(ending);
  };
  for (const std::string_view said : {"NOT HTTP AT ALL\r\n\r\n"sv, ""sv}) {  // and one that says nothing
    Peer pupil = client();
    pupil.sends(request("HEAD", "web.example", "/"));
    Peer origin = web.accept();
    static_cast<void>(origin.read_to("\r\n\r\n"));
    origin.sends(said);
    EXPECT_EQ(body_of(pupil, said.empty() ? 504 : 502), "");
  }
  for (const auto& [name, status] : {std::pair("closed.example", 502), std::pair("inside.example", 403)}) {
    Peer pupil = client();
    pupil.sends(request("HEAD", name, "/"));
    EXPECT_EQ(body_of(pupil, status), "") << name;
  }
  Peer pupil = client();
  pupil.sends(request("HEAD", "web.example", "/", "Via: 1.1 gw-1.example\r\n"));
  EXPECT_EQ(body_of(pupil, 508), "");
}

TEST_F(Exchange, AnAnswerThatBrowsersReadGoesOnMended) {
  Peer pupil = client();
  pupil.sends(get("web.example", "/"));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "web.example", "/"));
  origin.sends("HTTP/1.1 200 OK\nX-XSS-Protection : 1\n<!-- -->\nX: a\x02z\nContent-Length: 5\n\nhello");
  pupil.expects("HTTP/1.1 200 OK\r\nX-XSS-Protection: 1\r\nX: a z\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(origin.ending(), Ending::closed);  // nobody else is served over that
}

TEST_F(Exchange, AnswersBehindTheAnswerAreNobodys) {
  Peer pupil = client();
  pupil.sends(get("web.example", "/1"));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "web.example", "/1"));
  origin.sends(std::string(kExchangeHello) + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged");
  pupil.expects(kExchangeHello);
  pupil.sends(get("web.example", "/2"));
  Peer second = web.accept();
  second.expects(forwarded("GET", "web.example", "/2"));
  second.sends(kExchangeHello);
  pupil.expects(kExchangeHello);
}

TEST_F(Exchange, ABrokenChunkOfTheClientIs400AndNobodyElsesFault) {
  Peer pupil = client();
  pupil.sends(request("POST", "web.example", "/", "Transfer-Encoding: chunked\r\n"));
  Peer origin = web.accept();
  static_cast<void>(origin.read_to("\r\n\r\n"));
  pupil.sends("zz\r\n");
  EXPECT_EQ(pupil.answer().status, 400);
  EXPECT_NE(origin.ending(), Ending::silent);
  EXPECT_EQ(counters().malformed.get(), 1u);
  EXPECT_EQ(upstream_faults(UpstreamFault::connect), 0u);
}

TEST_F(Exchange, AClientThatLeavesInItsUploadTakesTheExchangeWithIt) {
  Peer pupil = client();
  pupil.sends(request("POST", "web.example", "/", "Content-Length: 100\r\n") + "part");
  Peer origin = web.accept();
  static_cast<void>(origin.read_to("part"));
  pupil.closes();
  EXPECT_NE(origin.ending(), Ending::silent);
  wait_until([&] { return counters().connections_open.get() == 0; });
  EXPECT_EQ(upstream_faults(UpstreamFault::connect), 0u);
}

TEST_F(Exchange, WebSocketsAreRelayedOnceTheWebSiteAgrees) {
  Peer pupil = client();
  pupil.sends(request("GET", "web.example", "/chat", "Connection: Upgrade\r\nUpgrade: websocket\r\n") + "early");
  Peer origin = web.accept();
  EXPECT_NE(origin.read_to("\r\n\r\n").find("Upgrade: websocket\r\n"), std::string::npos);
  origin.sends("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfrom the site");
  EXPECT_EQ(pupil.answer().status, 101);
  pupil.expects("from the site");
  origin.expects("early");
  pupil.sends("from the pupil");
  origin.expects("from the pupil");
  pupil.finishes_sending();
  EXPECT_EQ(origin.ending(), Ending::closed);
}

TEST_F(Exchange, ADecisionLineTellsOfEveryRequestWithoutItsQuery) {
  Peer pupil = client();
  pupil.sends(get("web.example", "/page?secret=1"));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "web.example", "/page?secret=1"));
  origin.sends(kExchangeHello);
  pupil.expects(kExchangeHello);
  pupil.closes();
  stop();
  const std::string lines = decisions();
  EXPECT_NE(lines.find(R"("host":"web.example")"), std::string::npos) << lines;
  EXPECT_NE(lines.find(R"("bytes_in":5,)"), std::string::npos) << lines;
  EXPECT_EQ(lines.find("secret"), std::string::npos) << lines;
}

TEST_F(Exchange, WhoAskedForHelpIsNotWrittenDown) {
  Peer pupil = client();
  pupil.sends(get("help.example", "/chat"));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "help.example", "/chat"));
  origin.sends(kExchangeHello);
  pupil.expects(kExchangeHello);
  pupil.closes();
  stop();
  const std::string lines = decisions();
  EXPECT_NE(lines.find(R"("host":"support")"), std::string::npos) << lines;
  for (const char* told : {"help.example", "127.0.0.1", "chat"})
    EXPECT_EQ(lines.find(told), std::string::npos) << lines;
}

}  // namespace
}  // namespace schoolgate::flow::test
