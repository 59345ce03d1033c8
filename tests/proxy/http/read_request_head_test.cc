#include "proxy/http/read_head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace schoolgate::http {
namespace {

using RequestHeadKind = HeadOutcome::Kind;
using namespace std::string_literals;

struct Parsed {
  std::string bytes;  // the head's views point into it
  std::unique_ptr<RequestHead> head = std::make_unique<RequestHead>();
  HeadOutcome outcome;
};

std::unique_ptr<Parsed> parse(std::string bytes, const HeadLimits& limits = {}) {
  auto parsed = std::make_unique<Parsed>();
  parsed->bytes = std::move(bytes);
  parsed->outcome = read_request_head(parsed->bytes, 0, limits, *parsed->head);
  return parsed;
}

// A GET with these lines after its Host.
std::string get_with(std::string_view lines) {
  return "GET / HTTP/1.1\r\nHost: a.example\r\n" + std::string(lines) + "\r\n";
}

std::vector<std::string> forwarded_names(const RequestHead& head) {
  std::vector<std::string> out;
  for (const Field& field : head.fields.items())
    if (!field.drop) out.emplace_back(field.name);
  return out;
}

struct Refused {
  const char* name;
  std::string bytes;
  int status;
};
void PrintTo(const Refused& refused, std::ostream* out) { *out << refused.name; }
std::string case_name(const testing::TestParamInfo<Refused>& info) { return info.param.name; }

class RequestHeadRefuses : public testing::TestWithParam<Refused> {};

TEST_P(RequestHeadRefuses, WithTheStatusOfTheFault) {
  const auto got = parse(GetParam().bytes);
  EXPECT_EQ(got->outcome.kind, RequestHeadKind::bad);
  EXPECT_EQ(got->outcome.status, GetParam().status) << got->outcome.why;
  EXPECT_STRNE(got->outcome.why, "");
}

INSTANTIATE_TEST_SUITE_P(
    Http01_BothFramings, RequestHeadRefuses,
    testing::Values(Refused{"LengthFirst", get_with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400},
                    Refused{"CodingFirst", get_with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400},
                    Refused{"LengthOfZero", get_with("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"), 400}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Http02_TransferEncoding, RequestHeadRefuses,
    testing::Values(Refused{"LeadingComma", get_with("Transfer-Encoding: ,chunked\r\n"), 400},
                    Refused{"TrailingComma", get_with("Transfer-Encoding: chunked,\r\n"), 400},
                    Refused{"Twice", get_with("Transfer-Encoding: chunked,chunked\r\n"), 400},
                    Refused{"TwoFields", get_with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
                    Refused{"SecondOdd", get_with("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n"), 400},
                    Refused{"TabBefore", get_with("Transfer-Encoding:\tchunked\r\n"), 400},
                    Refused{"TabAfter", get_with("Transfer-Encoding: chunked\t\r\n"), 400},
                    Refused{"VerticalTab",
                            get_with("Transfer-Encoding: \x0B"
                                     "chunked\r\n"),
                            400},
                    Refused{"NoBreakSpace",
                            get_with("Transfer-Encoding: \xA0"
                                     "chunked\r\n"),
                            400},
                    Refused{"NoBreakSpaceAfter", get_with("Transfer-Encoding: chunked\xA0\r\n"), 400},
                    Refused{"SpaceAfterName", get_with("Transfer-Encoding : chunked\r\n"), 400},
                    Refused{"Quoted", get_with("Transfer-Encoding: \"chunked\"\r\n"), 400},
                    Refused{"WithParameter", get_with("Transfer-Encoding: chunked;q=1\r\n"), 400},
                    Refused{"Identity", get_with("Transfer-Encoding: identity\r\n"), 400},
                    Refused{"Empty", get_with("Transfer-Encoding: \r\n"), 400},
                    Refused{"Prefix", get_with("Transfer-Encoding: xchunked\r\n"), 400},
                    Refused{"CodingNotSpoken", get_with("Transfer-Encoding: gzip, chunked\r\n"), 501},
                    Refused{"InHttp10", "POST / HTTP/1.0\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n",
                            400}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Http03_RepeatedLength, RequestHeadRefuses,
    testing::Values(Refused{"Equal", get_with("Content-Length: 5\r\nContent-Length: 5\r\n"), 400},
                    Refused{"Differing", get_with("Content-Length: 5\r\nContent-Length: 6\r\n"), 400},
                    Refused{"List", get_with("Content-Length: 5, 5\r\n"), 400},
                    Refused{"EmptyThenReal", get_with("Content-Length: \r\nContent-Length: 5\r\n"), 400},
                    Refused{"RealThenEmpty", get_with("Content-Length: 5\r\nContent-Length:\r\n"), 400}),
    case_name);

INSTANTIATE_TEST_SUITE_P(Http04_OddLength, RequestHeadRefuses,
                         testing::Values(Refused{"Plus", get_with("Content-Length: +5\r\n"), 400},
                                         Refused{"Minus", get_with("Content-Length: -5\r\n"), 400},
                                         Refused{"MinusZero", get_with("Content-Length: -0\r\n"), 400},
                                         Refused{"Hexadecimal", get_with("Content-Length: 0x10\r\n"), 400},
                                         Refused{"Underscore", get_with("Content-Length: 1_0\r\n"), 400},
                                         Refused{"Decimal", get_with("Content-Length: 5.0\r\n"), 400},
                                         Refused{"Words", get_with("Content-Length: five\r\n"), 400},
                                         Refused{"SpaceInside", get_with("Content-Length: 5 0\r\n"), 400},
                                         Refused{"TabAfter", get_with("Content-Length: 5\t\r\n"), 400},
                                         Refused{"TwoTo63", get_with("Content-Length: 9223372036854775808\r\n"), 400},
                                         Refused{"TwoTo64", get_with("Content-Length: 18446744073709551616\r\n"), 400},
                                         Refused{"TenTo30",
                                                 get_with("Content-Length: 1000000000000000000000000000000\r\n"), 400}),
                         case_name);

INSTANTIATE_TEST_SUITE_P(
    Http07_LineEnds, RequestHeadRefuses,
    testing::Values(Refused{"BareLfEverywhere", "GET / HTTP/1.1\nHost: a.example\n\n", 400},
                    Refused{"BareLfAfterRequestLine", "GET / HTTP/1.1\nHost: a.example\r\n\r\n", 400},
                    Refused{"BareLfAfterField", "GET / HTTP/1.1\r\nHost: a.example\nX: y\r\n\r\n", 400},
                    Refused{"BareLfAtTheEnd", "GET / HTTP/1.1\r\nHost: a.example\r\n\n", 400},
                    Refused{"LfFirst", "\nGET / HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
                    Refused{"BareCrInValue", get_with("X: a\rb\r\n"), 400},
                    Refused{"BareCrThenField", get_with("X: a\rY: b\r\n"), 400},
                    Refused{"CrCrLf", get_with("X: a\r\r\n"), 400},
                    Refused{"CrInRequestLine", "GET / HTTP/1.1\r\r\nHost: a.example\r\n\r\n", 400},
                    Refused{"CrFirst", "\rGET / HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
                    Refused{"TwoEmptyLinesFirst", "\r\n\r\nGET / HTTP/1.1\r\nHost: a.example\r\n\r\n", 400}),
    case_name);

INSTANTIATE_TEST_SUITE_P(Http08_OddBytes, RequestHeadRefuses,
                         testing::Values(Refused{"NulInName", get_with("X\0Y: a\r\n"s), 400},
                                         Refused{"NulInValue", get_with("X: a\0b\r\n"s), 400},
                                         Refused{"ControlInName", get_with("X\x01: a\r\n"), 400},
                                         Refused{"ControlInValue", get_with("X: \x1B[31m\r\n"), 400},
                                         Refused{"DelInValue", get_with("X: \x7F\r\n"), 400},
                                         Refused{"HighByteInName", get_with("X\xE9: a\r\n"), 400},
                                         Refused{"NoBreakSpaceBeforeColon", get_with("X\xA0: a\r\n"), 400},
                                         Refused{"SeparatorInName", get_with("X(y): a\r\n"), 400},
                                         Refused{"SlashInName", get_with("X/y: a\r\n"), 400},
                                         Refused{"NulInTarget", "GET /\0 HTTP/1.1\r\nHost: a.example\r\n\r\n"s, 400},
                                         Refused{"DelInTarget", "GET /\x7F HTTP/1.1\r\nHost: a.example\r\n\r\n", 400}),
                         case_name);

INSTANTIATE_TEST_SUITE_P(Http09_FieldLines, RequestHeadRefuses,
                         testing::Values(Refused{"SpaceBeforeColon", get_with("X : a\r\n"), 400},
                                         Refused{"TabBeforeColon", get_with("X\t: a\r\n"), 400},
                                         Refused{"EmptyName", get_with(": a\r\n"), 400},
                                         Refused{"NoColon", get_with("just words\r\n"), 400},
                                         Refused{"NoColonOneWord", get_with("words\r\n"), 400},
                                         Refused{"FoldedWithSpace", get_with("X: a\r\n b\r\n"), 400},
                                         Refused{"FoldedWithTab", get_with("X: a\r\n\tb\r\n"), 400},
                                         Refused{"FirstLineFolded", "GET / HTTP/1.1\r\n Host: a.example\r\n\r\n", 400}),
                         case_name);

INSTANTIATE_TEST_SUITE_P(
    Http11_Expectations, RequestHeadRefuses,
    testing::Values(Refused{"Unknown", get_with("Content-Length: 5\r\nExpect: something\r\n"), 417},
                    Refused{"Doubled",
                            get_with("Content-Length: 5\r\nExpect: 100-continue\r\nExpect: 100-continue\r\n"), 417},
                    Refused{"List", get_with("Content-Length: 5\r\nExpect: 100-continue, 100-continue\r\n"), 417},
                    Refused{"Empty", get_with("Content-Length: 5\r\nExpect:\r\n"), 417},
                    Refused{"Parameter", get_with("Content-Length: 5\r\nExpect: 100-continue;x=y\r\n"), 417},
                    Refused{"Obscured", get_with("Content-Length: 5\r\nExpect: y 100-continue\r\n"), 417}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Http16_RequestLine, RequestHeadRefuses,
    testing::Values(Refused{"Http09", "GET /\r\nHost: a.example\r\n\r\n", 400},
                    Refused{"Version09", "GET / HTTP/0.9\r\nHost: a.example\r\n\r\n", 505},
                    Refused{"Version12", "GET / HTTP/1.2\r\nHost: a.example\r\n\r\n", 505},
                    Refused{"Version132", "GET / HTTP/1.32\r\nHost: a.example\r\n\r\n", 400},
                    Refused{"Version20", "GET / HTTP/2.0\r\nHost: a.example\r\n\r\n", 505},
                    Refused{"Http2Preface", "PRI * HTTP/2.0\r\n\r\n", 505},
                    Refused{"VersionOfLetters", "GET / HTTP/x.y\r\nHost: a.example\r\n\r\n", 400},
                    Refused{"VersionLowerCase", "GET / http/1.1\r\nHost: a.example\r\n\r\n", 400},
                    Refused{"SpaceAfterVersion", "GET / HTTP/1.1 \r\nHost: a.example\r\n\r\n", 400},
                    Refused{"TwoSpaces", "GET  / HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
                    Refused{"TwoSpacesBeforeVersion", "GET /  HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
                    Refused{"SpaceInTarget", "GET /a b HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
                    Refused{"Tabs", "GET\t/\tHTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
                    Refused{"TabInTarget", "GET /\t HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
                    Refused{"NoTarget", "GET HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
                    Refused{"EmptyTarget", "GET  HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
                    Refused{"OddMethod", "G(T / HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
                    Refused{"LeadingSpace", " GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
                    Refused{"LongMethod", std::string(64 * 1024, 'A') + " / HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
                    Refused{"LongMethodUnfinished", std::string(33, 'A'), 400},
                    Refused{"Fragment", "GET /a#b HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
                    Refused{"TargetWithoutForm", "GET a.example HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
                    Refused{"SchemeWithoutSlashes", "GET http:a HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
                    Refused{"AsteriskOfGet", "GET * HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
                    Refused{"TlsHello", "\x16\x03\x01\x02", 400}, Refused{"NotAscii", "\xFF\xFE", 400},
                    Refused{"Trace", "TRACE / HTTP/1.1\r\nHost: a.example\r\n\r\n", 405}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Connect, RequestHeadRefuses,
    testing::Values(
        Refused{"WithoutPort", "CONNECT a.example HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
        Refused{"EmptyPort", "CONNECT a.example: HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
        Refused{"OddPort", "CONNECT a.example:4x3 HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
        Refused{"PortOfNobody", "CONNECT :443 HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
        Refused{"Absolute", "CONNECT http://a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
        Refused{"Userinfo", "CONNECT u@a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
        Refused{"Path", "CONNECT /:443 HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
        Refused{"Body", "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\n\r\n", 400},
        Refused{"Chunks", "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n",
                400}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Host, RequestHeadRefuses,
    testing::Values(Refused{"Missing", "GET / HTTP/1.1\r\nX: y\r\n\r\n", 400},
                    Refused{"MissingWithoutFields", "GET / HTTP/1.1\r\n\r\n", 400},
                    Refused{"Two", get_with("Host: b.example\r\n"), 400},
                    Refused{"TwoEqual", get_with("host: a.example\r\n"), 400},
                    Refused{"TwoInHttp10", "GET / HTTP/1.0\r\nHost: a.example\r\nHost: b.example\r\n\r\n", 400},
                    Refused{"List", "GET / HTTP/1.1\r\nHost: a.example, b.example\r\n\r\n", 400},
                    Refused{"Space", "GET / HTTP/1.1\r\nHost: a.example b.example\r\n\r\n", 400},
                    Refused{"Userinfo", "GET / HTTP/1.1\r\nHost: b.example@a.example\r\n\r\n", 400},
                    Refused{"Path", "GET / HTTP/1.1\r\nHost: a.example/x\r\n\r\n", 400},
                    Refused{"Query", "GET / HTTP/1.1\r\nHost: a.example?x\r\n\r\n", 400},
                    Refused{"Fragment", "GET / HTTP/1.1\r\nHost: a.example#x\r\n\r\n", 400},
                    Refused{"Backslash", "GET / HTTP/1.1\r\nHost: a.example\\b\r\n\r\n", 400},
                    Refused{"Tab", "GET / HTTP/1.1\r\nHost: a\t.example\r\n\r\n", 400}),
    case_name);

TEST(RequestHead, OrdinaryRequestIsRead) {
  const auto got = parse("GET /a?b=c HTTP/1.1\r\nHost: a.example:8080\r\nAccept: */*\r\nX-Empty:\r\n\r\nrest");
  ASSERT_EQ(got->outcome.kind, RequestHeadKind::complete) << got->outcome.why;
  const RequestHead& head = *got->head;
  EXPECT_EQ(head.method, Method::get);
  EXPECT_EQ(head.method_text, "GET");
  EXPECT_EQ(head.target, "/a?b=c");
  EXPECT_EQ(head.form, TargetForm::origin);
  EXPECT_EQ(head.host, "a.example:8080");
  EXPECT_EQ(head.minor_version, 1);
  EXPECT_EQ(head.size, got->bytes.size() - 4);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.expect_continue);
  EXPECT_FALSE(head.websocket);
  EXPECT_EQ(head.body.framing, Framing::none);
  ASSERT_EQ(head.fields.size(), 3u);
  EXPECT_EQ(head.fields.items()[1].value, "*/*");
  EXPECT_EQ(head.fields.items()[2].value, "");
}

TEST(RequestHead, WhiteSpaceAroundValuesIsNotPartOfThem) {
  const auto got = parse(get_with("A:x\r\nB: \t x y\t \r\nC:  \t\r\nContent-Length:  5 \r\n"));
  ASSERT_EQ(got->outcome.kind, RequestHeadKind::complete) << got->outcome.why;
  const auto fields = got->head->fields.items();
  EXPECT_EQ(fields[1].value, "x");
  EXPECT_EQ(fields[2].value, "x y");
  EXPECT_EQ(fields[3].value, "");
  EXPECT_EQ(got->head->body.length, 5u);
}

TEST(RequestHead, ObsTextAndTabInsideAValuePass) {
  const auto got = parse(get_with("X: caf\xC3\xA9\tau lait\r\n"));
  ASSERT_EQ(got->outcome.kind, RequestHeadKind::complete);
  EXPECT_EQ(got->head->fields.items()[1].value, "caf\xC3\xA9\tau lait");
}

TEST(RequestHead, TargetFormsAreToldApart) {
  const struct {
    const char* line;
    TargetForm form;
    Method method;
  } cases[] = {{"GET / HTTP/1.1", TargetForm::origin, Method::get},
               {"GET //a.example/ HTTP/1.1", TargetForm::origin, Method::get},
               {"GET http://a.example/ HTTP/1.1", TargetForm::absolute, Method::get},
               {"POST HTTPS://a.example HTTP/1.1", TargetForm::absolute, Method::post},
               {"CONNECT a.example:443 HTTP/1.1", TargetForm::authority, Method::connect},
               {"CONNECT [2001:db8::1]:443 HTTP/1.1", TargetForm::authority, Method::connect},
               {"OPTIONS * HTTP/1.1", TargetForm::asterisk, Method::options},
               {"OPTIONS /x HTTP/1.1", TargetForm::origin, Method::options},
               {"HEAD / HTTP/1.1", TargetForm::origin, Method::head},
               {"DELETE / HTTP/1.1", TargetForm::origin, Method::del},
               {"PUT / HTTP/1.1", TargetForm::origin, Method::put},
               {"PATCH / HTTP/1.1", TargetForm::origin, Method::patch},
               {"PROPFIND / HTTP/1.1", TargetForm::origin, Method::other},
               {"get / HTTP/1.1", TargetForm::origin, Method::other}};
  for (const auto& expected : cases) {
    const auto got = parse(std::string(expected.line) + "\r\nHost: a.example\r\n\r\n");
    ASSERT_EQ(got->outcome.kind, RequestHeadKind::complete) << expected.line << ": " << got->outcome.why;
    EXPECT_EQ(got->head->form, expected.form) << expected.line;
    EXPECT_EQ(got->head->method, expected.method) << expected.line;
  }
}

TEST(RequestHead, OneEmptyLineBeforeItIsPassedOver) {
  const auto got = parse("\r\nGET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
  ASSERT_EQ(got->outcome.kind, RequestHeadKind::complete) << got->outcome.why;
  EXPECT_EQ(got->head->size, got->bytes.size());
  EXPECT_EQ(parse("\r")->outcome.kind, RequestHeadKind::need_more);
  EXPECT_EQ(parse("\r\n")->outcome.kind, RequestHeadKind::need_more);
}

TEST(RequestHead, Http10MayLackHostAndIsNotKept) {
  const auto got =
      parse("GET http://a.example/ HTTP/1.0\r\nConnection: keep-alive\r\nProxy-Connection: keep-alive\r\n\r\n");
  ASSERT_EQ(got->outcome.kind, RequestHeadKind::complete);
  EXPECT_EQ(got->head->minor_version, 0);
  EXPECT_FALSE(got->head->keep_alive) << "RFC 9112 section 9.3: a proxy keeps no connection of HTTP/1.0";
}

TEST(RequestHead, ConnectionCloseEndsTheConnection) {
  for (const char* line :
       {"Connection: close\r\n", "connection: x, CLOSE\r\n", "Connection: x\r\nConnection: close\r\n",
        "Connection: keep-alive, close\r\n", "Connection: ,,close\r\n"})
    EXPECT_FALSE(parse(get_with(line))->head->keep_alive) << line;
  for (const char* line : {"Connection: keep-alive\r\n", "Connection:\r\n", "Connection: closed\r\n", "X: close\r\n"})
    EXPECT_TRUE(parse(get_with(line))->head->keep_alive) << line;
}

// Behind an answer that leaves the body unread the next byte must be the next request's, or the connection ends.
TEST(RequestHead, MayBeFollowedOnlyWhereTheNextRequestIsKnownToBegin) {
  const auto post_with = [](std::string_view lines) {
    return parse("POST /form HTTP/1.1\r\nHost: a.example\r\n" + std::string(lines) + "\r\n");
  };
  struct Case {
    std::string_view lines;
    bool has_body, followed_at_once, followed_after_100;
  };
  for (const Case& each : {
           Case{"", false, true, true},
           Case{"Content-Length: 0\r\n", false, true, true},
           Case{"Content-Length: 1\r\n", true, false, true},
           Case{"Content-Length: 100\r\n", true, false, true},
           Case{"Content-Length: 101\r\n", true, false, false},
           Case{"Transfer-Encoding: chunked\r\n", true, false, false},
           Case{"Content-Length: 18446744073709551615\r\n", true, false, false},
           Case{"Content-Length: 9\r\nExpect: 100-continue\r\n", true, false, false},
           Case{"Connection: close\r\n", false, false, false},
           Case{"Content-Length: 9\r\nConnection: close\r\n", true, false, false},
       }) {
    const auto got = post_with(each.lines);
    if (got->outcome.kind != RequestHeadKind::complete) {  // refused outright is strict enough
      EXPECT_FALSE(each.followed_after_100) << each.lines;
      continue;
    }
    EXPECT_EQ(got->head->has_body(), each.has_body) << each.lines;
    EXPECT_EQ(got->head->may_be_followed(), each.followed_at_once) << each.lines;
    EXPECT_EQ(got->head->may_be_followed(100), each.followed_after_100) << each.lines;
  }
  const auto old = parse("GET / HTTP/1.0\r\nHost: a.example\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_FALSE(old->head->may_be_followed()) << "RFC 9112 section 9.3";
}

// HTTP-10: any method may have a body, and its framing goes on as it came.
TEST(RequestHead, Http10_BodyOfAnyMethodIsFramed) {
  for (const char* method : {"GET", "HEAD", "DELETE", "OPTIONS", "POST", "BREW"}) {
    const auto length = parse(std::string(method) + " / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 7\r\n\r\n");
    EXPECT_EQ(length->head->body.framing, Framing::length) << method;
    EXPECT_EQ(length->head->body.length, 7u);
    const auto chunks =
        parse(std::string(method) + " / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: CHUNKED\r\n\r\n");
    EXPECT_EQ(chunks->head->body.framing, Framing::chunked) << method;
  }
}

TEST(RequestHead, Http04_LargestLengthIsTwoTo63LessOne) {
  const auto got = parse(get_with("Content-Length: 9223372036854775807\r\n"));
  ASSERT_EQ(got->outcome.kind, RequestHeadKind::complete);
  EXPECT_EQ(got->head->body.length, 9223372036854775807u);
  EXPECT_EQ(parse(get_with("Content-Length: 0005\r\n"))->head->body.length, 5u);
}

TEST(RequestHead, ConnectMaySayThatItsBodyIsEmpty) {
  const auto got = parse("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\nContent-Length: 0\r\n\r\n");
  ASSERT_EQ(got->outcome.kind, RequestHeadKind::complete) << got->outcome.why;
  EXPECT_EQ(got->head->body.framing, Framing::none);
}

TEST(RequestHead, Http11_OnlyAnnouncedBodiesAreWaitedFor) {
  EXPECT_TRUE(parse(get_with("Content-Length: 5\r\nExpect: 100-Continue\r\n"))->head->expect_continue);
  EXPECT_TRUE(parse(get_with("Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n"))->head->expect_continue);
  for (const char* lines : {"Expect: 100-continue\r\n", "Content-Length: 0\r\nExpect: 100-continue\r\n"}) {
    const auto got = parse(get_with(lines));
    EXPECT_FALSE(got->head->expect_continue) << lines;
    EXPECT_THAT(forwarded_names(*got->head), testing::IsEmpty()) << "a server would send a 100 that nobody waits for";
  }
  const auto old = parse("POST / HTTP/1.0\r\nHost: a.example\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_EQ(old->outcome.kind, RequestHeadKind::complete);
  EXPECT_FALSE(old->head->expect_continue);
}

TEST(RequestHead, Http20_HopByHopFieldsEndHere) {
  const auto got = parse(
      get_with("Connection: X-Secret, keep-alive\r\nKeep-Alive: 5\r\nProxy-Connection: keep-alive\r\n"
               "TE: trailers\r\nTrailer: X\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\nProxy-Authorization: Basic eA==\r\n"
               "X-Secret: 1\r\nx-secret: 2\r\nAccept: */*\r\n"));
  ASSERT_EQ(got->outcome.kind, RequestHeadKind::complete) << got->outcome.why;
  EXPECT_THAT(forwarded_names(*got->head), testing::ElementsAre("Accept"));
}

TEST(RequestHead, Http20_ConnectionCannotTakeWhatIsEndToEnd) {
  const auto got = parse(
      "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\nAuthorization: x\r\nCookie: y\r\nVia: 1.1 z\r\n"
      "Referer: r\r\nOrigin: o\r\nCache-Control: no-store\r\nContent-Type: t\r\nExpect: 100-continue\r\n"
      "Connection: host, content-length, authorization, cookie, via, referer, origin, cache-control, "
      "content-type, expect\r\n\r\n");
  ASSERT_EQ(got->outcome.kind, RequestHeadKind::complete) << got->outcome.why;
  EXPECT_EQ(got->head->host, "a.example");
  EXPECT_EQ(got->head->body.length, 5u);
  EXPECT_THAT(forwarded_names(*got->head), testing::ElementsAre("Authorization", "Cookie", "Via", "Referer", "Origin",
                                                                "Cache-Control", "Content-Type", "Expect"));
}

TEST(RequestHead, Http20_EndlessConnectionOptionsAreRefused) {
  std::string options = "Connection: a";
  for (int i = 0; i < 63; ++i) options += ",a";
  EXPECT_EQ(parse(get_with(options + "\r\n"))->outcome.kind, RequestHeadKind::complete);
  EXPECT_EQ(parse(get_with(options + ",a\r\n"))->outcome.status, 400);
}

TEST(RequestHead, Http21_WhatTheClientSaysOfItsPathEndsHere) {
  const auto got = parse(
      get_with("X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Host: b\r\nX-Forwarded-Proto: https\r\nForwarded: for=x\r\n"
               "X-Forwarded-Forr: kept\r\nVia: 1.1 before\r\n"));
  EXPECT_THAT(forwarded_names(*got->head), testing::ElementsAre("X-Forwarded-Forr", "Via"));
}

TEST(RequestHead, WebSocketNeedsUpgradeAndConnection) {
  EXPECT_TRUE(parse(get_with("Connection: Upgrade\r\nUpgrade: WebSocket\r\n"))->head->websocket);
  EXPECT_TRUE(parse(get_with("Connection: keep-alive, upgrade\r\nUpgrade: websocket\r\n"))->head->websocket);
  // As Java's HttpClient begins one.
  EXPECT_TRUE(parse(get_with("Connection: Upgrade\r\nContent-Length: 0\r\nUpgrade: websocket\r\n"))->head->websocket);
  for (const char* lines :
       {"Upgrade: websocket\r\n", "Connection: upgrade\r\n", "Connection: upgrade\r\nUpgrade: h2c\r\n",
        "Connection: upgrade\r\nUpgrade: websocket, h2c\r\n",
        "Connection: upgrade\r\nUpgrade: h2c\r\nUpgrade: websocket\r\n",
        "Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n"})
    EXPECT_FALSE(parse(get_with(lines))->head->websocket) << lines;
  EXPECT_FALSE(
      parse("POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")->head->websocket);
}

// HTTP-31 and issue 2: header bytes and count are bounded.
TEST(RequestHead, Http31_LimitsAnswer431And414) {
  EXPECT_EQ(parse(get_with("X: " + std::string(64 * 1024, 'a') + "\r\n"))->outcome.status, 431);
  EXPECT_EQ(parse(get_with("X: " + std::string(64 * 1024, 'a')))->outcome.status, 431) << "before its end is known";
  EXPECT_EQ(parse("GET /" + std::string(64 * 1024, 'a'))->outcome.status, 414);
  EXPECT_EQ(parse("GET /" + std::string(33 * 1024, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n")->outcome.status, 414);
  std::string many;
  for (int i = 0; i < 199; ++i) many += "a:\r\n";
  EXPECT_EQ(parse(get_with(many))->outcome.kind, RequestHeadKind::complete);
  EXPECT_EQ(parse(get_with(many + "a:\r\n"))->outcome.status, 431);
  const auto wide = parse(get_with(many + many), {.fields = 100'000});
  EXPECT_EQ(wide->outcome.status, 431) << "the storage is the last bound";
}

TEST(RequestHead, LimitIsExact) {
  const std::string bytes = get_with("");
  EXPECT_EQ(parse(bytes, {.bytes = bytes.size()})->outcome.kind, RequestHeadKind::complete);
  EXPECT_EQ(parse(bytes, {.bytes = bytes.size() - 1})->outcome.status, 431);
  EXPECT_EQ(parse(bytes.substr(0, bytes.size() - 1), {.bytes = bytes.size()})->outcome.kind,
            RequestHeadKind::need_more);
}

TEST(RequestHead, ByteByByteIsTheSameAsAtOnce) {
  const std::string bytes = "\r\nPOST /x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\nX: y\r\n\r\n";
  RequestHead head;
  for (std::size_t have = 0; have < bytes.size(); ++have) {
    const auto outcome = read_request_head(std::string_view(bytes).substr(0, have), have == 0 ? 0 : have - 1, {}, head);
    ASSERT_EQ(outcome.kind, RequestHeadKind::need_more) << have << ": " << outcome.why;
  }
  const auto outcome = read_request_head(bytes, bytes.size() - 1, {}, head);
  ASSERT_EQ(outcome.kind, RequestHeadKind::complete) << outcome.why;
  EXPECT_EQ(head.size, bytes.size());
  EXPECT_EQ(head.body.length, 5u);
}

TEST(RequestHead, PipelinedRequestsAreReadOneByOne) {
  const std::string bytes = get_with("") + get_with("X: y\r\n") + get_with("");
  std::string_view rest = bytes;
  RequestHead head;
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(read_request_head(rest, 0, {}, head).kind, RequestHeadKind::complete);
    rest.remove_prefix(head.size);
  }
  EXPECT_TRUE(rest.empty());
}

TEST(RequestHead, NothingOfTheLastHeadIsLeftInTheNext) {
  RequestHead head;
  const std::string first = get_with("Connection: close, upgrade\r\nUpgrade: websocket\r\nExpect: 100-continue\r\n");
  const std::string second = "POST / HTTP/1.1\r\nHost: b.example\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
  const std::string third = "GET / HTTP/1.0\r\n\r\n";
  ASSERT_EQ(read_request_head(first, 0, {}, head).kind, RequestHeadKind::complete);
  ASSERT_EQ(read_request_head(second, 0, {}, head).kind, RequestHeadKind::complete);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.websocket);
  EXPECT_TRUE(head.expect_continue);
  ASSERT_EQ(read_request_head(third, 0, {}, head).kind, RequestHeadKind::complete);
  EXPECT_EQ(head.host, "");
  EXPECT_EQ(head.fields.size(), 0u);
  EXPECT_EQ(head.body.framing, Framing::none);
  EXPECT_FALSE(head.expect_continue);
}

}  // namespace
}  // namespace schoolgate::http
