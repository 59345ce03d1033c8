#include "proxy/net/linux/notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdlib>
#include <cstring>

namespace schoolgate::net {
namespace {

// What systemd holds: a datagram socket in the abstract namespace, named in the environment.
class NotifyTest : public ::testing::Test {
 protected:
  NotifyTest() : manager(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const sa_family_t only_family = AF_UNIX;
    EXPECT_EQ(::bind(manager.get(), reinterpret_cast<const sockaddr*>(&address), sizeof only_family), 0);  // autobind
    socklen_t length = sizeof address;
    EXPECT_EQ(::getsockname(manager.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
    const std::string name = "@" + std::string(address.sun_path + 1, length - offsetof(sockaddr_un, sun_path) - 1);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~NotifyTest() override {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
  }
  std::string received() {
    char message[256];
    const ssize_t n = ::recv(manager.get(), message, sizeof message, MSG_DONTWAIT);
    return n < 0 ? "" : std::string(message, std::size_t(n));
  }
  FileDescriptor manager;
};

TEST_F(NotifyTest, SaysWhatSystemdReads) {
  const auto service = ServiceManager::from_environment();
  ASSERT_TRUE(service.present());
  service.ready();
  EXPECT_EQ(received(), "READY=1");
  service.watchdog();
  EXPECT_EQ(received(), "WATCHDOG=1");
  service.stopping(std::chrono::minutes(2));
  EXPECT_EQ(received(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=120000000");
  service.status("serving policy 7\nREADY=1");
  EXPECT_EQ(received(), "STATUS=serving policy 7 READY=1");
  service.reloading();
  EXPECT_TRUE(received().starts_with("RELOADING=1\nMONOTONIC_USEC="));
}

TEST_F(NotifyTest, TheWatchdogIsOursOnlyWhenItNamesUs) {
  EXPECT_FALSE(ServiceManager::from_environment().watchdog_interval());
  ::setenv("WATCHDOG_USEC", "30000000", 1);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  EXPECT_EQ(ServiceManager::from_environment().watchdog_interval(), std::chrono::seconds(15));
  ::setenv("WATCHDOG_PID", "1", 1);
  EXPECT_FALSE(ServiceManager::from_environment().watchdog_interval());
}

TEST_F(NotifyTest, WithoutSystemdItIsSilent) {
  ::unsetenv("NOTIFY_SOCKET");
  const auto service = ServiceManager::from_environment();
  EXPECT_FALSE(service.present());
  service.ready();
  EXPECT_EQ(received(), "");
}

}  // namespace
}  // namespace schoolgate::net
