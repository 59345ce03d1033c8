// The listener asked by FreeRADIUS's own radclient, and by forged packets over a socket of the test.
#include "identity/radius_listener.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <mutex>

#include "tests/identity/radius_packets.h"
#include "tests/identity/scratch_state.h"

namespace schoolgate::identity {
namespace {

using test::radius_start;
using Status = AccountingRequest::Status;
constexpr std::string_view kListenerSecret = "staple-battery-horse";

class RadiusPort : public testing::Test {
 protected:
  void SetUp() override {
    const auto secret = state_.write("radius.secret", std::string(kListenerSecret) + "\n");
    auto opened = RadiusListener::open(
        {.address = test::address("127.0.0.1"),
         .port = 0,
         .clients = {{.network = *names::IpNetwork::parse("127.0.0.1"), .secret_file = secret}}},
        [this](const AccountingRequest& request, const names::IpAddress&) {
          const std::scoped_lock lock(mutex_);
          requests_.push_back(request);
        },
        [this](RadiusRefusal refusal, const names::IpAddress&) {
          const std::scoped_lock lock(mutex_);
          told_.push_back(refusal);
        },
        wall_now);
    ASSERT_TRUE(opened) << opened.error().text();
    listener_ = *std::move(opened);
    listener_->start();
  }

