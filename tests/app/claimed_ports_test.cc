#include "app/claimed_ports.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/net/listener.h"

namespace schoolgate::app {
namespace {

net::Endpoint loopback(std::uint16_t port) { return {names::IpAddress::parse("127.0.0.1").value(), port}; }

TEST(ClaimedPorts, AreOfThisGatewayAlone) {
  net::asio::io_context context;
  const auto other = net::Listener::open(context.get_executor(), loopback(0));
  ASSERT_TRUE(other);
  const std::uint16_t port = (*other)->local().port;
  ASSERT_TRUE(net::Listener::open(context.get_executor(), loopback(port))) << "the kernel alone lets them share";
  const auto claimed = ClaimedPorts::claim({loopback(port)});
  ASSERT_FALSE(claimed);
  EXPECT_EQ(claimed.error().fault, Fault::config);
  EXPECT_TRUE(claimed.error().what.contains("process " + std::to_string(::getpid()))) << claimed.error().what;
  EXPECT_TRUE(claimed.error().next.contains("listen in schoolgate.yaml"));
}

TEST(ClaimedPorts, LetItsOwnWorkersInAndNoOtherGateway) {
  net::asio::io_context context;
  std::uint16_t port = 0;
  {
    const auto free = net::Listener::open(context.get_executor(), loopback(0));
    port = (*free)->local().port;
  }
  auto claimed = ClaimedPorts::claim({loopback(port), loopback(port)});
  ASSERT_TRUE(claimed);
  const auto one = net::Listener::open(context.get_executor(), loopback(port)),
             two = net::Listener::open(context.get_executor(), loopback(port));
  EXPECT_TRUE(one && two);
  claimed = ClaimedPorts();
  EXPECT_FALSE(ClaimedPorts::claim({loopback(port)})) << "and after the claim is dropped";
}

TEST(ClaimedPorts, AnAddressThatIsNotHereIsTheWorkersToTell) {
  EXPECT_TRUE(ClaimedPorts::claim({{names::IpAddress::parse("192.0.2.1").value(), 8080}}));
}

TEST(ClaimedPorts, NoProcessIsNamedForAPortWithoutOne) { EXPECT_EQ(listener_on(1), ""); }

}  // namespace
}  // namespace schoolgate::app
