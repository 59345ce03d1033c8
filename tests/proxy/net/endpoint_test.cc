#include "proxy/net/endpoint.h"

#include <gtest/gtest.h>

namespace schoolgate::net {
namespace {

TEST(Endpoint, TextAndParseAreInverse) {
  for (const char* text : {"192.0.2.1:443", "[2001:db8::1]:8080", "0.0.0.0:0", "[::]:65535"}) {
    const auto endpoint = Endpoint::parse(text);
    ASSERT_TRUE(endpoint) << text;
    EXPECT_EQ(endpoint->text(), text);
    EXPECT_EQ(to_endpoint(to_socket_address(*endpoint)), *endpoint);
  }
}

TEST(Endpoint, RefusesWhatIsNoEndpoint) {
  for (const char* text : {"", ":", "192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:-1", "192.0.2.1: 80",
                           "2001:db8::1:80", "[192.0.2.1]:80", "[2001:db8::1]", "[2001:db8::1:80", "name.test:80"})
    EXPECT_FALSE(Endpoint::parse(text)) << text;
}

TEST(Endpoint, FamiliesOtherThanIpAreNone) {
  SocketAddress local;
  local.storage.ss_family = AF_UNIX;
  EXPECT_FALSE(to_endpoint(local));
}

}  // namespace
}  // namespace schoolgate::net
