#include "proxy/http/h2_translate.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "tests/proxy/http/h2_peers.h"

namespace schoolgate::http {
namespace {

using Pairs = frames::Pairs;

H2Head head_of(const Pairs& pairs) {
  H2Head head;
  for (const auto& [name, value] : pairs) {
    if (name == ":method")
      head.method = head.keep(value);
    else if (name == ":scheme")
      head.scheme = head.keep(value);
    else if (name == ":authority")
      head.authority = head.keep(value);
    else if (name == ":path")
      head.path = head.keep(value);
    else if (name == ":protocol")
      head.protocol = head.keep(value);
    else if (name == ":status")
      head.status = std::stoi(value);
    else
      head.add(head.keep(name), head.keep(value));
  }
  return head;
}

/// The head as lines, pseudo-fields first.
std::string text_of(const H2Head& head) {
  std::string text;
  const auto line = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) text.append(name).append("=").append(value).append("\n");
  };
  line(":status", head.status == 0 ? "" : std::to_string(head.status));
  line(":method", head.method);
  line(":protocol", head.protocol);
  line(":scheme", head.scheme);
  line(":authority", head.authority);
  line(":path", head.path);
  for (const Field& field : head.fields) text.append(field.name).append("=").append(field.value).append("\n");
  return text;
}

struct ReadRequest {
  explicit ReadRequest(const Pairs& pairs, bool ends = true, const HeadLimits& limits = {})
      : from(head_of(pairs)), outcome(read_request_head(from, ends, limits, *head)) {}
  H2Head from;
  std::unique_ptr<RequestHead> head = std::make_unique<RequestHead>();
  HeadOutcome outcome;

  [[nodiscard]] bool complete() const { return outcome.kind == HeadOutcome::Kind::complete; }
  [[nodiscard]] std::string as_http1() const {
    std::array<char, 8192> room;
    HeadWriter out(room);
    write_request_head(out, *head, head->target, head->host, {});
    return {room.data(), out.size()};
  }
  [[nodiscard]] std::string as_http2(Via via = {}) const {
    H2Head out;
    write_request_head(out, *head, "https", head->target, head->host, via);
    return text_of(out);
  }
};

struct ReadResponse {
  explicit ReadResponse(const Pairs& pairs, bool ends = false, Method method = Method::get, bool websocket = false)
      : from(head_of(pairs)) {
    request->method = method;
    request->websocket = websocket;
    outcome = read_response_head(from, ends, *request, *head);
  }
  H2Head from;
  std::unique_ptr<RequestHead> request = std::make_unique<RequestHead>();
  std::unique_ptr<ResponseHead> head = std::make_unique<ResponseHead>();
  HeadOutcome outcome;
  [[nodiscard]] std::string as_http1() const {
    std::array<char, 8192> room;
    HeadWriter out(room);
    write_response_head(out, *head, *request, ClientFraming::as_received, true, {"gate"});
    return {room.data(), out.size()};
  }
  [[nodiscard]] std::string as_http2() const {
    H2Head out;
    write_response_head(out, *head, {"gate"});
    return text_of(out);
  }
};

/// An HTTP/1 head read and written on over HTTP/2.
std::string request_from_http1(std::string_view bytes) {
  const auto head = std::make_unique<RequestHead>();
  const auto outcome = read_request_head(bytes, 0, {}, *head);
  if (outcome.kind != HeadOutcome::Kind::complete) return outcome.why;
  H2Head out;
  write_request_head(out, *head, "https", head->target, "judged.example", {"gate"});
  return text_of(out);
}

std::string response_from_http1(std::string_view bytes, bool websocket = false, Method method = Method::get) {
  const auto request = std::make_unique<RequestHead>();
  request->method = method;
  request->websocket = websocket;
  const auto head = std::make_unique<ResponseHead>();
  const auto outcome = read_response_head(bytes, 0, {}, *request, *head);
  if (outcome.kind != HeadOutcome::Kind::complete) return outcome.why;
  H2Head out;
  write_response_head(out, *head, {"gate"});
  return text_of(out);
}

TEST(ReadH2Request, SaysWhatIsAsked) {
  const ReadRequest read(frames::get({{"accept", "*/*"}}));
  ASSERT_TRUE(read.complete());
  EXPECT_EQ(read.head->method, Method::get);
  EXPECT_EQ(read.head->target, "/");
  EXPECT_EQ(read.head->host, "www.example");
  EXPECT_EQ(read.head->major_version, 2);
  EXPECT_EQ(read.head->body.framing, Framing::none);
  EXPECT_TRUE(read.head->keep_alive);
  EXPECT_EQ(read.as_http1(), "GET / HTTP/1.1\r\nHost: www.example\r\naccept: */*\r\n\r\n");
  EXPECT_EQ(read.as_http2({"gate"}),
            ":method=GET\n:scheme=https\n:authority=www.example\n:path=/\naccept=*/*\nvia=2.0 gate\n");
}

