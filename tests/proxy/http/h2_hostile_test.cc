// A session of ours against peers that write their frames by hand: malformed heads, sizes, windows, bombs. Named after
// the hard cases HTTP-17, HTTP-31, HTTP-35, HTTP-37, HTTP-38 and TLS-28.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/http/h2_session.h"
#include "tests/proxy/http/h2_peers.h"

namespace schoolgate::http {
namespace {

using frames::frame;
using frames::Pairs;
using testing::ElementsAre;
using testing::IsEmpty;

Pairs with(Pairs pairs, std::size_t at, std::string name, std::string value) {
  pairs[at] = {std::move(name), std::move(value)};
  return pairs;
}

// --- HTTP-17: heads -------------------------------------------------------------------------------------------------

struct MalformedHead {
  const char* name;
  Pairs pairs;
};

const MalformedHead kMalformedRequests[] = {
    {"PseudoFieldAfterField",
     {{":method", "GET"}, {"a", "b"}, {":scheme", "https"}, {":authority", "a"}, {":path", "/"}}},
    {"MethodTwice", frames::get({{":method", "GET"}})},
    {"PathTwice",
     {{":method", "GET"}, {":scheme", "https"}, {":authority", "a.example"}, {":path", "/"}, {":path", "/other"}}},
    {"AuthorityTwice",
     {{":method", "GET"},
      {":scheme", "https"},
      {":authority", "a.example"},
      {":authority", "b.example"},
      {":path", "/"}}},
    {"UnknownPseudoField", with(frames::get(), 3, ":route", "/")},
    {"UnknownPseudoFieldBesides",
     {{":method", "GET"}, {":scheme", "https"}, {":authority", "a.example"}, {":path", "/"}, {":x", "y"}}},
    {"PseudoFieldOfAResponse",
     {{":method", "GET"}, {":scheme", "https"}, {":authority", "a.example"}, {":path", "/"}, {":status", "200"}}},
    {"NoMethod", {{":scheme", "https"}, {":authority", "a.example"}, {":path", "/"}}},
    {"NoScheme", {{":method", "GET"}, {":authority", "a.example"}, {":path", "/"}}},
    {"NoPath", {{":method", "GET"}, {":scheme", "https"}, {":authority", "a.example"}}},
    {"NoAuthorityAndNoHost", {{":method", "GET"}, {":scheme", "https"}, {":path", "/"}}},
    {"EmptyPath", with(frames::get(), 3, ":path", "")},
    {"PathWithSpace", with(frames::get(), 3, ":path", "/a b")},
    {"PathWithRequestLine", with(frames::get(), 3, ":path", "/ HTTP/1.1\r\nHost: evil.example\r\n\r\n")},
    {"PathWithLineFeed", with(frames::get(), 3, ":path", "/a\nb")},
    {"PathWithNul", with(frames::get(), 3, ":path", std::string("/a\0b", 4))},
    {"PathWithTab", with(frames::get(), 3, ":path", "/a\tb")},
    {"PathWithFragment", with(frames::get(), 3, ":path", "/a#b")},
    {"PathWithoutSlash", with(frames::get(), 3, ":path", "a")},
    {"PathIsAbsolute", with(frames::get(), 3, ":path", "https://evil.example/")},
    {"AsteriskOfAGet", with(frames::get(), 3, ":path", "*")},
    {"EmptyMethod", with(frames::get(), 0, ":method", "")},
    {"MethodWithSpace", with(frames::get(), 0, ":method", "GET /x HTTP/1.1")},
    {"MethodTooLong", with(frames::get(), 0, ":method", std::string(33, 'A'))},
    {"SchemeOfAnotherKind", with(frames::get(), 1, ":scheme", "ftp")},
    {"EmptyScheme", with(frames::get(), 1, ":scheme", "")},
    {"EmptyAuthority", with(frames::get(), 2, ":authority", "")},
    {"UserinfoInAuthority", with(frames::get(), 2, ":authority", "good.example@evil.example")},
    {"EmptyUserinfoInAuthority", with(frames::get(), 2, ":authority", "@evil.example")},
    {"PathInAuthority", with(frames::get(), 2, ":authority", "good.example/evil")},
    {"SpaceInAuthority", with(frames::get(), 2, ":authority", "good.example evil.example")},
    {"LineFeedInAuthority", with(frames::get(), 2, ":authority", "good.example\r\nhost: evil.example")},
    {"AuthorityAndHostDisagree", frames::get({{"host", "evil.example"}})},
    {"AuthorityAndHostDisagreeInPort", frames::get({{"host", "www.example:8443"}})},
    {"AuthorityAndEmptyHost", frames::get({{"host", ""}})},
    {"HostTwice",
     {{":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {"host", "www.example"}, {"host", "www.example"}}},
    {"UpperCaseName", frames::get({{"Accept", "x"}})},
    {"EmptyName", frames::get({{"", "x"}})},
    {"NameWithSpace", frames::get({{"a b", "x"}})},
    {"NameWithColon", frames::get({{"a:b", "x"}})},
    {"NameWithLineFeed", frames::get({{"a\r\nhost", "x"}})},
    {"NameWithNul", frames::get({{std::string("a\0b", 3), "x"}})},
    {"NameWithHighByte", frames::get({{"a\xE9", "x"}})},
    {"ValueWithLineFeed", frames::get({{"a", "x\ny"}})},
    {"ValueWithCarriageReturn", frames::get({{"a", "x\ry"}})},
    {"ValueWithFieldBehindIt", frames::get({{"a", "x\r\nhost: evil.example"}})},
    {"ValueWithNul", frames::get({{"a", std::string("x\0y", 3)}})},
    {"ValueWithDel", frames::get({{"a", "x\x7Fy"}})},
    {"Connection", frames::get({{"connection", "close"}})},
    {"ProxyConnection", frames::get({{"proxy-connection", "keep-alive"}})},
    {"KeepAlive", frames::get({{"keep-alive", "5"}})},
    {"TransferEncoding", frames::post({{"transfer-encoding", "chunked"}})},
    {"Upgrade", frames::get({{"upgrade", "websocket"}})},
    {"TeOfAnotherKind", frames::get({{"te", "trailers, gzip"}})},
    {"LengthTwice", frames::post({{"content-length", "0"}, {"content-length", "0"}})},
    {"LengthThatIsNoNumber", frames::post({{"content-length", "0x0"}})},
    {"LengthWithSign", frames::post({{"content-length", "+0"}})},
    {"LengthBeyondEverything", frames::post({{"content-length", "18446744073709551616"}})},
    {"LengthOfABodyThatDoesNotCome", frames::post({{"content-length", "1"}})},
    {"Connect", {{":method", "CONNECT"}, {":authority", "a.example:443"}}},
    {"ConnectWithSchemeAndPath", with(frames::get(), 0, ":method", "CONNECT")},
    {"ProtocolWithoutConnect",
     {{":method", "GET"},
      {":protocol", "websocket"},
      {":scheme", "https"},
      {":authority", "a.example"},
      {":path", "/"}}},
    {"ProtocolTwice",
     {{":method", "CONNECT"},
      {":protocol", "websocket"},
      {":protocol", "websocket"},
      {":scheme", "https"},
      {":authority", "a.example"},
      {":path", "/"}}},
    {"ExtendedConnectWithoutPath",
     {{":method", "CONNECT"}, {":protocol", "websocket"}, {":scheme", "https"}, {":authority", "a.example"}}},
};

class MalformedRequest : public testing::TestWithParam<MalformedHead> {};

TEST_P(MalformedRequest, IsAStreamErrorAndNothingElse) {
  Facing peer;
  const auto answer = peer.say(frames::start() + frames::request(1, GetParam().pairs));
  EXPECT_THAT(peer.events.lines, IsEmpty());
  EXPECT_EQ(Facing::reset_of(answer, 1), "PROTOCOL_ERROR");
  EXPECT_EQ(Facing::goaway_of(answer), "none");
  EXPECT_EQ(peer.session->open_streams(), 0U);
  // The connection, HPACK's state included, goes on.
  peer.say(frames::request(3, frames::get()));
  EXPECT_THAT(peer.events.lines, ElementsAre("request 3 GET https www.example / ends"));
}

INSTANTIATE_TEST_SUITE_P(Http17, MalformedRequest, testing::ValuesIn(kMalformedRequests),
                         [](const auto& each) { return std::string(each.param.name); });

const MalformedHead kFineRequests[] = {
    {"HostAlone", {{":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {"host", "www.example"}}},
    {"HostThatAgrees", frames::get({{"host", "WWW.Example"}})},
    {"Options", {{":method", "OPTIONS"}, {":scheme", "https"}, {":authority", "www.example"}, {":path", "*"}}},
    {"EmptyValue", frames::get({{"a", ""}})},
    {"TabInside", frames::get({{"a", "x\ty"}})},
    {"HighBytes", frames::get({{"a", "caf\xE9"}})},
    {"TeTrailers", frames::get({{"te", "trailers"}})},
};

class FineRequest : public testing::TestWithParam<MalformedHead> {};
TEST_P(FineRequest, IsTaken) {
  Facing peer;
  peer.say(frames::start() + frames::request(1, GetParam().pairs));
  ASSERT_EQ(peer.events.lines.size(), 1U);
  EXPECT_TRUE(peer.events.lines[0].starts_with("request 1 ")) << peer.events.lines[0];
  EXPECT_EQ(peer.events.heads[1].authority, "www.example");
}
INSTANTIATE_TEST_SUITE_P(Http17, FineRequest, testing::ValuesIn(kFineRequests),
                         [](const auto& each) { return std::string(each.param.name); });

// Apps and web sites of rank send them (nghttp2 issues 1786 and 1921), browsers and curl take them.
TEST(H2Hostile, SpaceAroundAValueIsTakenOff) {
  Joined pair;
  H2Head asked = get_head();
  asked.add("user-agent", " app/1.0 \t");
  const StreamId stream = pair.client->request(asked, true);
  pair.run();
  EXPECT_EQ(pair.at_server.field(stream, "user-agent"), "app/1.0");
  H2Head answer = status_head(200);
  answer.add("x-frame-options", "DENY ");
  pair.server->respond(stream, answer, true);
  pair.run();
  EXPECT_EQ(pair.at_client.field(stream, "x-frame-options"), "DENY");
}

TEST(H2Hostile, Http17ABodyShorterThanItsLengthIsAStreamError) {
  Facing peer;
  peer.say(frames::start() + frames::request(1, frames::post({{"content-length", "5"}}), false));
  const auto answer = peer.say(frame(frames::data, frames::kEndStream, 1, "abc"));
  EXPECT_EQ(Facing::reset_of(answer, 1), "PROTOCOL_ERROR");
  EXPECT_FALSE(peer.events.has("end 1"));
  EXPECT_EQ(peer.events.lines.back(), "reset 1 PROTOCOL_ERROR");
}

TEST(H2Hostile, Http17ABodyLongerThanItsLengthIsAStreamError) {
  Facing peer;
  peer.say(frames::start() + frames::request(1, frames::post({{"content-length", "2"}}), false));
  const auto answer = peer.say(frame(frames::data, 0, 1, "abc"));
  EXPECT_EQ(Facing::reset_of(answer, 1), "PROTOCOL_ERROR");
  EXPECT_EQ(peer.events.lines.back(), "reset 1 PROTOCOL_ERROR");
  EXPECT_THAT(peer.events.bodies, IsEmpty());
}

TEST(H2Hostile, Http18TrailersWithPseudoFieldsAreAStreamError) {
  Facing peer;
  peer.say(frames::start() + frames::request(1, frames::post(), false));
  const auto answer = peer.say(frames::request(1, {{":path", "/other"}}));
  EXPECT_EQ(Facing::reset_of(answer, 1), "PROTOCOL_ERROR");
  EXPECT_EQ(peer.events.lines.back(), "reset 1 PROTOCOL_ERROR");
}

TEST(H2Hostile, Http18TrailersThatDoNotEndTheMessageAreAStreamError) {
  Facing peer;
  peer.say(frames::start() + frames::request(1, frames::post(), false));
  const auto answer = peer.say(frames::request(1, {{"a", "b"}}, false));
  EXPECT_EQ(Facing::reset_of(answer, 1), "PROTOCOL_ERROR");
}

// --- responses, towards our client ----------------------------------------------------------------------------------

struct FacingServer : Facing {
  explicit FacingServer(const H2Limits& limits = {}) : Facing(limits, false) {
    EXPECT_EQ(session->request(get_head(), true), 1);
    output_of(*session);
    say(frame(frames::settings, 0, 0));
  }
};

const MalformedHead kMalformedResponses[] = {
    {"NoStatus", {{"server", "x"}}},
    {"StatusTwice", {{":status", "200"}, {":status", "200"}}},
    {"StatusOfTwoDigits", {{":status", "20"}}},
    {"StatusOfFourDigits", {{":status", "2000"}}},
    {"StatusInWords", {{":status", "2xx"}}},
    {"StatusWithASpace", {{":status", " 200"}}},
    {"StatusBelowAll", {{":status", "099"}}},
    {"SwitchingProtocols", {{":status", "101"}}},
    {"PseudoFieldOfARequest", {{":status", "200"}, {":path", "/"}}},
    {"UpperCaseName", {{":status", "200"}, {"Server", "x"}}},
    {"Http14ValueWithFieldBehindIt", {{":status", "200"}, {"a", "x\r\nset-cookie: y"}}},
    {"TransferEncoding", {{":status", "200"}, {"transfer-encoding", "chunked"}}},
    {"Connection", {{":status", "200"}, {"connection", "close"}}},
    {"LengthTwice", {{":status", "200"}, {"content-length", "0"}, {"content-length", "0"}}},
    {"LengthOfABodyThatDoesNotCome", {{":status", "200"}, {"content-length", "1"}}},
    {"NegativeLength", {{":status", "200"}, {"content-length", "-1"}}},
};

class MalformedResponse : public testing::TestWithParam<MalformedHead> {};
TEST_P(MalformedResponse, IsAStreamError) {
  FacingServer peer;
  const auto answer = peer.say(frames::request(1, GetParam().pairs));
  EXPECT_EQ(Facing::reset_of(answer, 1), "PROTOCOL_ERROR");
  EXPECT_THAT(peer.events.lines, ElementsAre("reset 1 PROTOCOL_ERROR"));
  EXPECT_EQ(peer.session->open_streams(), 0U);
}
INSTANTIATE_TEST_SUITE_P(Http13, MalformedResponse, testing::ValuesIn(kMalformedResponses),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(H2Hostile, Http12AnInterimAnswerThatEndsIsAStreamError) {
  FacingServer peer;
  const auto answer = peer.say(frames::request(1, {{":status", "103"}}));
  EXPECT_EQ(Facing::reset_of(answer, 1), "PROTOCOL_ERROR");
}

TEST(H2Hostile, PushIsRefused) {
  FacingServer peer;
  const auto answer = peer.say(
      frame(frames::push_promise, frames::kEndHeaders, 1, frames::number(2, 4) + frames::block(frames::get())));
  EXPECT_EQ(Facing::goaway_of(answer), "PROTOCOL_ERROR");
  EXPECT_TRUE(peer.session->finished());
}

// TLS-28: a server's advice to reuse the connection for other names, or to leave it for HTTP/3, is not taken.
TEST(H2Hostile, Tls28OriginAndAltSvcFramesAreIgnored) {
  FacingServer peer;
  const std::string other = "https://other.example";
  auto answer = peer.say(frame(frames::origin, 0, 0, frames::number(std::uint32_t(other.size()), 2) + other));
  EXPECT_THAT(answer, IsEmpty());
  answer =
      peer.say(frame(frames::altsvc, 0, 0, frames::number(std::uint32_t(other.size()), 2) + other + "h3=\":443\""));
  EXPECT_THAT(answer, IsEmpty());
  peer.say(frames::request(1, {{":status", "200"}}));
  EXPECT_THAT(peer.events.lines, ElementsAre("response 1 200 ends"));
}

TEST(H2Hostile, OurClientRefusesPushAndSaysSo) {
  Facing peer({}, false);
  const auto hello = frames::read(output_of(*peer.session));
  ASSERT_FALSE(hello.empty());
  EXPECT_EQ(hello[0].type, frames::settings);
  EXPECT_NE(hello[0].payload.find(frames::number(2, 2) + frames::number(0, 4)), std::string::npos);
}

TEST(H2Hostile, OurServerAnnouncesItsBounds) {
  Facing peer;
  const auto hello = frames::read(output_of(*peer.session));
  ASSERT_FALSE(hello.empty());
  const auto announces = [&](std::uint32_t id, std::uint32_t value) {
    for (std::size_t at = 0; at + 6 <= hello[0].payload.size(); at += 6)
      if (hello[0].payload.substr(at, 6) == frames::number(id, 2) + frames::number(value, 4)) return true;
    return false;
  };
  EXPECT_TRUE(announces(3, 100));         // streams
  EXPECT_TRUE(announces(4, 256 * 1024));  // window
  EXPECT_TRUE(announces(6, 60 * 1024));   // head
  EXPECT_TRUE(announces(8, 1));           // RFC 8441
  EXPECT_EQ(hello[0].payload.find(frames::number(1, 2) + frames::number(8192, 4)), std::string::npos);
}

// --- HTTP-31, HTTP-35, HTTP-38: sizes -------------------------------------------------------------------------------

Pairs many(std::size_t fields, std::size_t size) {
  Pairs pairs = frames::get();
  for (std::size_t i = 0; i < fields; ++i) pairs.emplace_back("x-" + std::to_string(i), std::string(size, 'v'));
  return pairs;
}

std::string in_continuations(std::uint32_t stream, std::string_view block, std::size_t piece) {
  std::string bytes;
  for (std::size_t at = 0; at < block.size(); at += piece) {
    const bool last = at + piece >= block.size();
    bytes += frame(at == 0 ? frames::headers : frames::continuation,
                   std::uint8_t((last ? frames::kEndHeaders : 0) | (at == 0 ? frames::kEndStream : 0)), stream,
                   block.substr(at, piece));
  }
  return bytes;
}

TEST(H2Hostile, Http31TooManyFieldsAreSaidToBeTooMany) {
  Facing peer;
  peer.say(frames::start() + frames::request(1, many(196, 1)) + frames::request(3, many(197, 1)));
  EXPECT_THAT(peer.events.lines, ElementsAre("request 1 GET https www.example / ends",
                                             "request 3 GET https www.example / too-large ends"));
  EXPECT_EQ(peer.events.heads[3].fields.size(), 196U);
}

TEST(H2Hostile, Http31AHeadOverItsSizeIsSaidToBeTooLarge) {
  Facing peer;
  peer.say(frames::start() + in_continuations(1, frames::block(many(10, 7000)), 16384));
  EXPECT_THAT(peer.events.lines, ElementsAre("request 1 GET https www.example / too-large ends"));
  EXPECT_LE(peer.events.heads[1].size, 60U * 1024);
  peer.session->respond(1, status_head(431), true);
  peer.say(in_continuations(3, frames::block(many(8, 7000)), 16384));
  EXPECT_EQ(peer.events.lines.back(), "request 3 GET https www.example / ends");
}

TEST(H2Hostile, Http35ContinuationFloodEndsTheConnection) {
  Facing peer;
  std::string flood = frames::start() + frame(frames::headers, frames::kEndStream, 1, frames::block(frames::get()));
  for (int i = 0; i < 1000; ++i) flood += frame(frames::continuation, 0, 1, frames::block({{"a", "b"}}));
  const auto answer = peer.say(flood);
  EXPECT_FALSE(peer.fine);
  EXPECT_NE(Facing::goaway_of(answer), "none");
  EXPECT_THAT(peer.events.lines, IsEmpty());
  EXPECT_TRUE(peer.session->finished());
}

TEST(H2Hostile, Http35EmptyContinuationFloodEndsTheConnection) {
  Facing peer;
  std::string flood = frames::start() + frame(frames::headers, frames::kEndStream, 1, frames::block(frames::get()));
  for (int i = 0; i < 1000; ++i) flood += frame(frames::continuation, 0, 1);
  EXPECT_NE(Facing::goaway_of(peer.say(flood)), "none");
  EXPECT_TRUE(peer.session->finished());
}

// One entry of 4 KB in the dynamic table, then one byte for every mention of it.
TEST(H2Hostile, Http38HpackBombIsCutOff) {
  Facing peer;
  std::string block = frames::block(frames::get());
  block += '\x40' + frames::length(1) + "a" + frames::length(4000) + std::string(4000, 'v');
  block += std::string(10'000, char(0x80 | 62));  // 40 MB of head
  const auto answer = peer.say(frames::start() + frame(frames::headers, 5, 1, block));
  EXPECT_FALSE(peer.fine);
  EXPECT_EQ(Facing::goaway_of(answer), "ENHANCE_YOUR_CALM");
  EXPECT_THAT(peer.events.lines, IsEmpty());
  EXPECT_TRUE(peer.session->finished());
}

TEST(H2Hostile, Http38SmallHpackBombIsTooLargeAHead) {
  Facing peer;
  std::string block = frames::block(frames::get());
  block += '\x40' + frames::length(1) + "a" + frames::length(4000) + std::string(4000, 'v');
  block += std::string(100, char(0x80 | 62));
  peer.say(frames::start() + frame(frames::headers, 5, 1, block));
  EXPECT_THAT(peer.events.lines, ElementsAre("request 1 GET https www.example / too-large ends"));
  EXPECT_LE(peer.events.heads[1].size, 60U * 1024);
}

TEST(H2Hostile, Http38ATableLargerThanAllowedIsACompressionError) {
  Facing peer;
  const std::string resize = "\x3F\xE2\x1F";  // to 4097
  const auto answer = peer.say(frames::start() + frame(frames::headers, 5, 1, resize + frames::block(frames::get())));
  EXPECT_EQ(Facing::goaway_of(answer), "COMPRESSION_ERROR");
  EXPECT_THAT(peer.events.lines, IsEmpty());
}

TEST(H2Hostile, Http38AnIndexBeyondTheTableIsACompressionError) {
  Facing peer;
  const auto answer = peer.say(frames::start() + frame(frames::headers, 5, 1, "\xFF\x80\x01"));
  EXPECT_EQ(Facing::goaway_of(answer), "COMPRESSION_ERROR");
}

TEST(H2Hostile, Http38AWindowThatOverflowsIsAnError) {
  {
    Facing peer;
    const auto answer = peer.say(frames::start() + frame(frames::window_update, 0, 0, frames::number(0x7FFFFFFF, 4)));
    EXPECT_EQ(Facing::goaway_of(answer), "FLOW_CONTROL_ERROR");
    EXPECT_TRUE(peer.session->finished());
  }
  Facing peer;
  const auto answer = peer.say(frames::start() + frames::request(1, frames::get()) +
                               frame(frames::window_update, 0, 1, frames::number(0x7FFFFFFF, 4)));
  EXPECT_EQ(Facing::reset_of(answer, 1), "FLOW_CONTROL_ERROR");
  EXPECT_EQ(peer.events.lines.back(), "reset 1 FLOW_CONTROL_ERROR");
}

TEST(H2Hostile, Http38AWindowUpdateOfNothingIsAStreamError) {
  Facing peer;
  const auto answer = peer.say(frames::start() + frames::request(1, frames::get()) +
                               frame(frames::window_update, 0, 1, frames::number(0, 4)));
  EXPECT_TRUE(Facing::reset_of(answer, 1) == "PROTOCOL_ERROR" || Facing::goaway_of(answer) == "PROTOCOL_ERROR");
}

TEST(H2Hostile, Http38MoreDataThanTheWindowIsAFlowControlError) {
  Facing peer(H2Limits{.stream_window = 65'535, .connection_window = 65'535});
  peer.events.consumes = false;
  std::string bytes = frames::start() + frames::request(1, frames::post(), false);
  for (int i = 0; i < 4; ++i) bytes += frame(frames::data, 0, 1, std::string(16'384, 'x'));
  const auto answer = peer.say(bytes);
  EXPECT_EQ(Facing::goaway_of(answer), "FLOW_CONTROL_ERROR");
  EXPECT_LE(peer.events.bodies[1].size(), 65'535U);
}

// A reader whose window stays shut holds one queue of ours, and no more.
TEST(H2Hostile, Http38AReaderThatNeverReadsHoldsABoundedQueue) {
  Facing peer;
  const std::string shut = frame(frames::settings, 0, 0, frames::number(4, 2) + frames::number(0, 4));
  peer.say(std::string(frames::kPreface) + shut + frames::request(1, frames::get()));
  peer.session->respond(1, status_head(200), false);
  std::size_t taken = 0;
  for (int i = 0; i < 100; ++i) taken += peer.session->send_data(1, std::string(10'000, 'x'), false);
  EXPECT_EQ(taken, 64U * 1024);
  EXPECT_EQ(peer.session->queued(1), 64U * 1024);
  const auto sent = frames::read(output_of(*peer.session));
  EXPECT_EQ(frames::of_type(sent, frames::data).size(), 0U);
  EXPECT_EQ(frames::of_type(sent, frames::headers).size(), 1U);
}

// --- the connection -------------------------------------------------------------------------------------------------

struct Nonsense {
  const char* name;
  std::string bytes;
};
const Nonsense kNonsense[] = {
    {"Http1", "GET / HTTP/1.1\r\nHost: www.example\r\n\r\n"},
    {"NoSettings", std::string(frames::kPreface) + frame(frames::ping, 0, 0, "12345678")},
    {"DataOnStreamZero", frames::start() + frame(frames::data, 0, 0, "x")},
    {"HeadersOnStreamZero", frames::start() + frame(frames::headers, 4, 0, frames::block(frames::get()))},
    {"EvenStream", frames::start() + frames::request(2, frames::get())},
    {"FrameTooLong", frames::start() + frame(frames::data, 0, 1, std::string(16'385, 'x'))},
    {"SettingsOfOddSize", frames::start() + frame(frames::settings, 0, 0, "12345")},
    {"SettingsWithAWindowBeyondAll",
     frames::start() + frame(frames::settings, 0, 0, frames::number(4, 2) + frames::number(0x80000000, 4))},
    {"PingOfOddSize", frames::start() + frame(frames::ping, 0, 0, "1234567")},
    {"PushFromAClient", frames::start() + frames::request(1, frames::post(), false) +
                            frame(frames::push_promise, 4, 1, frames::number(2, 4) + frames::block(frames::get()))},
    {"PaddingLongerThanItsFrame", frames::start() + frames::request(1, frames::post(), false) +
                                      frame(frames::data, frames::kPadded, 1, std::string(1, char(50)) + "x")},
    {"AnotherFrameAmongContinuations", frames::start() + frame(frames::headers, 1, 1, frames::block(frames::get())) +
                                           frame(frames::ping, 0, 0, "12345678")},
    {"ContinuationOfNothing", frames::start() + frame(frames::continuation, 4, 1, frames::block(frames::get()))},
    {"ResetOfAnIdleStream", frames::start() + frame(frames::rst_stream, 0, 1, frames::number(8, 4))},
};

class ConnectionError : public testing::TestWithParam<Nonsense> {};
TEST_P(ConnectionError, IsAGoawayAndTheEnd) {
  Facing peer;
  const auto answer = peer.say(GetParam().bytes);
  EXPECT_TRUE(Facing::goaway_of(answer) != "none" && Facing::goaway_of(answer) != "NO_ERROR");
  EXPECT_EQ(answer[0].type, frames::settings);  // even so the preface comes first
  EXPECT_TRUE(peer.session->finished());
  // HTTP-37: what comes after the end is not looked at.
  const std::size_t events = peer.events.lines.size();
  EXPECT_THAT(peer.say(frames::request(101, frames::get()) + GetParam().bytes), IsEmpty());
  EXPECT_FALSE(peer.fine);
  EXPECT_EQ(peer.events.lines.size(), events);
}
INSTANTIATE_TEST_SUITE_P(H2, ConnectionError, testing::ValuesIn(kNonsense),
                         [](const auto& each) { return std::string(each.param.name); });

// The same bytes one at a time lead to the same events.
TEST(H2Hostile, PiecesOfAnySizeAreTheSameConnection) {
  std::string bytes = frames::start() + in_continuations(1, frames::block(many(20, 100)), 500) +
                      frames::request(3, frames::post({{"content-length", "6"}}), false) +
                      frame(frames::data, frames::kPadded, 3, std::string(1, char(4)) + "abc" + std::string(4, '\0')) +
                      frame(frames::data, frames::kEndStream, 3, "def") +
                      frames::request(5, frames::get({{"host", "evil.example"}}));
  Facing whole, dripping;
  whole.say(bytes);
  for (const char byte : bytes) dripping.say({&byte, 1});
  EXPECT_TRUE(dripping.fine);
  EXPECT_EQ(whole.events.lines, dripping.events.lines);
  EXPECT_EQ(whole.events.bodies[3], "abcdef");
  EXPECT_EQ(dripping.events.bodies[3], "abcdef");
  EXPECT_TRUE(whole.events.has("end 3"));
}

TEST(H2Hostile, PaddingIsGivenBack) {
  Facing peer(H2Limits{.stream_window = 65'535, .connection_window = 65'535});
  peer.say(frames::start() + frames::request(1, frames::post(), false));
  const std::string padded =
      frame(frames::data, frames::kPadded, 1, std::string(1, char(255)) + "x" + std::string(255, '\0'));
  std::uint32_t opened = 0;
  for (int i = 0; i < 1000; ++i)
    for (const auto& each : frames::of_type(peer.say(padded), frames::window_update))
      if (each.stream == 0) opened += each.increment();
  EXPECT_TRUE(peer.fine);
  EXPECT_GE(opened, 1000U * 257 - 65'535);
}

}  // namespace
}  // namespace schoolgate::http