  /// radclient's exit status: 0 when every request was answered as it should be.
  int radclient(const std::string& attributes, std::string_view secret = kListenerSecret,
                const std::string& options = "-r 2 -t 3") {
    const std::string command = "radclient -q " + options + " 127.0.0.1:" + std::to_string(listener_->port()) +
                                " acct " + std::string(secret) + " >/dev/null 2>&1";
    std::FILE* pipe = ::popen(command.c_str(), "w");
    std::fputs(attributes.c_str(), pipe);
    const int status = ::pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  /// Sends bytes and returns the answer; empty when none comes before one to `after` does, which is sent behind it.
  std::string ask(const std::string& packet, const std::string& after = {}) {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(listener_->port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::sendto(fd, packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to);
    if (!after.empty()) ::sendto(fd, after.data(), after.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to);
    pollfd ready{fd, POLLIN, 0};
    std::string answer(4096, '\0');
    const auto got = ::poll(&ready, 1, 10'000) == 1 ? ::recv(fd, answer.data(), answer.size(), 0) : 0;
    answer.resize(std::size_t(std::max<ssize_t>(got, 0)));
    ::close(fd);
    return answer;
  }
  std::vector<AccountingRequest> requests() {
    const std::scoped_lock lock(mutex_);
    return requests_;
  }
  std::uint64_t refused(RadiusRefusal why) { return listener_->counters().refused[std::size_t(why)]; }

  test::ScratchState state_;
  std::mutex mutex_;
  std::vector<AccountingRequest> requests_;
  std::vector<RadiusRefusal> told_;
  std::unique_ptr<RadiusListener> listener_;
};

TEST_F(RadiusPort, RadclientIsAnswered) {
  EXPECT_EQ(radclient("Acct-Status-Type = Start\nUser-Name = \"amelia.hughes\"\nAcct-Session-Id = \"5F00-12\"\n"
                      "NAS-Identifier = \"ap-hall\"\nFramed-IP-Address = 10.20.1.5\n"
                      "Calling-Station-Id = \"02-00-5E-10-00-01:School\"\n"),
            0);
  ASSERT_EQ(requests().size(), 1u);
  EXPECT_EQ(requests()[0].user, "amelia.hughes");
  EXPECT_EQ(requests()[0].address, test::address("10.20.1.5"));
  EXPECT_EQ(requests()[0].mac, "02:00:5e:10:00:01");
  listener_->stop();  // an answer is counted once it is sent: radclient may be faster than the count
  EXPECT_EQ(listener_->counters().answered, 1u);
}

TEST_F(RadiusPort, RadclientWithAnotherSecretIsNot) {
  EXPECT_NE(radclient("Acct-Status-Type = Start\nUser-Name = \"amelia.hughes\"\nAcct-Session-Id = \"1\"\n",
                      "another-secret", "-r 1 -t 1"),
            0);
  EXPECT_TRUE(requests().empty());
  EXPECT_EQ(refused(RadiusRefusal::wrong_secret), 1u);
  EXPECT_EQ(listener_->counters().answered, 0u);
}

TEST_F(RadiusPort, ARepeatedPacketIsAnsweredAgainAndToldOnce) {
  const std::string packet = radius_start(3).signed_with(kListenerSecret);
  const std::string answer = ask(packet);
  EXPECT_EQ(answer.size(), 20u);
  EXPECT_EQ(ask(packet), answer);
  EXPECT_EQ(requests().size(), 1u);
  EXPECT_EQ(refused(RadiusRefusal::repeated), 1u);
}

TEST_F(RadiusPort, AnOldPacketIsNeitherToldNorAnswered) {
  const auto before = std::chrono::floor<std::chrono::seconds>(wall_now()) - std::chrono::minutes(6);
  const std::string old =
      radius_start(3).number(55, std::uint32_t(before.time_since_epoch().count())).signed_with(kListenerSecret);
  const std::string answer = ask(old, radius_start(4).signed_with(kListenerSecret));
  ASSERT_EQ(answer.size(), 20u);
  EXPECT_EQ(answer[1], 4);  // the first answer is to the second packet
  EXPECT_EQ(requests().size(), 1u);
  EXPECT_EQ(refused(RadiusRefusal::stale), 1u);
}

TEST_F(RadiusPort, MalformedPacketsAreCountedAndTheNextIsServed) {
  const std::string good = radius_start(5).signed_with(kListenerSecret);
  for (const std::string& bad : {std::string("x"), std::string(4096, '\xff'), good.substr(0, 40),
                                 test::RadiusPacket(1).number(40, 1).raw("\x2c\x01").signed_with(kListenerSecret)})
    EXPECT_EQ(ask(bad, test::radius_start(std::uint8_t(bad.size()))
                           .text(44, std::to_string(bad.size()))
                           .signed_with(kListenerSecret))
                  .size(),
              20u);
  EXPECT_EQ(refused(RadiusRefusal::too_short), 1u);
  EXPECT_EQ(refused(RadiusRefusal::bad_length), 2u);
  EXPECT_EQ(refused(RadiusRefusal::bad_attribute), 1u);
  EXPECT_EQ(requests().size(), 4u);
  const std::scoped_lock lock(mutex_);
  EXPECT_EQ(told_.size(), 1u);  // at most one a minute
}

TEST_F(RadiusPort, TwoListenersDoNotShareAPort) {
  const auto secret = state_.folder() / "radius.secret";
  const auto second = RadiusListener::open(
      {.address = test::address("127.0.0.1"), .port = listener_->port(), .clients = {}}, {}, {}, wall_now);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().fault, Fault::host);
}

TEST(RadiusListener, WhoIsNoClientIsRefused) {
  test::ScratchState state;
  const auto secret = state.write("radius.secret", kListenerSecret);
  auto listener = RadiusListener::open({.address = test::address("127.0.0.1"),
                                        .port = 0,
                                        .clients = {{*names::IpNetwork::parse("192.0.2.0/24"), secret}}},
                                       {}, {}, wall_now);
  ASSERT_TRUE(listener);
  (*listener)->start();
  const std::string command = "radclient -q -r 1 -t 1 127.0.0.1:" + std::to_string((*listener)->port()) + " acct " +
                              std::string(kListenerSecret) + " >/dev/null 2>&1";
  std::FILE* pipe = ::popen(command.c_str(), "w");
  std::fputs("Acct-Status-Type = Start\nAcct-Session-Id = \"1\"\n", pipe);
  EXPECT_NE(::pclose(pipe), 0);
  EXPECT_EQ((*listener)->counters().refused[std::size_t(RadiusRefusal::unknown_sender)], 1u);
}

TEST(RadiusListener, AShortSecretIsRefused) {
  test::ScratchState state;
  const auto secret = state.write("radius.secret", "short\n");
  const auto listener = RadiusListener::open(
      {.address = test::address("127.0.0.1"), .port = 0, .clients = {{{}, secret}}}, {}, {}, wall_now);
  ASSERT_FALSE(listener);
  EXPECT_EQ(listener.error().fault, Fault::config);
  EXPECT_FALSE(RadiusListener::open(
      {.address = test::address("127.0.0.1"), .port = 0, .clients = {{{}, state.folder() / "absent"}}}, {}, {},
      wall_now));
}

}  // namespace
}  // namespace schoolgate::identity
