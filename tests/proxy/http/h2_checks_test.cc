// The rules by themselves; h2_hostile_test.cc holds them together with nghttp2's own.
#include "proxy/http/h2_checks.h"

#include <gtest/gtest.h>

#include <string>

namespace schoolgate::http {
namespace {

H2Head h2_request() {
  H2Head head;
  head.method = "GET";
  head.scheme = "https";
  head.authority = "www.example";
  head.path = "/";
  return head;
}

std::string fault(H2Head head) {
  const char* const text = fault_of_h2_request(head);
  return text ? text : "none";
}

TEST(H2Checks, AnOrdinaryRequestHasNoFault) {
  EXPECT_EQ(fault(h2_request()), "none");
  H2Head head = h2_request();
  head.authority = "[2001:db8::1]:8443";
  head.scheme = "HTTPS";
  head.path = "/a?b=%20#";
  EXPECT_EQ(fault(std::move(head)), "malformed :path");
}

TEST(H2Checks, HostFillsInForAuthority) {
  H2Head head = h2_request();
  head.authority = {};
  head.add("host", "other.example");
  EXPECT_EQ(fault_of_h2_request(head), nullptr);
  EXPECT_EQ(head.authority, "other.example");
}

// HTTP-17: held here as well, whatever nghttp2 may let pass one day, because these become lines of HTTP/1.
TEST(H2Checks, FieldsThatWouldBreakALineOfHttp1) {
  const auto with = [](std::string_view name, std::string_view value) {
    H2Head head = h2_request();
    head.add(name, value);
    return fault(std::move(head));
  };
  EXPECT_EQ(with("a", "x\r\ny: z"), "invalid byte in a field value");
  EXPECT_EQ(with("a", std::string_view("\0", 1)), "invalid byte in a field value");
  EXPECT_EQ(with("a", " x"), "space around a field value");
  EXPECT_EQ(with("a:", "x"), "malformed field name");
  EXPECT_EQ(with("", "x"), "malformed field name");
  EXPECT_EQ(with("transfer-encoding", "chunked"), "field of an HTTP/1 connection");
  EXPECT_EQ(with("connection", "x"), "field of an HTTP/1 connection");
  EXPECT_EQ(with("upgrade", "h2c"), "field of an HTTP/1 connection");
  EXPECT_EQ(with("te", "trailers"), "none");
}

TEST(H2Checks, Connect) {
  H2Head head = h2_request();
  head.method = "CONNECT";
  EXPECT_EQ(fault_of_h2_request(head), std::string("CONNECT inside a connection that is inspected"));
  head.protocol = "websocket";
  EXPECT_EQ(fault_of_h2_request(head), nullptr);
  head.method = "GET";
  EXPECT_EQ(fault_of_h2_request(head), std::string(":protocol without CONNECT"));
}

TEST(H2Checks, StatusOfAResponse) {
  for (const int status : {0, 99, 101, 1000}) {
    H2Head head;
    head.status = status;
    EXPECT_NE(fault_of_h2_response(head), nullptr) << status;
  }
  for (const int status : {100, 103, 200, 204, 304, 404, 599, 999}) {
    H2Head head;
    head.status = status;
    EXPECT_EQ(fault_of_h2_response(head), nullptr) << status;
  }
}

TEST(H2Checks, TrailersAreFieldsToo) {
  H2Head head;
  head.add("grpc-status", "0");
  EXPECT_EQ(fault_of_h2_trailers(head), nullptr);
  head.add("a", "x\ny");
  EXPECT_NE(fault_of_h2_trailers(head), nullptr);
}

}  // namespace
}  // namespace schoolgate::http
