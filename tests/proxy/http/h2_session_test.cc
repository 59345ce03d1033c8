// Two sessions of ours talking to each other: requests, bodies, windows, ends.
#include "proxy/http/h2_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/http/h2_peers.h"

namespace schoolgate::http {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string body_of(std::size_t size) {
  std::string body(size, '\0');
  for (std::size_t i = 0; i < size; ++i) body[i] = char('a' + i * 7 % 26);
  return body;
}

TEST(H2Session, RequestAndAnswerWithoutBodies) {
  Joined joined;
  H2Head head = get_head("/maths?year=4");
  head.add("user-agent", "test/1");
  EXPECT_EQ(joined.client->request(head, true), 1);
  joined.run();
  EXPECT_THAT(joined.at_server.lines, ElementsAre("request 1 GET https www.example /maths?year=4 ends"));
  EXPECT_EQ(joined.at_server.field(1, "user-agent"), "test/1");

  H2Head answer = status_head(204);
  answer.add("server", "origin");
  joined.server->respond(1, answer, true);
  joined.run();
  EXPECT_THAT(joined.at_client.lines, ElementsAre("response 1 204 ends"));
  EXPECT_EQ(joined.at_client.field(1, "server"), "origin");
  EXPECT_EQ(joined.client->open_streams(), 0U);
  EXPECT_EQ(joined.server->open_streams(), 0U);
  EXPECT_TRUE(joined.client_fine && joined.server_fine);
  EXPECT_FALSE(joined.client->finished());
}

TEST(H2Session, BodiesBothWays) {
  Joined joined;
  const std::string question = body_of(3000), reply = body_of(70000);
  EXPECT_EQ(joined.client->request(post_head(), false), 1);
  EXPECT_EQ(joined.client->send_data(1, question, true), question.size());
  joined.run();
  EXPECT_THAT(joined.at_server.lines, ElementsAre("request 1 POST https www.example /", "end 1"));
  EXPECT_EQ(joined.at_server.bodies[1], question);

  joined.server->respond(1, status_head(200), false);
  std::size_t sent = joined.server->send_data(1, reply, true);
  EXPECT_EQ(sent, 64U * 1024);
  joined.run();
  EXPECT_THAT(joined.at_server.lines, testing::Contains("writable 1"));
  EXPECT_EQ(joined.server->send_data(1, std::string_view(reply).substr(sent), true), reply.size() - sent);
  joined.run();
  EXPECT_THAT(joined.at_client.lines, ElementsAre("response 1 200", "end 1"));
  EXPECT_EQ(joined.at_client.bodies[1], reply);
  EXPECT_EQ(joined.client->open_streams() + joined.server->open_streams(), 0U);
}

// The same bytes whatever the pieces that the output is taken in: frames are cut to the room, or go over a spare one.
TEST(H2Session, OutputInPiecesOfAnySizeIsTheSameMessage) {
  for (const std::size_t piece : {1UZ, 9UZ, 10UZ, 100UZ, 1000UZ, 1033UZ, 1034UZ, 5000UZ, 16393UZ, 100000UZ}) {
    Joined joined;
    const std::string body = body_of(40000);
    joined.at_server.when_request = [&](StreamId stream) {
      joined.server->respond(stream, status_head(200), false);
      EXPECT_EQ(joined.server->send_data(stream, body, true), body.size());
    };
    for (int i = 0; i < 3; ++i) EXPECT_NE(joined.client->request(get_head(), true), 0);
    joined.run(piece);
    for (const StreamId stream : {1, 3, 5}) EXPECT_EQ(joined.at_client.bodies[stream], body) << piece;
    EXPECT_TRUE(joined.at_client.has("end 1") && joined.at_client.has("end 3") && joined.at_client.has("end 5"));
    EXPECT_TRUE(joined.client_fine && joined.server_fine) << piece;
  }
}

TEST(H2Session, ManyFramesAreGatheredIntoOneBuffer) {
  Joined joined;
  for (int i = 0; i < 10; ++i) EXPECT_NE(joined.client->request(get_head("/" + std::to_string(i)), true), 0);
  joined.run();
  for (StreamId stream = 1; stream < 20; stream += 2) {
    joined.server->respond(stream, status_head(200), false);
    EXPECT_EQ(joined.server->send_data(stream, body_of(1000), true), 1000U);
  }
  std::string room(16 * 1024, '\0');
  const std::size_t size = joined.server->take_output(room);
  EXPECT_EQ(frames::read(std::string_view(room).substr(0, size)).size(), 20U);
  EXPECT_EQ(joined.server->take_output(room), 0U);
}

TEST(H2Session, InterimAnswersGoBeforeTheFinalOne) {
  Joined joined;
  EXPECT_EQ(joined.client->request(post_head(), false), 1);
  joined.run();
  joined.server->interim(1, status_head(100));
  joined.server->interim(1, status_head(103));
  joined.server->respond(1, status_head(200), true);
  joined.run();
  EXPECT_THAT(joined.at_client.lines,
              ElementsAre("interim 1 100", "interim 1 103", "response 1 200 ends", "reset 1 NO_ERROR"));
}

// HTTP-12
TEST(H2Session, TheSeventeenthInterimAnswerEndsTheStream) {
  Joined joined;
  EXPECT_EQ(joined.client->request(get_head(), true), 1);
  joined.run();
  for (int i = 0; i < 17; ++i) joined.server->interim(1, status_head(103));
  joined.run();
  EXPECT_EQ(std::ranges::count(joined.at_client.lines, "interim 1 103"), 16);
  EXPECT_EQ(joined.at_client.lines.back(), "reset 1 ENHANCE_YOUR_CALM");
}

TEST(H2Session, TrailersEndBothKindsOfMessage) {
  Joined joined;
  EXPECT_EQ(joined.client->request(post_head(), false), 1);
  EXPECT_EQ(joined.client->send_data(1, "question", false), 8U);
  H2Head trailers;
  trailers.add("digest", "abc");
  joined.client->send_trailers(1, trailers);
  joined.run();
  EXPECT_THAT(joined.at_server.lines,
              ElementsAre("request 1 POST https www.example /", "trailers 1 digest=abc", "end 1"));
  EXPECT_EQ(joined.at_server.bodies[1], "question");
  joined.server->respond(1, status_head(200), false);
  trailers.clear();
  trailers.add("grpc-status", "0");
  joined.server->send_trailers(1, trailers);
  joined.run();
  EXPECT_THAT(joined.at_client.lines, ElementsAre("response 1 200", "trailers 1 grpc-status=0", "end 1"));
}

TEST(H2Session, TrailersWithoutAFieldAreAnEnd) {
  Joined joined;
  EXPECT_EQ(joined.client->request(post_head(), false), 1);
  joined.client->send_trailers(1, H2Head());
  joined.run();
  EXPECT_THAT(joined.at_server.lines, ElementsAre("request 1 POST https www.example /", "end 1"));
}

// A reader that does not read stops the writer: no more than the window is ever on the way.
TEST(H2Session, UnconsumedBytesCloseTheStreamsWindow) {
  Joined joined(H2Limits{.stream_window = 100'000});
  joined.at_server.consumes = false;
  EXPECT_EQ(joined.client->request(post_head(), false), 1);
  const std::string body = body_of(1'000'000);
  std::size_t sent = 0;
  joined.at_client.when_writable = [&](StreamId stream) {
    sent += joined.client->send_data(stream, std::string_view(body).substr(sent), true);
  };
  joined.at_client.when_writable(1);
  joined.run();
  EXPECT_EQ(joined.at_server.bodies[1].size(), 100'000U);
  EXPECT_LE(sent, 100'000U + 64 * 1024);
  EXPECT_LE(joined.client->queued(1), 64U * 1024);

  joined.server->consumed(1, 60'000);
  joined.run();
  EXPECT_EQ(joined.at_server.bodies[1].size(), 160'000U);

  joined.at_server.consumes = true;
  joined.server->consumed(1, 100'000);
  joined.run();
  EXPECT_EQ(joined.at_server.bodies[1], body);
  EXPECT_TRUE(joined.at_server.has("end 1"));
}

TEST(H2Session, UnconsumedBytesOfAllStreamsCloseTheConnectionsWindow) {
  Joined joined(H2Limits{.stream_window = 100'000, .connection_window = 150'000});
  joined.at_server.consumes = false;
  const std::string body = body_of(64 * 1024);
  for (int i = 0; i < 4; ++i) {
    const StreamId stream = joined.client->request(post_head(), false);
    EXPECT_EQ(joined.client->send_data(stream, body, true), body.size());
  }
  joined.run();
  std::size_t received = 0;
  for (const auto& [stream, bytes] : joined.at_server.bodies) received += bytes.size();
  EXPECT_EQ(received, 150'000U);
}

// Every way in which a stream can end gives the connection's window back; else a connection would starve over time.
TEST(H2Session, WindowIsGivenBackWhenTheReaderResets) {
  Joined joined(H2Limits{.stream_window = 60'000, .connection_window = 70'000});
  joined.at_server.consumes = false;
  for (int i = 0; i < 20; ++i) {
    const StreamId stream = joined.client->request(post_head(), false);
    EXPECT_EQ(joined.client->send_data(stream, body_of(50'000), false), 50'000U);
    joined.run();
    EXPECT_EQ(joined.at_server.bodies[stream].size(), 50'000U);
    joined.server->reset(stream, H2Code::cancel);
    joined.run();
    EXPECT_EQ(joined.at_client.lines.back(), "reset " + std::to_string(stream) + " CANCEL");
  }
}

TEST(H2Session, WindowIsGivenBackWhenTheWriterResets) {
  Joined joined(H2Limits{.stream_window = 60'000, .connection_window = 70'000});
  joined.at_server.consumes = false;
  for (int i = 0; i < 20; ++i) {
    const StreamId stream = joined.client->request(post_head(), false);
    EXPECT_EQ(joined.client->send_data(stream, body_of(50'000), false), 50'000U);
    joined.run();
    EXPECT_EQ(joined.at_server.bodies[stream].size(), 50'000U);
    joined.client->reset(stream, H2Code::cancel);
    joined.run();
    EXPECT_EQ(joined.at_server.lines.back(), "reset " + std::to_string(stream) + " CANCEL");
    joined.server->consumed(stream, 50'000);  // too late, and harmless
  }
}

TEST(H2Session, WindowOfAMessageThatEndedInOrderIsGivenBackWhenItIsConsumed) {
  Joined joined(H2Limits{.stream_window = 60'000, .connection_window = 70'000});
  joined.at_client.consumes = false;
  joined.at_server.when_request = [&](StreamId stream) {
    joined.server->respond(stream, status_head(200), false);
    EXPECT_EQ(joined.server->send_data(stream, body_of(50'000), true), 50'000U);
  };
  EXPECT_EQ(joined.client->request(get_head(), true), 1);
  EXPECT_EQ(joined.client->request(get_head(), true), 3);
  joined.run();
  EXPECT_TRUE(joined.at_client.has("end 1"));
  EXPECT_EQ(joined.at_client.bodies[3].size(), 20'000U);  // held up by what nobody has read of the first
  joined.client->consumed(1, 50'000);
  joined.run();
  EXPECT_TRUE(joined.at_client.has("end 3"));
  joined.client->reset(3, H2Code::cancel);  // ended: only gives back
  joined.run();
  EXPECT_EQ(joined.client->request(get_head(), true), 5);
  joined.run();
  EXPECT_TRUE(joined.at_client.has("end 5"));
}

TEST(H2Session, DataThatCrossesAResetIsGivenBackToo) {
  Joined joined(H2Limits{.stream_window = 60'000, .connection_window = 70'000});
  joined.at_server.consumes = false;
  for (int i = 0; i < 20; ++i) {
    const StreamId stream = joined.client->request(post_head(), false);
    joined.run();
    EXPECT_EQ(joined.client->send_data(stream, body_of(50'000), false), 50'000U);
    const std::string crossing = output_of(*joined.client);
    joined.server->reset(stream, H2Code::cancel);
    ASSERT_TRUE(joined.server->receive(crossing));
    joined.run();
    EXPECT_THAT(joined.at_server.bodies, IsEmpty());
  }
}

// What the hallway does when a body has been refused: it answers early, and the rest of the body is not wanted.
TEST(H2Session, AnAnswerBeforeTheEndOfTheRequestStopsTheUpload) {
  Joined joined;
  EXPECT_EQ(joined.client->request(post_head(), false), 1);
  EXPECT_EQ(joined.client->send_data(1, body_of(1000), false), 1000U);
  joined.run();
  joined.server->respond(1, status_head(403), false);
  EXPECT_EQ(joined.server->send_data(1, "no", true), 2U);
  joined.run();
  EXPECT_THAT(joined.at_client.lines, ElementsAre("response 1 403", "end 1", "reset 1 NO_ERROR"));
  EXPECT_EQ(joined.at_client.bodies[1], "no");
  EXPECT_EQ(joined.client->open_streams() + joined.server->open_streams(), 0U);
}

TEST(H2Session, ResetDropsWhatIsQueued) {
  Joined joined;
  EXPECT_EQ(joined.client->request(get_head(), true), 1);
  joined.run();
  joined.server->respond(1, status_head(200), false);
  EXPECT_EQ(joined.server->send_data(1, body_of(1000), false), 1000U);
  joined.server->reset(1, H2Code::internal_error);
  joined.run();
  EXPECT_THAT(joined.at_client.lines, ElementsAre("reset 1 INTERNAL_ERROR"));
  EXPECT_THAT(joined.at_client.bodies, IsEmpty());
  EXPECT_EQ(joined.server->send_data(1, "more", false), 4U);
  EXPECT_FALSE(joined.server->has_output());
}

TEST(H2Session, ARequestMayBeResetBeforeItHasLeft) {
  Joined joined;
  EXPECT_EQ(joined.client->request(get_head(), true), 1);
  joined.client->reset(1, H2Code::cancel);
  joined.run();
  EXPECT_THAT(joined.at_client.lines, IsEmpty());
  EXPECT_EQ(joined.client->open_streams(), 0U);
  EXPECT_EQ(joined.client->request(get_head(), true), 3);
  joined.run();
  EXPECT_TRUE(joined.at_server.has("request 3 GET https www.example / ends"));
}

TEST(H2Session, CallsInsideEventsAreHeeded) {
  Joined joined;
  joined.at_server.when_request = [&](StreamId stream) {
    if (stream == 1) joined.server->reset(stream, H2Code::refused_stream);
    if (stream == 3) joined.server->respond(stream, status_head(200), true);
  };
  joined.at_server.when_data = [&](StreamId stream) {
    if (stream == 5) joined.server->reset(stream, H2Code::cancel);
  };
  for (int i = 0; i < 3; ++i) {
    const StreamId stream = joined.client->request(post_head(), false);
    EXPECT_EQ(joined.client->send_data(stream, body_of(30'000), true), 30'000U);
  }
  joined.run();
  EXPECT_TRUE(joined.at_client.has("reset 1 REFUSED_STREAM"));
  EXPECT_TRUE(joined.at_client.has("response 3 200 ends"));
  EXPECT_TRUE(joined.at_client.has("reset 5 CANCEL"));
  EXPECT_FALSE(joined.at_server.has("end 5"));
  EXPECT_EQ(joined.client->open_streams() + joined.server->open_streams(), 0U);
}

TEST(H2Session, AClientWaitsForFreeStreams) {
  H2Limits few;
  few.streams = 3;
  Joined joined(H2Limits{}, few);
  EXPECT_EQ(joined.client->free_streams(), 100U);
  joined.run();
  EXPECT_EQ(joined.at_client.settings, 1);
  EXPECT_EQ(joined.client->free_streams(), 3U);
  for (int i = 0; i < 3; ++i) EXPECT_NE(joined.client->request(get_head(), true), 0);
  EXPECT_EQ(joined.client->free_streams(), 0U);
  EXPECT_EQ(joined.client->request(get_head(), true), 0);
  joined.run();
  joined.server->respond(3, status_head(200), true);
  joined.run();
  EXPECT_EQ(joined.client->free_streams(), 1U);
  EXPECT_EQ(joined.client->request(get_head(), true), 7);
}

TEST(H2Session, GoawayLetsOpenStreamsEnd) {
  Joined joined;
  EXPECT_EQ(joined.client->request(get_head(), true), 1);
  joined.run();
  joined.server->goaway(H2Code::no_error);
  joined.run();
  EXPECT_THAT(joined.at_client.lines, ElementsAre("goaway 1 NO_ERROR"));
  EXPECT_EQ(joined.client->free_streams(), 0U);
  EXPECT_EQ(joined.client->request(get_head(), true), 0);
  EXPECT_FALSE(joined.server->finished());
  joined.server->respond(1, status_head(200), true);
  joined.run();
  EXPECT_TRUE(joined.at_client.has("response 1 200 ends"));
  EXPECT_TRUE(joined.server->finished());
  EXPECT_TRUE(joined.client->finished());
}

// A gateway that drains says so at each request that it takes; the one GOAWAY covers all of them, and none beyond.
TEST(H2Session, GoawayIsSaidOnceAndCoversWhatHasBeenTold) {
  Joined joined;
  joined.run();
  joined.at_server.when_request = [&](StreamId) { joined.server->goaway(H2Code::no_error); };
  for (int i = 0; i < 3; ++i) EXPECT_NE(joined.client->request(get_head(), true), 0);
  ASSERT_TRUE(joined.server->receive(output_of(*joined.client)));
  EXPECT_EQ(joined.at_server.lines.size(), 3U);
  EXPECT_NE(joined.client->request(get_head(), true), 0);
  const std::string crossing = output_of(*joined.client);
  std::string few(9, '\0');  // the GOAWAY is on its way, and not yet out
  ASSERT_EQ(joined.server->take_output(few), 9U);
  ASSERT_TRUE(joined.server->receive(crossing));
  EXPECT_EQ(joined.at_server.lines.size(), 3U);
  few += output_of(*joined.server);
  const auto goaways = frames::of_type(frames::read(few), frames::goaway);
  ASSERT_EQ(goaways.size(), 1U);
  EXPECT_EQ(goaways[0].payload.substr(0, 4), frames::number(5, 4));
  ASSERT_TRUE(joined.client->receive(few));
  EXPECT_TRUE(joined.at_client.has("reset 7 REFUSED_STREAM"));
  joined.server->goaway(H2Code::no_error);
  EXPECT_FALSE(joined.server->has_output());
}

TEST(H2Session, RequestsThatAGoawayLeavesOutComeBackAsRefused) {
  Joined joined;
  joined.run();
  EXPECT_EQ(joined.client->request(get_head(), true), 1);
  const std::string crossing = output_of(*joined.client);
  joined.server->goaway(H2Code::no_error);
  ASSERT_TRUE(joined.client->receive(output_of(*joined.server)));
  EXPECT_THAT(joined.at_client.lines, ElementsAre("goaway 0 NO_ERROR", "reset 1 REFUSED_STREAM"));
  ASSERT_TRUE(joined.server->receive(crossing));
  EXPECT_THAT(joined.at_server.lines, IsEmpty());
}

TEST(H2Session, GoawayWithACodeEndsTheConnection) {
  Joined joined;
  EXPECT_EQ(joined.client->request(get_head(), true), 1);
  joined.run();
  joined.server->goaway(H2Code::internal_error);
  EXPECT_FALSE(joined.server->receive("anything"));
  joined.run();
  EXPECT_TRUE(joined.at_client.has("goaway 1 INTERNAL_ERROR"));
  EXPECT_TRUE(joined.server->finished());
}

TEST(H2Session, NothingFollowsTheLastGoaway) {
  Joined joined;
  for (int i = 0; i < 4; ++i) EXPECT_NE(joined.client->request(get_head(), true), 0);
  joined.run();
  for (const StreamId stream : {1, 3, 5, 7}) {
    joined.server->respond(stream, status_head(200), false);
    EXPECT_EQ(joined.server->send_data(stream, body_of(50'000), true), 50'000U);
  }
  joined.server->goaway(H2Code::enhance_your_calm);
  const auto sent = frames::read(output_of(*joined.server));
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(sent.back().type, frames::goaway);
  EXPECT_THAT(frames::of_type(sent, frames::data), IsEmpty());
  EXPECT_TRUE(joined.server->finished());
  EXPECT_FALSE(joined.server->has_output());
  const auto over = joined.server->receive("x");
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().what, "HTTP/2 connection ended with ENHANCE_YOUR_CALM: by this end");
}

TEST(H2Session, FailuresSayWhoseFaultTheyAre) {
  Listener listener;
  const auto server = H2Session::server({}, listener);
  const auto of_client = server->receive("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
  ASSERT_FALSE(of_client);
  EXPECT_EQ(of_client.error().fault, Fault::client);
  EXPECT_TRUE(of_client.error().what.starts_with("HTTP/2 connection ended with PROTOCOL_ERROR: "));
  const auto client = H2Session::client({}, listener);
  output_of(*client);
  const auto of_server = client->receive(frames::frame(frames::push_promise, 4, 1, "\0\0\0\2"));
  ASSERT_FALSE(of_server);
  EXPECT_EQ(of_server.error().fault, Fault::upstream);
}

TEST(H2Session, NeverIndexedFieldsStaySo) {
  Joined joined;
  H2Head head = get_head();
  head.add("x-secret", "abc", true);
  head.add("x-plain", "abc");
  EXPECT_EQ(joined.client->request(head, true), 1);
  joined.run();
  const H2Head& got = joined.at_server.heads[1];
  ASSERT_EQ(got.fields.size(), 2U);
  EXPECT_TRUE(got.fields[0].never_index);
  EXPECT_FALSE(got.fields[1].never_index);
}

}  // namespace
}  // namespace schoolgate::http
