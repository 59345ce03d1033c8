#include "proxy/http/write_head.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>

#include "proxy/http/read_head.h"

namespace schoolgate::http {
namespace {

std::string written_request(std::string bytes, std::string_view target = "/",
                            std::string_view authority = "judged.example", Via via = {}) {
  const auto head = std::make_unique<RequestHead>();
  const auto outcome = read_request_head(bytes, 0, {}, *head);
  if (outcome.kind != HeadOutcome::Kind::complete) return std::string("refused: ") + outcome.why;
  std::array<char, 4096> room;
  HeadWriter out(room);
  write_request_head(out, *head, target, authority, via);
  EXPECT_FALSE(out.overflowed());
  return {room.data(), out.size()};
}

struct Answer {
  std::string bytes;
  int client_minor = 1;
  ClientFraming framing = ClientFraming::as_received;
  bool keep_alive = true;
  Via via = {};
  bool websocket = false;
  Method method = Method::get;
};
std::string written_response(const Answer& answer) {
  const auto request = std::make_unique<RequestHead>();
  request->minor_version = answer.client_minor;
  request->websocket = answer.websocket;
  request->method = answer.method;
  const auto head = std::make_unique<ResponseHead>();
  const auto outcome = read_response_head(answer.bytes, 0, {}, *request, *head);
  if (outcome.kind != HeadOutcome::Kind::complete) return std::string("refused: ") + outcome.why;
  std::array<char, 4096> room;
  HeadWriter out(room);
  write_response_head(out, *head, *request, answer.framing, answer.keep_alive, answer.via);
  EXPECT_FALSE(out.overflowed());
  return {room.data(), out.size()};
}

TEST(WriteRequest, HostIsTheNameThatWasJudged) {
  EXPECT_EQ(written_request("GET http://judged.example/x HTTP/1.1\r\nHost: other.example\r\nAccept: */*\r\n\r\n", "/x"),
            "GET /x HTTP/1.1\r\nHost: judged.example\r\nAccept: */*\r\n\r\n");
}

TEST(WriteRequest, OddSpellingsAreWrittenOneWay) {
  EXPECT_EQ(written_request("GET / HTTP/1.1\r\nHost: a\r\nA:x\r\nB:  y\r\nC: z \r\nD: w\r\nE: v\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: judged.example\r\nA: x\r\nB: y\r\nC: z\r\nD: w\r\nE: v\r\n\r\n");
}

TEST(WriteRequest, DroppedFieldsLeaveNoHole) {
  EXPECT_EQ(written_request(
                "GET / HTTP/1.1\r\nA: 1\r\nHost: a\r\nB: 2\r\nC: 3\r\nKeep-Alive: 5\r\nD: 4\r\nConnection: C\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: judged.example\r\nA: 1\r\nB: 2\r\nD: 4\r\n\r\n");
}

TEST(WriteRequest, ChangedValueIsWrittenAndNotTheOldBytes) {
  const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: br\r\nX: y\r\n\r\n";
  const auto head = std::make_unique<RequestHead>();
  ASSERT_EQ(read_request_head(bytes, 0, {}, *head).kind, HeadOutcome::Kind::complete);
  head->fields.items()[1].value = "gzip";
  ASSERT_TRUE(head->fields.add({"X-Added", "z"}));
  std::array<char, 256> room;
  HeadWriter out(room);
  write_request_head(out, *head, "/", "a", {});
  EXPECT_EQ(std::string_view(room.data(), out.size()),
            "GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nX: y\r\nX-Added: z\r\n\r\n");
}

TEST(WriteRequest, FramingIsWrittenOnce) {
  EXPECT_EQ(written_request("POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 007\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: judged.example\r\nContent-Length: 7\r\n\r\n");
  EXPECT_EQ(written_request("POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: CHUNKED\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: judged.example\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST(WriteRequest, ViaSaysTheVersionThatCame) {
  EXPECT_EQ(written_request("GET / HTTP/1.0\r\nVia: 1.0 before\r\n\r\n", "/", "a", {"schoolgate"}),
            "GET / HTTP/1.1\r\nHost: a\r\nVia: 1.0 before\r\nVia: 1.0 schoolgate\r\n\r\n");
}

TEST(WriteRequest, WebSocketUpgradeIsSaidAnew) {
  EXPECT_EQ(written_request("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: "
                            "WEBSOCKET\r\nSec-WebSocket-Version: 13\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: judged.example\r\nSec-WebSocket-Version: 13\r\nConnection: Upgrade\r\nUpgrade: "
            "websocket\r\n\r\n");
  EXPECT_EQ(written_request("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: judged.example\r\n\r\n");
}

TEST(HeadWriter, NeverWritesPastItsRoom) {
  std::array<char, 10> room{};
  room.fill('#');
  HeadWriter out(std::span(room).first(8));
  out << "12345" << "6789" << "x";
  EXPECT_TRUE(out.overflowed());
  EXPECT_EQ(std::string_view(room.data() + 5, 5), "#####")
      << "a piece is written whole or not at all, and nothing after it";
  HeadWriter exact(std::span(room).first(8));
  exact << "1234" << std::uint64_t(5678) << std::string_view{};
  EXPECT_FALSE(exact.overflowed());
  EXPECT_EQ(exact.size(), 8u);
}

TEST(WriteResponse, LengthIsKept) {
  EXPECT_EQ(written_response(
                {.bytes = "HTTP/1.1 200 Fine\r\nServer: x\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n"}),
            "HTTP/1.1 200 Fine\r\nServer: x\r\nContent-Length: 5\r\n\r\n");
}

TEST(WriteResponse, NoReasonLeavesTheSpaceThatTheStatusLineNeeds) {
  EXPECT_EQ(written_response({.bytes = "HTTP/1.1 204\r\n\r\n"}), "HTTP/1.1 204 \r\n\r\n");
}

TEST(WriteResponse, ChunksAreSaidTowardsHttp11) {
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const ClientFraming framing : {ClientFraming::as_received, ClientFraming::chunked})
    EXPECT_EQ(written_response({.bytes = chunked, .framing = framing}),
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(written_response(
                {.bytes = chunked, .client_minor = 0, .framing = ClientFraming::until_close, .keep_alive = true}),
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
      << "nothing else would end the body";
}

TEST(WriteResponse, BodyUntilCloseSaysClose) {
  EXPECT_EQ(written_response({.bytes = "HTTP/1.1 200 OK\r\nX: y\r\n\r\n", .keep_alive = true}),
            "HTTP/1.1 200 OK\r\nX: y\r\nConnection: close\r\n\r\n");
}

TEST(WriteResponse, AnswerToHeadKeepsItsLengthOnce) {
  EXPECT_EQ(written_response({.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", .method = Method::head}),
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
}

TEST(WriteResponse, InterimAnswersSayNothingOfTheConnection) {
  EXPECT_EQ(written_response({.bytes = "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n", .keep_alive = false}),
            "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n");
}

TEST(WriteResponse, UpgradeAndViaAreSaid) {
  EXPECT_EQ(
      written_response(
          {.bytes = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
           .via = {"schoolgate"},
           .websocket = true}),
      "HTTP/1.1 101 Switching Protocols\r\nVia: 1.1 schoolgate\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
}

TEST(Via, Http21_LoopIsSeenInAnyLineAndMember) {
  EXPECT_TRUE(via_names("1.1 schoolgate", "schoolgate"));
  EXPECT_TRUE(via_names("1.0 a, HTTP/1.1\t  Schoolgate (comment)", "schoolgate"));
  for (const char* via : {"", "schoolgate", "1.1 schoolgate2", "1.1 other (schoolgate)", "1.1", ",,"})
    EXPECT_FALSE(via_names(via, "schoolgate")) << via;
  const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 other\r\nvia: 1.1 schoolgate\r\n\r\n";
  const auto head = std::make_unique<RequestHead>();
  ASSERT_EQ(read_request_head(bytes, 0, {}, *head).kind, HeadOutcome::Kind::complete);
  EXPECT_TRUE(via_names(head->fields, "schoolgate"));
  EXPECT_FALSE(via_names(head->fields, "another"));
}

}  // namespace
}  // namespace schoolgate::http