TEST(ReadH2Request, ViaToHttp1SaysVersionTwo) {
  const ReadRequest read(frames::get());
  std::array<char, 512> room;
  HeadWriter out(room);
  write_request_head(out, *read.head, "/", "www.example", {"gate"});
  EXPECT_EQ(std::string(room.data(), out.size()), "GET / HTTP/1.1\r\nHost: www.example\r\nVia: 2.0 gate\r\n\r\n");
}

TEST(ReadH2Request, AHeadThatIsReusedKeepsNothing) {
  auto head = std::make_unique<RequestHead>();
  H2Head first = head_of({{":method", "CONNECT"},
                          {":protocol", "websocket"},
                          {":scheme", "https"},
                          {":authority", "a.example"},
                          {":path", "/chat"}});
  ASSERT_EQ(read_request_head(first, false, {}, *head).kind, HeadOutcome::Kind::complete);
  EXPECT_TRUE(head->websocket);
  H2Head second = head_of(frames::post({{"content-length", "5"}, {"expect", "100-continue"}}));
  ASSERT_EQ(read_request_head(second, false, {}, *head).kind, HeadOutcome::Kind::complete);
  EXPECT_FALSE(head->websocket);
  EXPECT_TRUE(head->expect_continue);
  EXPECT_EQ(head->fields.size(), 2U);
  ASSERT_EQ(read_request_head("GET /h1 HTTP/1.1\r\nHost: b.example\r\n\r\n", 0, {}, *head).kind,
            HeadOutcome::Kind::complete);
  EXPECT_EQ(head->major_version, 1);
  EXPECT_FALSE(head->expect_continue);
}

