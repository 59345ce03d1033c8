#include "app/selftest_probe.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include "names/host.h"
#include "names/url.h"
#include "proxy/net/file_descriptor.h"
#include "tests/app/one_answer.h"

namespace schoolgate::app {
namespace {

using names::IpAddress;

ProbeAnswer ask(test::OneAnswer& proxy, const IpAddress& from, std::string_view head) {
  ProbeAnswer answer = send_probe(proxy.at(), from, head, std::chrono::seconds(30), test::nobody_is_told);
  proxy.join();
  return answer;
}

const IpAddress kStaff = IpAddress::v4(0x7F000109);
constexpr std::string_view kHead = "GET http://a.example/ HTTP/1.1\r\n\r\n";

TEST(SelftestProbe, AsksFromTheGivenAddressAndReadsTheStatus) {
  test::OneAnswer proxy("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(ask(proxy, kStaff, kHead).status, 403);
  EXPECT_EQ(proxy.asked(), kHead);
  EXPECT_EQ(proxy.from(), kStaff);
}

TEST(SelftestProbe, WhatIsNoHttpIsNoAnswer) {
  for (const char* answer : {"", "HTTP/1.1 20", "SSH-2.0-x\r\n", "HTTP/1.1 2x0 OK\r\n", "\r\n"}) {
    test::OneAnswer proxy(answer);
    const ProbeAnswer got = ask(proxy, kStaff, kHead);
    EXPECT_EQ(got.status, 0) << answer;
    EXPECT_NE(got.failure, "") << answer;
  }
}

TEST(SelftestProbe, TheGatewayIsToldWhereItComesFromBeforeItConnects) {
  const net::FileDescriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const net::SocketAddress any = net::to_socket_address({IpAddress::v4(0x7F000001), 0});
  ASSERT_EQ(::bind(fd.get(), any.get(), any.length), 0);
  ASSERT_EQ(::listen(fd.get(), 1), 0);
  net::Endpoint told;
  const Announce announce = [&](const net::Endpoint& from) -> OrWhy<void> {
    told = from;
    return std::unexpected("no");
  };
  const ProbeAnswer got = send_probe(*net::local_endpoint(fd.get()), kStaff, kHead, std::chrono::seconds(30), announce);
  EXPECT_EQ(told.address, kStaff);
  EXPECT_NE(told.port, 0);
  EXPECT_EQ(got.failure, "no");
  pollfd waiting{.fd = fd.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&waiting, 1, 0), 0) << "what the gateway does not know of is not sent";
}

TEST(SelftestProbe, NobodyThereIsNoAnswer) {
  const net::FileDescriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const net::SocketAddress any = net::to_socket_address({IpAddress::v4(0x7F000001), 0});
  ASSERT_EQ(::bind(fd.get(), any.get(), any.length), 0);  // bound and not listening
  const ProbeAnswer got =
      send_probe(*net::local_endpoint(fd.get()), kStaff, kHead, std::chrono::seconds(30), test::nobody_is_told);
  EXPECT_EQ(got.status, 0);
  EXPECT_TRUE(got.failure.contains("cannot connect")) << got.failure;
}

TEST(SelftestProbe, WritesTheHeadThatTheProxyExpects) {
  const auto url = names::Url::parse("http://a.example:8090/x?y=1");
  const std::string get = probe_head(rules::Request::of_url(*url, "GET"));
  EXPECT_TRUE(get.starts_with("GET http://a.example:8090/x?y=1 HTTP/1.1\r\nHost: a.example:8090\r\n")) << get;
  EXPECT_TRUE(get.contains("\r\nUser-Agent: schoolgate-selftest\r\n")) << get;
  const auto host = names::Host::parse("a.example");
  const std::string connect = probe_head(rules::Request::of_host(*host, 443, "CONNECT"));
  EXPECT_TRUE(connect.starts_with("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n")) << connect;
}

}  // namespace
}  // namespace schoolgate::app
