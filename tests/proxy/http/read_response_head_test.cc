#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "proxy/http/generous_fields.h"
#include "proxy/http/read_head.h"
#include "proxy/http/write_head.h"

namespace schoolgate::http {
namespace {

using ResponseHeadKind = HeadOutcome::Kind;
using namespace std::string_literals;

struct ParsedResponse {
  std::string bytes;
  std::unique_ptr<ResponseHead> head = std::make_unique<ResponseHead>();
  HeadOutcome outcome;
};

std::unique_ptr<ParsedResponse> parse_response(std::string bytes, Method method = Method::get, bool websocket = false) {
  const auto request = std::make_unique<RequestHead>();
  request->method = method;
  request->websocket = websocket;
  auto parsed = std::make_unique<ParsedResponse>();
  parsed->bytes = std::move(bytes);
  parsed->outcome = read_response_head(parsed->bytes, 0, {}, *request, *parsed->head);
  return parsed;
}

std::string ok_with(std::string_view lines) { return "HTTP/1.1 200 OK\r\n" + std::string(lines) + "\r\n"; }

bool forwards(const ResponseHead& head, Name name) {
  for (const Field& field : head.fields.items())
    if (field.known == name && !field.drop) return true;
  return false;
}

TEST(ResponseHead, OrdinaryResponseIsRead) {
  const auto got = parse_response("HTTP/1.1 404 Not Found at all\r\nContent-Length: 5\r\nServer: x\r\n\r\nhello");
  ASSERT_EQ(got->outcome.kind, ResponseHeadKind::complete) << got->outcome.why;
  EXPECT_EQ(got->head->status, 404);
  EXPECT_EQ(got->head->reason, "Not Found at all");
  EXPECT_EQ(got->head->body.framing, Framing::length);
  EXPECT_EQ(got->head->body.length, 5u);
  EXPECT_TRUE(got->head->keep_alive);
  EXPECT_EQ(got->head->size, got->bytes.size() - 5);
}

TEST(ResponseHead, ReasonMayBeEmptyOrAbsent) {
  EXPECT_EQ(parse_response("HTTP/1.1 200 \r\n\r\n")->outcome.kind, ResponseHeadKind::complete);
  EXPECT_EQ(parse_response("HTTP/1.1 200\r\n\r\n")->outcome.kind, ResponseHeadKind::complete);
}

// HTTP-13, HTTP-14 and the request cases in the other direction: the server's fault, whatever it is.
TEST(ResponseHead, MalformedResponsesAreTheServersFault) {
  const std::pair<const char*, std::string> cases[] = {
      {"control in a length", ok_with("Content-Length: 5\x01\r\n")},
      {"folded length", ok_with("Content-Length:\r\n 5\r\n 6\r\n")},
      {"folded coding", ok_with("Transfer-Encoding: chun\r\n ked\r\n")},
      {"lengths that differ, spaces before colons", ok_with("Content-Length : 5\r\nContent-Length: 6\r\n")},
      {"status of two digits", "HTTP/1.1 20 OK\r\n\r\n"},
      {"status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"},
      {"negative status", "HTTP/1.1 -20 OK\r\n\r\n"},
      {"status 099", "HTTP/1.1 099 OK\r\n\r\n"},
      {"no space", "HTTP/1.1 200OK\r\n\r\n"},
      {"two spaces", "HTTP/1.1  200 OK\r\n\r\n"},
      {"version 2", "HTTP/2.0 200 OK\r\n\r\n"},
      {"not HTTP", "ICY 200 OK\r\n\r\n"},
      {"empty line first", "\r\nHTTP/1.1 200 OK\r\n\r\n"},
      {"negative length", ok_with("Content-Length: -1\r\n")},
      {"differing lengths", ok_with("Content-Length: 5\r\nContent-Length: 6\r\n")},
      {"list of lengths", ok_with("Content-Length: 5, 5\r\n")},
      {"odd coding", ok_with("Transfer-Encoding: xchunked\r\n")},
      {"two codings", ok_with("Transfer-Encoding: gzip, chunked\r\n")},
      {"coding twice", ok_with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")},
      {"chunks in 1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {"over the limit", ok_with("X: " + std::string(64 * 1024, 'a') + "\r\n")},
      {"over the limit, unfinished", "HTTP/1.1 200 OK\r\nX: " + std::string(64 * 1024, 'a')},
  };
  for (const auto& [name, bytes] : cases) {
    const auto got = parse_response(bytes);
    EXPECT_EQ(got->outcome.kind, ResponseHeadKind::bad) << name;
    EXPECT_EQ(got->outcome.status, 502) << name;
  }
}

std::string written(const ResponseHead& head) {
  std::string room(8 * 1024, '\0');
  HeadWriter out(room);
  const auto request = std::make_unique<RequestHead>();
  write_response_head(out, head, *request, ClientFraming::as_received, true, {});
  return room.substr(0, out.size());
}

// RFC 9112 sections 2.2, 5.1 and 5.2: what every browser reads goes on mended, and the connection is not used again.
TEST(ResponseHead, AnswersAreReadAsBrowsersReadThemAndGoOnMended) {
  struct Case {
    const char* name;
    std::string fields, mended;
  };
  const Case cases[] = {
      {"space before the colon", "X-XSS-Protection : 1\r\n", "X-XSS-Protection: 1\r\n"},
      {"tab before the colon", "X\t \t: 1\r\n", "X: 1\r\n"},
      {"lone line feeds", "X: y\nZ: z\n", "X: y\r\nZ: z\r\n"},
      {"control character", "X: a\x01z\r\n", "X: a z\r\n"},
      {"DEL", "X: a\x7Fz\r\n", "X: a z\r\n"},
      {"NUL", "X: a\0z\r\n"s, "X: a z\r\n"},
      {"a field behind a CR", "X: a\rSet-Cookie: b\r\n", "X: a Set-Cookie: b\r\n"},
      {"folded", "X: a\r\n b\r\n\tc\r\nY: d\r\n", "X: a   b   c\r\nY: d\r\n"},
      {"folded under nothing", " x: y\r\nY: d\r\n", "Y: d\r\n"},
      {"a second status line", "HTTP/1.1 200 OK\r\nY: d\r\n", "Y: d\r\n"},
      {"no colon", "<!-- cache -->\r\n\tmore\r\nY: d\r\n", "Y: d\r\n"},
      {"a name that is none", "Bad Name: 1\r\n: 2\r\nN\xC3\xA4me: 3\r\nY: d\r\n", "Y: d\r\n"},
      {"value of spaces", "X : \t \r\n", "X: \r\n"},
  };
  for (const Case& each : cases) {
    const auto got = parse_response(ok_with(each.fields + "Content-Length: 5\r\n") + "hello");
    ASSERT_EQ(got->outcome.kind, ResponseHeadKind::complete) << each.name << ": " << got->outcome.why;
    EXPECT_EQ(written(*got->head), "HTTP/1.1 200 OK\r\n" + each.mended + "Content-Length: 5\r\n\r\n") << each.name;
    EXPECT_EQ(got->head->size, got->bytes.size() - 5) << each.name;
    EXPECT_FALSE(got->head->keep_alive) << each.name;
  }
}

// Mended, each would name a file to the browser that nobody judged.
TEST(ResponseHead, WhatADownloadIsHasNoControlCharacters) {
  for (const char* field : {"Content-Disposition: attachment;\x01"
                            "filename=\"game.exe\"\r\n",
                            "Content-Disposition : attachment; filename=\"game.exe\x7F\"\r\n",
                            "Content-Type: application/x-msdownload\x01\r\n"}) {
    const auto got = parse_response(ok_with(std::string(field) + "Content-Length: 5\r\n"));
    EXPECT_EQ(got->outcome.kind, ResponseHeadKind::bad) << field;
  }
  EXPECT_EQ(parse_response(ok_with("Content-Disposition: attachment;\r\n filename=\"a.exe\"\r\n"))->outcome.kind,
            ResponseHeadKind::complete);
}

TEST(ResponseHead, ALengthIsALengthWithASpaceBeforeItsColonToo) {
  const auto got = parse_response(ok_with("Content-Length : 5\r\n"));
  ASSERT_EQ(got->outcome.kind, ResponseHeadKind::complete);
  EXPECT_EQ(got->head->body.length, 5u);
}

TEST(ResponseHead, AHeadOfLoneLineFeedsEndsWhereBrowsersEndIt) {
  for (const std::string head : {"HTTP/1.1 200 OK\nX: y\n\n", "HTTP/1.1 200 OK\nX: y\n\r\n", "HTTP/1.1 200 OK\n\n"}) {
    const auto got = parse_response(head + "\r\n\r\nbody");
    ASSERT_EQ(got->outcome.kind, ResponseHeadKind::complete) << head;
    EXPECT_EQ(got->head->size, head.size());
    for (std::size_t so_far = 0; so_far < head.size(); ++so_far)
      EXPECT_EQ(parse_response(head.substr(0, so_far))->outcome.kind, ResponseHeadKind::need_more) << so_far;
  }
}

TEST(ResponseHead, StatusesAndReasonsThatBrowsersShowGoOn) {
  EXPECT_EQ(parse_response("HTTP/1.1 999 Denied\r\n\r\n")->head->status, 999);
  const auto got = parse_response("HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n");
  ASSERT_EQ(got->outcome.kind, ResponseHeadKind::complete);
  EXPECT_EQ(written(*got->head), "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n");
}

TEST(ResponseHead, Http13_ChunksOutrankALengthAndTheConnectionIsNotUsedAgain) {
  for (const char* lines :
       {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"}) {
    const auto got = parse_response(ok_with(lines));
    ASSERT_EQ(got->outcome.kind, ResponseHeadKind::complete) << got->outcome.why;
    EXPECT_EQ(got->head->body.framing, Framing::chunked);
    EXPECT_FALSE(got->head->keep_alive);
    EXPECT_FALSE(forwards(*got->head, Name::content_length));
  }
}

TEST(ResponseHead, Http13_EqualLengthsAreOneAndTheConnectionIsNotUsedAgain) {
  const auto got = parse_response(ok_with("Content-Length: 5\r\nContent-Length: 5\r\n"));
  ASSERT_EQ(got->outcome.kind, ResponseHeadKind::complete) << got->outcome.why;
  EXPECT_EQ(got->head->body.length, 5u);
  EXPECT_FALSE(got->head->keep_alive);
}

TEST(ResponseHead, WithoutFramingTheEndOfTheConnectionEndsIt) {
  const auto got = parse_response(ok_with("Connection: keep-alive\r\n"));
  EXPECT_EQ(got->head->body.framing, Framing::until_close);
  EXPECT_FALSE(got->head->keep_alive);
}

TEST(ResponseHead, AnswerToHeadAnd304HaveALengthButNoBody) {
  for (const auto& got : {parse_response(ok_with("Content-Length: 5\r\n"), Method::head),
                          parse_response("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n")}) {
    ASSERT_EQ(got->outcome.kind, ResponseHeadKind::complete);
    EXPECT_EQ(got->head->body.framing, Framing::none);
    EXPECT_TRUE(forwards(*got->head, Name::content_length));
    EXPECT_TRUE(got->head->keep_alive);
  }
  const auto chunked = parse_response(ok_with("Transfer-Encoding: chunked\r\n"), Method::head);
  EXPECT_EQ(chunked->head->body.framing, Framing::none);
  EXPECT_TRUE(chunked->head->keep_alive);
}

TEST(ResponseHead, Http13_NoContentThatAnnouncesSomeSpoilsTheConnection) {
  for (const char* lines : {"Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"}) {
    const auto got = parse_response("HTTP/1.1 204 No Content\r\n" + std::string(lines) + "\r\n");
    ASSERT_EQ(got->outcome.kind, ResponseHeadKind::complete);
    EXPECT_EQ(got->head->body.framing, Framing::none);
    EXPECT_FALSE(got->head->keep_alive) << lines;
    EXPECT_FALSE(forwards(*got->head, Name::content_length)) << "RFC 9110 section 8.6";
  }
  EXPECT_TRUE(parse_response("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")->head->keep_alive);
}

TEST(ResponseHead, Http12_InterimAnswersHaveNoBody) {
  for (const char* line : {"100 Continue", "102 Processing", "103 Early Hints", "199 Whatever"}) {
    const auto got = parse_response("HTTP/1.1 " + std::string(line) + "\r\nLink: </style.css>\r\n\r\n");
    ASSERT_EQ(got->outcome.kind, ResponseHeadKind::complete) << line;
    EXPECT_EQ(got->head->body.framing, Framing::none);
  }
}

TEST(ResponseHead, Http12_UpgradeOnlyWhenAsked) {
  const std::string switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
  EXPECT_EQ(parse_response(switching)->outcome.status, 502);
  const auto asked = parse_response(switching, Method::get, true);
  ASSERT_EQ(asked->outcome.kind, ResponseHeadKind::complete) << asked->outcome.why;
  EXPECT_TRUE(asked->head->websocket);
  EXPECT_EQ(
      parse_response("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", Method::get, true)->outcome.status,
      502);
  EXPECT_EQ(parse_response("HTTP/1.1 101 Switching Protocols\r\n\r\n", Method::get, true)->outcome.status, 502);
  EXPECT_FALSE(parse_response(ok_with("Content-Length: 0\r\n"), Method::get, true)->head->websocket);
}

TEST(ResponseHead, ConnectionIsKeptAsTheVersionSays) {
  EXPECT_FALSE(parse_response(ok_with("Content-Length: 0\r\nConnection: close\r\n"))->head->keep_alive);
  EXPECT_FALSE(parse_response("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")->head->keep_alive);
  EXPECT_TRUE(
      parse_response("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n")->head->keep_alive);
}

TEST(ResponseHead, Http20_ConnectionCannotTakeWhatProtectsTheReader) {
  const auto got = parse_response(
      ok_with("Content-Length: 0\r\nConnection: strict-transport-security, set-cookie, x-hop\r\n"
              "Strict-Transport-Security: max-age=1\r\nSet-Cookie: a\r\nX-Hop: 1\r\nProxy-Authenticate: x\r\n"));
  std::vector<std::string> names;
  for (const Field& field : got->head->fields.items())
    if (!field.drop) names.emplace_back(field.name);
  EXPECT_THAT(names, testing::ElementsAre("Strict-Transport-Security", "Set-Cookie"));
}

TEST(ResponseHead, ByteByByteIsTheSameAsAtOnce) {
  const std::string bytes = ok_with("Content-Length: 5\r\nX: y\r\n");
  const RequestHead request;
  ResponseHead head;
  for (std::size_t have = 0; have < bytes.size(); ++have)
    ASSERT_EQ(
        read_response_head(std::string_view(bytes).substr(0, have), have == 0 ? 0 : have - 1, {}, request, head).kind,
        ResponseHeadKind::need_more);
  EXPECT_EQ(read_response_head(bytes, bytes.size() - 1, {}, request, head).kind, ResponseHeadKind::complete);
}

}  // namespace
}  // namespace schoolgate::http