// HTTP-10
TEST(ReadH2Request, BodyIsAsLongAsItSaysOrOfUnknownLength) {
  EXPECT_EQ(ReadRequest(frames::post(), false).head->body.framing, Framing::chunked);
  const ReadRequest told(frames::post({{"content-length", "12"}}), false);
  EXPECT_EQ(told.head->body.framing, Framing::length);
  EXPECT_EQ(told.head->body.length, 12U);
  EXPECT_EQ(told.as_http1(), "POST / HTTP/1.1\r\nHost: www.example\r\nContent-Length: 12\r\n\r\n");
  EXPECT_TRUE(told.as_http2().ends_with("content-length=12\n"));
  const ReadRequest empty(frames::post({{"content-length", "0"}}), true);
  EXPECT_EQ(empty.as_http1(), "POST / HTTP/1.1\r\nHost: www.example\r\nContent-Length: 0\r\n\r\n");
  const ReadRequest unknown(frames::get(), false);
  EXPECT_EQ(unknown.as_http1(), "GET / HTTP/1.1\r\nHost: www.example\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(unknown.as_http2(), ":method=GET\n:scheme=https\n:authority=www.example\n:path=/\n");
}

// HTTP-04: nghttp2 has looked at it already; what frames a message is looked at here all the same.
TEST(ReadH2Request, OddLengthsAreRefused) {
  for (const char* const value : {"", "+5", "0x10", "5 ", "5,5", "9223372036854775808", "-1"}) {
    const ReadRequest read(frames::post({{"content-length", value}}), false);
    EXPECT_EQ(read.outcome.status, 400) << value;
  }
}

TEST(ReadH2Request, CookieCrumbsAreJoined) {
  const ReadRequest read(frames::get({{"cookie", "a=1"}, {"accept", "x"}, {"cookie", "b=2"}, {"cookie", "c=3"}}));
  ASSERT_TRUE(read.complete());
  EXPECT_EQ(read.as_http1(), "GET / HTTP/1.1\r\nHost: www.example\r\ncookie: a=1; b=2; c=3\r\naccept: x\r\n\r\n");
}

// HTTP-20, HTTP-21, HTTP-54
TEST(ReadH2Request, WhatIsOfOneHopOrNotOursToVouchForEndsHere) {
  const ReadRequest read(frames::get({{"host", "www.example"},
                                      {"te", "trailers"},
                                      {"trailer", "x"},
                                      {"http2-settings", "AAMAAABkAAQAoAAA"},
                                      {"proxy-authorization", "Basic eDp5"},
                                      {"forwarded", "for=192.0.2.1"},
                                      {"x-forwarded-for", "192.0.2.1"},
                                      {"accept", "*/*"}}));
  EXPECT_EQ(read.as_http1(), "GET / HTTP/1.1\r\nHost: www.example\r\naccept: */*\r\n\r\n");
  EXPECT_EQ(read.as_http2(), ":method=GET\n:scheme=https\n:authority=www.example\n:path=/\naccept=*/*\nte=trailers\n");
}

// HTTP-11
TEST(ReadH2Request, Expectations) {
  EXPECT_TRUE(ReadRequest(frames::post({{"expect", "100-Continue"}}), false).head->expect_continue);
  const ReadRequest idle(frames::post({{"expect", "100-continue"}}), true);
  EXPECT_FALSE(idle.head->expect_continue);
  EXPECT_EQ(idle.as_http1(), "POST / HTTP/1.1\r\nHost: www.example\r\n\r\n");
  EXPECT_EQ(ReadRequest(frames::post({{"expect", "teapot"}}), false).outcome.status, 417);
  EXPECT_EQ(ReadRequest(frames::post({{"expect", "100-continue"}, {"expect", "100-continue"}}), false).outcome.status,
            417);
}

// HTTP-31, HTTP-57
TEST(ReadH2Request, WhatIsRefusedHasItsStatus) {
  Pairs trace = frames::get();
  trace[0].second = "TRACE";
  EXPECT_EQ(ReadRequest(trace).outcome.status, 405);
  Pairs endless = frames::get();
  endless[3].second = "/" + std::string(32 * 1024, 'x');
  EXPECT_EQ(ReadRequest(endless).outcome.status, 414);
  H2Head large = head_of(frames::get());
  large.too_large = true;
  RequestHead head;
  EXPECT_EQ(read_request_head(large, true, {}, head).status, 431);
}

const Pairs kWebSocket = {{":method", "CONNECT"},
                          {":protocol", "websocket"},
                          {":scheme", "https"},
                          {":authority", "chat.example"},
                          {":path", "/room?n=1"},
                          {"sec-websocket-version", "13"},
                          {"sec-websocket-protocol", "chat"},
                          {"origin", "https://chat.example"}};

// TLS-20, HTTP-56: RFC 8441 on one side, RFC 6455 on the other.
TEST(ReadH2Request, AWebSocketReadsAsTheUpgradeItStandsFor) {
  const ReadRequest read(kWebSocket, false);
  ASSERT_TRUE(read.complete());
  EXPECT_TRUE(read.head->websocket);
  EXPECT_EQ(read.head->method, Method::get);
  EXPECT_EQ(read.head->target, "/room?n=1");
  EXPECT_EQ(read.head->body.framing, Framing::none);
  const std::string http1 = read.as_http1();
  EXPECT_TRUE(http1.starts_with("GET /room?n=1 HTTP/1.1\r\nHost: chat.example\r\nsec-websocket-version: 13\r\n"));
  EXPECT_TRUE(http1.ends_with("Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"));
  // What we write is what our own strict reader takes for an upgrade, key included.
  const auto again = std::make_unique<RequestHead>();
  ASSERT_EQ(read_request_head(http1, 0, {}, *again).kind, HeadOutcome::Kind::complete);
  EXPECT_TRUE(again->websocket);
  std::string_view key;
  for (const Field& field : again->fields.items())
    if (field.name == "sec-websocket-key") key = field.value;
  ASSERT_EQ(key.size(), 24U);  // 16 bytes
  EXPECT_TRUE(key.ends_with("=="));
  EXPECT_EQ(key.find('='), 22U);

  EXPECT_EQ(read.as_http2(),
            ":method=CONNECT\n:protocol=websocket\n:scheme=https\n:authority=chat.example\n:path=/room?n=1\n"
            "sec-websocket-version=13\nsec-websocket-protocol=chat\norigin=https://chat.example\n");
}

TEST(ReadH2Request, WebSocketKeysDiffer) {
  const ReadRequest one(kWebSocket, false), other(kWebSocket, false);
  EXPECT_NE(one.as_http1(), other.as_http1());
}

// Other extended CONNECTs are tunnels (webtransport, connect-udp) that nobody could look into.
TEST(ReadH2Request, OtherProtocolsOfConnectAreNotImplemented) {
  Pairs tunnel = kWebSocket;
  tunnel[1].second = "connect-udp";
  EXPECT_EQ(ReadRequest(tunnel, false).outcome.status, 501);
  EXPECT_EQ(ReadRequest(kWebSocket, true).outcome.status, 400);
}

TEST(ReadH2Response, BodyIsAsLongAsItSaysOrOfUnknownLength) {
  const ReadResponse told({{":status", "200"}, {"content-length", "7"}, {"server", "x"}});
  EXPECT_EQ(told.as_http1(), "HTTP/1.1 200 \r\nserver: x\r\nContent-Length: 7\r\nVia: 2.0 gate\r\n\r\n");
  EXPECT_EQ(told.as_http2(), ":status=200\nserver=x\ncontent-length=7\nvia=2.0 gate\n");
  const ReadResponse unknown({{":status", "200"}});
  EXPECT_EQ(unknown.as_http1(), "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\nVia: 2.0 gate\r\n\r\n");
  EXPECT_EQ(unknown.as_http2(), ":status=200\nvia=2.0 gate\n");
  // Ended without a length: a client of HTTP/1 would otherwise wait for the end of the connection.
  const ReadResponse ended({{":status", "200"}}, true);
  EXPECT_EQ(ended.as_http1(), "HTTP/1.1 200 \r\nContent-Length: 0\r\nVia: 2.0 gate\r\n\r\n");
}

// HTTP-13
TEST(ReadH2Response, AnswersWithoutContent) {
  const ReadResponse none({{":status", "204"}, {"content-length", "0"}}, true);
  EXPECT_EQ(none.as_http1(), "HTTP/1.1 204 \r\nVia: 2.0 gate\r\n\r\n");
  const ReadResponse unchanged({{":status", "304"}, {"content-length", "7"}}, true);
  EXPECT_EQ(unchanged.as_http2(), ":status=304\ncontent-length=7\nvia=2.0 gate\n");
  EXPECT_EQ(unchanged.head->body.framing, Framing::none);
  const ReadResponse to_head({{":status", "200"}, {"content-length", "7"}}, true, Method::head);
  EXPECT_EQ(to_head.as_http1(), "HTTP/1.1 200 \r\ncontent-length: 7\r\nVia: 2.0 gate\r\n\r\n");
}

// TLS-28: what would lead the browser to HTTP/3, past the gateway, does not reach it.
TEST(ReadH2Response, AltSvcEndsHere) {
  const ReadResponse read({{":status", "200"}, {"alt-svc", "h3=\":443\""}, {"content-length", "0"}});
  EXPECT_EQ(read.as_http1().find("alt-svc"), std::string::npos);
  EXPECT_EQ(read.as_http2(), ":status=200\ncontent-length=0\nvia=2.0 gate\n");
  EXPECT_EQ(response_from_http1("HTTP/1.1 200 OK\r\nAlt-Svc: h3=\":443\"\r\nContent-Length: 0\r\n\r\n"),
            ":status=200\ncontent-length=0\nvia=1.1 gate\n");
}

TEST(ReadH2Response, TooLargeOrOddIsTheServersFault) {
  H2Head large = head_of({{":status", "200"}});
  large.too_large = true;
  RequestHead request;
  ResponseHead head;
  EXPECT_EQ(read_response_head(large, false, request, head).status, 502);
  EXPECT_EQ(ReadResponse({{":status", "200"}, {"content-length", "x"}}).outcome.status, 502);
}

TEST(ReadH2Response, AnAcceptedWebSocketIsTheSameInBothVersions) {
  const ReadResponse accepted({{":status", "200"}, {"sec-websocket-protocol", "chat"}}, false, Method::get, true);
  EXPECT_TRUE(accepted.head->websocket);
  EXPECT_EQ(accepted.head->status, 101);
  EXPECT_EQ(accepted.as_http2(), ":status=200\nsec-websocket-protocol=chat\nvia=2.0 gate\n");
  EXPECT_EQ(response_from_http1("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                                "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                                "Sec-WebSocket-Protocol: chat\r\n\r\n",
                                true),
            ":status=200\nsec-websocket-protocol=chat\nvia=1.1 gate\n");
  const ReadResponse refused({{":status", "403"}, {"content-length", "2"}}, false, Method::get, true);
  EXPECT_FALSE(refused.head->websocket);
  EXPECT_EQ(refused.head->body.length, 2U);
  const ReadResponse nobody_asked({{":status", "200"}}, false);
  EXPECT_FALSE(nobody_asked.head->websocket);
}

TEST(WriteH2Request, FromHttp1) {
  EXPECT_EQ(request_from_http1("POST /Path?Q HTTP/1.1\r\nHost: other.example\r\nConnection: keep-alive, X-Hop\r\n"
                               "X-Hop: 1\r\nKeep-Alive: 5\r\nTE: gzip, trailers\r\nUser-Agent: Test\r\n"
                               "Transfer-Encoding: chunked\r\nProxy-Connection: keep-alive\r\n\r\n"),
            ":method=POST\n:scheme=https\n:authority=judged.example\n:path=/Path?Q\nuser-agent=Test\nte=trailers\n"
            "via=1.1 gate\n");
  EXPECT_EQ(request_from_http1("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTE: gzip\r\n\r\n"),
            ":method=PUT\n:scheme=https\n:authority=judged.example\n:path=/\ncontent-length=3\nvia=1.1 gate\n");
}

TEST(WriteH2Response, FromHttp1) {
  EXPECT_EQ(
      response_from_http1("HTTP/1.1 200 OK\r\nServer: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"),
      ":status=200\nserver=x\nvia=1.1 gate\n");
  EXPECT_EQ(response_from_http1("HTTP/1.0 200 OK\r\n\r\n"), ":status=200\nvia=1.0 gate\n");
  EXPECT_EQ(response_from_http1("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\nETag: \"a\"\r\n\r\n"),
            ":status=304\ncontent-length=9\netag=\"a\"\nvia=1.1 gate\n");
}

// HTTP-18
TEST(H2Trailers, OnlyWhatIsKnownToBeHarmlessGoesOn) {
  const H2Head from = head_of({{"host", "evil.example"},
                               {"content-length", "5"},
                               {"authorization", "Basic eDp5"},
                               {"set-cookie", "a=1"},
                               {"grpc-status", "0"},
                               {"x-more", "1"},
                               {"server-timing", "a"},
                               {"digest", "b"}});
  H2Head out;
  write_trailers(out, from, TrailersOf::message);
  EXPECT_EQ(text_of(out), "server-timing=a\ndigest=b\n");
  write_trailers(out, from, TrailersOf::grpc);
  EXPECT_EQ(text_of(out), "grpc-status=0\nx-more=1\nserver-timing=a\ndigest=b\n");
  EXPECT_EQ(trailer_lines(from), "server-timing: a\r\ndigest: b\r\n");
  write_trailers(out, "Server-Timing: a\r\nETag:\"b\"\r\n");
  EXPECT_EQ(text_of(out), "server-timing=a\netag=\"b\"\n");
}

TEST(H2Trailers, GrpcIsToldByItsContentType) {
  const auto kind = [](std::string_view type) {
    Fields fields;
    EXPECT_TRUE(fields.add({.name = "Content-Type", .value = type}));
    return trailers_of(fields);
  };
  for (const char* const type : {"application/grpc", "application/grpc+proto", "Application/gRPC; x=y"})
    EXPECT_EQ(kind(type), TrailersOf::grpc) << type;
  for (const char* const type : {"application/grpc-web", "text/html", "application/grp", ""})
    EXPECT_EQ(kind(type), TrailersOf::message) << type;
  EXPECT_EQ(trailers_of(Fields()), TrailersOf::message);
}

// Both ends and both machines: what leaves here is a head that our own session takes.
TEST(H2Translate, AWebSocketOverTwoSessions) {
  Joined joined;
  joined.run();
  ASSERT_TRUE(joined.client->peer_allows_websockets());
  const ReadRequest read(kWebSocket, false);
  H2Head out;
  write_request_head(out, *read.head, "https", read.head->target, read.head->host, {"gate"});
  const StreamId stream = joined.client->request(out, false);
  joined.run();
  ASSERT_TRUE(joined.at_server.has("request 1 CONNECT https chat.example /room?n=1"));
  EXPECT_EQ(joined.at_server.heads[stream].protocol, "websocket");
  joined.server->respond(stream, status_head(200), false);
  EXPECT_EQ(joined.server->send_data(stream, "down", false), 4U);
  EXPECT_EQ(joined.client->send_data(stream, "up", false), 2U);
  joined.run();
  EXPECT_EQ(joined.at_client.bodies[stream], "down");
  EXPECT_EQ(joined.at_server.bodies[stream], "up");
  EXPECT_EQ(joined.client->send_data(stream, "", true), 0U);
  joined.run();
  EXPECT_TRUE(joined.at_server.has("end 1"));
  EXPECT_EQ(joined.server->send_data(stream, "", true), 0U);
  joined.run();
  EXPECT_TRUE(joined.at_client.has("end 1"));
  EXPECT_EQ(joined.client->open_streams() + joined.server->open_streams(), 0U);
}

}  // namespace
}  // namespace schoolgate::http
