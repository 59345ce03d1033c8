// Peers that make us work for nothing: frames that carry nothing (HTTP-33), resets (HTTP-34) and provoked resets
// (HTTP-36).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/http/h2_session.h"
#include "tests/proxy/http/h2_peers.h"

namespace schoolgate::http {
namespace {

using frames::frame;
using testing::IsEmpty;

// --- HTTP-33: frames that carry nothing -----------------------------------------------------------------------------

struct Flood {
  const char* name;
  std::string one;
};
const Flood kFloods[] = {
    {"Ping", frame(frames::ping, 0, 0, "12345678")},
    {"PingAck", frame(frames::ping, frames::kAck, 0, "12345678")},
    {"Settings", frame(frames::settings, 0, 0)},
    {"Priority", frame(frames::priority, 0, 1, frames::number(0, 4) + "x")},
    {"WindowUpdate", frame(frames::window_update, 0, 0, frames::number(1, 4))},
    {"EmptyData", frame(frames::data, 0, 1)},
    {"DataOfPadding", frame(frames::data, frames::kPadded, 1, std::string(1, char(10)) + std::string(10, '\0'))},
    {"DataOfAStreamThatIsOver", frame(frames::data, 0, 3)},
    {"HeadOfAStreamThatIsOver", frame(frames::headers, 5, 3, "\x82")},
    {"UnknownType", frame(0xFA, 0, 0, "x")},
    {"AltSvc", frame(frames::altsvc, 0, 0, frames::number(0, 2) + "clear")},
};

// Streams 1 and 5 are open, 3 is over.
std::string open_and_over() {
  return frames::start() + frames::request(1, frames::post(), false) + frames::request(3, frames::post(), false) +
         frame(frames::rst_stream, 0, 3, frames::number(8, 4)) + frames::request(5, frames::post(), false);
}

class FloodOf : public testing::TestWithParam<Flood> {};
TEST_P(FloodOf, EndsTheConnection) {
  Facing peer;
  peer.say(open_and_over());
  std::string bytes;
  for (int i = 0; i < 3000; ++i) bytes += GetParam().one;
  const auto answer = peer.say(bytes);
  EXPECT_FALSE(peer.fine);
  EXPECT_EQ(Facing::goaway_of(answer), "ENHANCE_YOUR_CALM");
  EXPECT_TRUE(peer.session->finished());
  EXPECT_LE(answer.size(), 1100U);  // what was owed in answers is bounded as well
}
// The same, one by one, with every answer taken: nothing depends on what lies in the output.
TEST_P(FloodOf, EndsTheConnectionWhenItDripsToo) {
  Facing peer;
  peer.say(open_and_over());
  int frames_said = 0;
  for (; peer.fine && frames_said < 3000; ++frames_said) peer.say(GetParam().one);
  EXPECT_FALSE(peer.fine);
  EXPECT_GE(frames_said, 1000);
}
INSTANTIATE_TEST_SUITE_P(Http33, FloodOf, testing::ValuesIn(kFloods),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(H2Flood, Http33PingsBesideRealWorkAreFine) {
  Facing peer;
  peer.say(frames::start());
  StreamId stream = 1;
  for (int i = 0; i < 3000; ++i, stream += 2) {
    peer.say(frames::request(std::uint32_t(stream), frames::get()) + kFloods[0].one + kFloods[4].one);
    peer.session->respond(stream, status_head(204), true);
    output_of(*peer.session);
  }
  EXPECT_TRUE(peer.fine);
}

TEST(H2Flood, Http33PingsOfALongQuietConnectionAreFineWhenAllowancesAreRenewed) {
  Facing peer;
  peer.say(frames::start());
  for (int i = 0; i < 3000; ++i) {
    peer.say(kFloods[0].one);
    if (i % 500 == 0) peer.session->renew_allowances();
  }
  EXPECT_TRUE(peer.fine);
}

// CVE-2019-9511: a window of one byte at a time makes us send one-byte frames.
TEST(H2Flood, Http33DataDribbleEndsTheConnection) {
  Facing peer;
  const std::string shut = frame(frames::settings, 0, 0, frames::number(4, 2) + frames::number(0, 4));
  peer.say(std::string(frames::kPreface) + shut + frames::request(1, frames::get()));
  peer.session->respond(1, status_head(200), false);
  EXPECT_EQ(peer.session->send_data(1, std::string(60'000, 'x'), true), 60'000U);
  int dribbles = 0;
  for (; peer.fine && dribbles < 10'000; ++dribbles) peer.say(frame(frames::window_update, 0, 1, frames::number(1, 4)));
  EXPECT_FALSE(peer.fine);
  EXPECT_LE(dribbles, 2100);
}

// --- HTTP-34, HTTP-36: resets ---------------------------------------------------------------------------------------

TEST(H2Flood, Http34RapidResetEndsTheConnection) {
  Facing peer;
  std::string bytes = frames::start();
  for (std::uint32_t i = 0; i < 1000; ++i)
    bytes += frames::request(2 * i + 1, frames::get()) + frame(frames::rst_stream, 0, 2 * i + 1, frames::number(8, 4));
  const auto answer = peer.say(bytes);
  EXPECT_FALSE(peer.fine);
  EXPECT_EQ(Facing::goaway_of(answer), "ENHANCE_YOUR_CALM");
  EXPECT_EQ(std::ranges::count_if(peer.events.lines, [](auto& line) { return line.starts_with("request"); }), 201);
  EXPECT_EQ(std::ranges::count_if(peer.events.lines, [](auto& line) { return line.starts_with("reset"); }), 200);
  EXPECT_TRUE(peer.session->finished());
}

// A browser that scrolls past pictures gives many up, and reads many.
TEST(H2Flood, Http34ResetsAmongAnswersAreFine) {
  Facing peer;
  peer.say(frames::start());
  for (std::uint32_t stream = 1; stream < 4000; stream += 4) {
    peer.say(frames::request(stream, frames::get()) + frames::request(stream + 2, frames::get()) +
             frame(frames::rst_stream, 0, stream, frames::number(8, 4)));
    peer.session->respond(StreamId(stream + 2), status_head(204), true);
    output_of(*peer.session);
  }
  EXPECT_TRUE(peer.fine);
}

// MadeYouReset (CVE-2025-8671): the client makes us reset, and opens the next.
TEST(H2Flood, Http36ResetsThatAClientProvokesEndTheConnection) {
  const std::string provocations[] = {
      frame(frames::window_update, 0, 0, frames::number(0, 4)),           // of nothing
      frame(frames::window_update, 0, 0, frames::number(0x7FFFFFFF, 4)),  // overflow
      frame(frames::data, frames::kEndStream, 0, "x"),                    // a body that is too short
      frame(frames::priority, 0, 0, "xxxx"),                              // of a wrong size
      frame(frames::headers, 5, 0, frames::block({{":path", "/"}})),      // trailers with a pseudo-field
  };
  for (const std::string& provocation : provocations) {
    Facing peer;
    peer.say(frames::start());
    std::uint32_t stream = 1;
    for (; peer.fine && !peer.session->finished() && stream < 1000; stream += 2) {
      std::string on_stream = provocation;
      on_stream.replace(5, 4, frames::number(stream, 4));
      peer.say(frames::request(stream, frames::post({{"content-length", "5"}}), false) + on_stream);
    }
    EXPECT_TRUE(peer.session->finished()) << int(provocation[3]);
    EXPECT_LE(stream, 2 * 203U) << int(provocation[3]);
    for (std::size_t i = 0; i + 2 < peer.events.lines.size(); i += 2)
      EXPECT_TRUE(peer.events.lines[i + 1].starts_with("reset")) << peer.events.lines[i + 1];
  }
}

TEST(H2Flood, Http36MalformedRequestsWithoutEndEndTheConnection) {
  Facing peer;
  peer.say(frames::start());
  std::uint32_t stream = 1;
  for (; peer.fine && stream < 2000; stream += 2)
    peer.say(frames::request(stream, frames::get({{"host", "evil.example"}})));
  EXPECT_FALSE(peer.fine);
  EXPECT_LE(stream, 2 * 202U);
  EXPECT_THAT(peer.events.lines, IsEmpty());
}

// Until it has acknowledged the limit a client may not know it; afterwards it breaks it on purpose.
TEST(H2Flood, StreamsBeyondTheLimitAreRefused) {
  H2Limits few;
  few.streams = 2;
  Facing peer(few);
  auto answer = peer.say(frames::start() + frames::request(1, frames::get()) + frames::request(3, frames::get()) +
                         frames::request(5, frames::get()));
  EXPECT_EQ(peer.events.lines.size(), 2U);
  EXPECT_EQ(Facing::reset_of(answer, 5), "REFUSED_STREAM");
  EXPECT_EQ(peer.session->open_streams(), 2U);
  answer = peer.say(frame(frames::settings, frames::kAck, 0) + frames::request(7, frames::get()));
  EXPECT_EQ(Facing::goaway_of(answer), "PROTOCOL_ERROR");
  EXPECT_TRUE(peer.session->finished());
}

TEST(H2Flood, Http36RefusedStreamsEndTheConnectionInTime) {
  H2Limits few;
  few.streams = 2;
  Facing peer(few);
  peer.say(frames::start());
  std::uint32_t stream = 1;
  for (; peer.fine && stream < 2000; stream += 2) peer.say(frames::request(stream, frames::get()));
  EXPECT_FALSE(peer.fine);
  EXPECT_LE(stream, 2 * 205U);
}

}  // namespace
}  // namespace schoolgate::http
