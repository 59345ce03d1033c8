#include "proxy/net/listener.h"

#include <netinet/tcp.h>
#include <sys/resource.h>

#include <vector>

#include "tests/proxy/net/loop.h"

namespace schoolgate::net {
namespace {

Endpoint endpoint_of(std::string_view text) { return Endpoint::parse(text).value(); }

class ListenerTest : public Loop {
 protected:
  void open(std::string_view where) {
    auto made = Listener::open(executor(), endpoint_of(where));
    ASSERT_TRUE(made) << made.error().text();
    listener = std::move(*made);
    listener->start([this](Accepted connection) { accepted.push_back(std::move(connection)); });
  }
  std::shared_ptr<Listener> listener;
  std::vector<Accepted> accepted;
};

TEST_F(ListenerTest, AcceptsOverBothFamilies) {
  for (const char* where : {"127.0.0.1:0", "[::1]:0"}) {
    open(where);
    accepted.clear();
    const FileDescriptor client = plain_client(listener->local());
    run_until([&] { return accepted.size() == 1; });
    EXPECT_EQ(accepted[0].peer, *local_endpoint(client.get()));
  }
}

TEST_F(ListenerTest, ConnectionsAreNonBlockingCloseOnExecAndUndelayed) {
  open("127.0.0.1:0");
  const FileDescriptor client = plain_client(listener->local());
  run_until([&] { return accepted.size() == 1; });
  const int fd = accepted[0].fd.get();
  EXPECT_TRUE(::fcntl(fd, F_GETFL) & O_NONBLOCK);
  EXPECT_TRUE(::fcntl(fd, F_GETFD) & FD_CLOEXEC);
  int no_delay = 0;
  socklen_t size = sizeof no_delay;
  ASSERT_EQ(::getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size), 0);
  EXPECT_NE(no_delay, 0);
}

TEST_F(ListenerTest, ABurstIsAcceptedWhole) {
  open("127.0.0.1:0");
  std::vector<FileDescriptor> clients;
  for (int i = 0; i < 300; ++i) clients.push_back(plain_client(listener->local()));
  run_until([&] { return accepted.size() == 300; });
}

TEST_F(ListenerTest, WorkersShareAnAddress) {
  open("127.0.0.1:0");
  EXPECT_TRUE(Listener::open(executor(), listener->local()));
}

TEST_F(ListenerTest, PausedConnectionsWaitInTheQueue) {
  open("127.0.0.1:0");
  listener->pause();
  const FileDescriptor client = plain_client(listener->local());
  settle();
  EXPECT_TRUE(accepted.empty());
  listener->resume();
  run_until([&] { return accepted.size() == 1; });
}

TEST_F(ListenerTest, DrainTakesTheQueueThenCloses) {
  open("127.0.0.1:0");
  const Endpoint where = listener->local();
  const FileDescriptor first = plain_client(where), second = plain_client(where);
  listener->drain();
  EXPECT_EQ(accepted.size(), 2u);
  const FileDescriptor late(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const SocketAddress address = to_socket_address(where);
  EXPECT_EQ(::connect(late.get(), address.get(), address.length), -1);
}

TEST_F(ListenerTest, DroppingItClosesIt) {
  open("127.0.0.1:0");
  const Endpoint where = listener->local();
  settle();
  listener.reset();
  settle();
  const FileDescriptor late(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const SocketAddress address = to_socket_address(where);
  EXPECT_EQ(::connect(late.get(), address.get(), address.length), -1);
}

TEST_F(ListenerTest, WithoutDescriptorsTheNewestIsShedAndTheOthersLive) {
  open("127.0.0.1:0");
  const FileDescriptor living = plain_client(listener->local());
  run_until([&] { return accepted.size() == 1; });
  std::vector<FileDescriptor> clients;
  for (int i = 0; i < 4; ++i)
    clients.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));  // while there are descriptors

  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit tight = before;
  const FileDescriptor lowest(::dup(living.get()));
  tight.rlim_cur = rlim_t(lowest.get());  // every number below is taken, or nearly
  std::vector<FileDescriptor> fill;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  for (int fd; (fd = ::dup(living.get())) >= 0;) fill.emplace_back(fd);

  const SocketAddress address = to_socket_address(listener->local());
  for (const FileDescriptor& client : clients) ASSERT_EQ(::connect(client.get(), address.get(), address.length), 0);
  run_until([&] { return listener->shed() == clients.size(); });
  char byte;
  for (const FileDescriptor& client : clients) {
    EXPECT_EQ(::recv(client.get(), &byte, 1, 0), -1);
    EXPECT_EQ(errno, ECONNRESET);
  }
  EXPECT_EQ(accepted.size(), 1u);
  EXPECT_EQ(::recv(living.get(), &byte, 1, MSG_DONTWAIT), -1);
  EXPECT_EQ(errno, EAGAIN);

  fill.clear();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  const FileDescriptor again = plain_client(listener->local());
  run_until([&] { return accepted.size() == 2; });
}

TEST_F(ListenerTest, SaysWhoseFaultItIs) {
  const auto [taken, port] = plain_listener();
  const auto busy = Listener::open(executor(), endpoint_of("127.0.0.1:" + std::to_string(port)));
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().fault, Fault::config);
  EXPECT_NE(busy.error().what.find("127.0.0.1:"), std::string::npos);
  const auto foreign = Listener::open(executor(), endpoint_of("192.0.2.1:0"));
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().fault, Fault::config);
}

}  // namespace
}  // namespace schoolgate::net
