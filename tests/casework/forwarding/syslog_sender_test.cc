#include "casework/forwarding/syslog_sender.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "tests/casework/receiver.h"

namespace schoolgate::casework {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using Transport = ForwardSettings::Transport;

ForwardSettings to(Transport transport, int port) {
  return {.transport = transport, .host = "127.0.0.1", .port = std::uint16_t(port)};
}

TEST(SyslogSender, KeepsMessagesApartAndItsConnection) {
  Receiver collector("syslog_collector.py", {"tcp"});
  const std::atomic<bool> stopping = false;
  SyslogSender sender(to(Transport::tcp, collector.port()), stopping);
  const std::vector<std::string> messages = {"one", "two 2", "thrée"};
  ASSERT_TRUE(sender.send(messages));
  ASSERT_TRUE(sender.send(std::vector<std::string>{"four"}));
  for (const char* expected : {"one", "two 2", "thrée", "four"}) EXPECT_EQ(collector.next(), expected);
}

TEST(SyslogSender, NothingToSendNeedsNoCollector) {
  const std::atomic<bool> stopping = false;
  SyslogSender sender(to(Transport::tls, 1), stopping);
  EXPECT_TRUE(sender.send({}));
}

TEST(SyslogSender, AMissingCollectorIsNamed) {
  const int port = Receiver("syslog_collector.py", {"tcp"}).port();  // gone again
  const std::atomic<bool> stopping = false;
  SyslogSender sender(to(Transport::tls, port), stopping);
  const auto sent = sender.send(std::vector<std::string>{"one"});
  ASSERT_FALSE(sent);
  EXPECT_THAT(sent.error().what, HasSubstr("the collector at 127.0.0.1:"));
}

TEST(SyslogSender, ASilentCollectorIsLeftWhenTheGatewayStops) {
  // Listens and never accepts: the handshake hangs.
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
  socklen_t length = sizeof address;
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), length), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
  std::atomic<bool> stopping = false;
  SyslogSender sender(to(Transport::tls, ntohs(address.sin_port)), stopping);
  std::thread stop([&] {
    std::this_thread::sleep_for(100ms);
    stopping = true;
  });
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_FALSE(sender.send(std::vector<std::string>{"one"}));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 8s);
  stop.join();
  ::close(listener);
}

}  // namespace
}  // namespace schoolgate::casework
