#include "proxy/net/dialer.h"

#include <netinet/tcp.h>

#include "tests/proxy/net/loop.h"

namespace schoolgate::net {
namespace {

using std::chrono::seconds;

names::IpAddress address_of(std::string_view text) { return names::IpAddress::parse(text).value(); }

class DialerTest : public Loop {
 protected:
  std::shared_ptr<const DestinationGuard> local_allowed(std::vector<Endpoint> listening = {}) {
    return std::make_shared<DestinationGuard>(DestinationGuard::Settings{
        .allow_private = {*names::IpNetwork::parse("127.0.0.0/8"), *names::IpNetwork::parse("::1")},
        .listening = std::move(listening),
        .own_addresses = {}});
  }
  Attempt<Socket> dial(Dialer& dialer, std::vector<names::IpAddress> to, std::uint16_t port,
                       seconds limit = seconds(10)) {
    return finish(dialer.dial(AddressList(std::move(to)), port, limit));
  }
  /// A port on which nobody answers: the queue of its listener is full and never emptied.
  struct Unanswered {
    FileDescriptor listener;
    std::vector<FileDescriptor> queue;
    std::uint16_t port;
  };
  Unanswered unanswered(const char* address) {
    auto [listener, port] = plain_listener(address, 0);
    Unanswered out{std::move(listener), {}, port};
    const SocketAddress to = to_socket_address({address_of(address), port});
    for (int i = 0; i < 8; ++i) {
      FileDescriptor fd(::socket(to.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      (void)::connect(fd.get(), to.get(), to.length);
      out.queue.push_back(std::move(fd));
    }
    return out;
  }
};

TEST_F(DialerTest, ConnectsAndTheSocketWorks) {
  const auto [listener, port] = plain_listener();
  Dialer dialer(executor(), deadlines, local_allowed());
  auto socket = dial(dialer, {address_of("127.0.0.1")}, port);
  ASSERT_TRUE(socket) << socket.error().error.text();
  const FileDescriptor far(::accept(listener.get(), nullptr, nullptr));
  EXPECT_EQ(socket->send("hello").bytes, 5u);
  socket->shutdown_send();
  EXPECT_EQ(read_to_end(far), "hello");
  int no_delay = 0;
  socklen_t size = sizeof no_delay;
  ::getsockopt(socket->fd(), IPPROTO_TCP, TCP_NODELAY, &no_delay, &size);
  EXPECT_NE(no_delay, 0);
  deadlines.advance(1000);
  EXPECT_FALSE(socket->expired());
}

TEST_F(DialerTest, AddressesThatRefuseAreSkipped) {
  const auto [listener, port] = plain_listener("127.0.0.3");
  Dialer dialer(executor(), deadlines, local_allowed());
  auto socket = dial(
      dialer, {address_of("127.0.0.1"), address_of("127.0.0.2"), address_of("::1"), address_of("127.0.0.3")}, port);
  ASSERT_TRUE(socket) << socket.error().error.text();
  EXPECT_EQ(socket->peer()->address, address_of("127.0.0.3"));
}

TEST_F(DialerTest, ASilentFirstAddressDelaysNobodyForLong) {
  // Both families on one port: IPv6 is tried first and never answers, IPv4 is tried a moment later and does.
  const Unanswered silent = unanswered("::1");
  const SocketAddress same_port = to_socket_address({address_of("127.0.0.1"), silent.port});
  const FileDescriptor answering(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(answering.get(), same_port.get(), same_port.length), 0);
  ASSERT_EQ(::listen(answering.get(), 8), 0);
  Dialer dialer(executor(), deadlines, local_allowed(),
                {.stagger = std::chrono::milliseconds(1), .attempts = 10, .fwmark = {}});
  auto socket = dial(dialer, {address_of("127.0.0.1"), address_of("::1")}, silent.port);
  ASSERT_TRUE(socket) << socket.error().error.text();
  EXPECT_EQ(socket->peer()->address, address_of("127.0.0.1"));
}

TEST_F(DialerTest, NobodyListeningIsTheUpstreamsFault) {
  auto [listener, port] = plain_listener();
  listener.reset();
  Dialer dialer(executor(), deadlines, local_allowed());
  const auto socket = dial(dialer, {address_of("127.0.0.1"), address_of("127.0.0.2")}, port);
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().kind, FailureKind::connect_failed);
  EXPECT_EQ(socket.error().error.fault, Fault::upstream);
}

TEST_F(DialerTest, SilenceEndsAtTheDeadline) {
  const Unanswered silent = unanswered("127.0.0.1");
  Dialer dialer(executor(), deadlines, local_allowed());
  std::optional<Attempt<Socket>> result;
  start(dialer.dial(AddressList({address_of("127.0.0.1")}), silent.port, seconds(10)), result);
  settle();
  deadlines.advance(10);
  settle();
  EXPECT_FALSE(result);
  deadlines.advance(1);
  run_until([&] { return result.has_value(); });
  EXPECT_EQ(result->error().kind, FailureKind::timed_out);
}

TEST_F(DialerTest, PrivateAddressesAreRefusedAndNeverDialled) {
  const auto [listener, port] = plain_listener();
  Dialer dialer(executor(), deadlines, std::make_shared<DestinationGuard>());
  const auto socket = dial(dialer, {address_of("127.0.0.1"), address_of("10.0.0.1")}, port);
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().kind, FailureKind::destination_refused);
  ::fcntl(listener.get(), F_SETFL, O_NONBLOCK);
  EXPECT_EQ(::accept(listener.get(), nullptr, nullptr), -1);
}

TEST_F(DialerTest, TheGatewayItselfIsALoop) {
  const auto [listener, port] = plain_listener();
  Dialer dialer(executor(), deadlines, local_allowed({{address_of("0.0.0.0"), port}}));
  EXPECT_EQ(dial(dialer, {address_of("127.0.0.1")}, port).error().kind, FailureKind::loop);
}

TEST_F(DialerTest, AnEmptyListHasNowhereToGo) {
  Dialer dialer(executor(), deadlines, local_allowed());
  EXPECT_EQ(dial(dialer, {}, 80).error().kind, FailureKind::name_not_found);
}

TEST_F(DialerTest, ANewGuardHoldsFromTheNextDialOn) {
  const auto [listener, port] = plain_listener();
  Dialer dialer(executor(), deadlines, std::make_shared<DestinationGuard>());
  EXPECT_FALSE(dial(dialer, {address_of("127.0.0.1")}, port));
  dialer.set_guard(local_allowed());
  EXPECT_TRUE(dial(dialer, {address_of("127.0.0.1")}, port));
}

TEST_F(DialerTest, ALoopThatEndsInTheMiddleOfADialFreesIt) {
  const Unanswered silent = unanswered("127.0.0.1");
  asio::io_context other(1);
  auto guard = local_allowed();
  Dialer dialer(other.get_executor(), deadlines, guard);
  asio::co_spawn(
      other,
      [](Dialer& d, std::uint16_t port) -> awaitable<void> {
        (void)co_await d.dial(AddressList({address_of("127.0.0.1"), address_of("127.0.0.1")}), port, seconds(10));
      }(dialer, silent.port),
      asio::detached);
  other.poll();
  EXPECT_GT(guard.use_count(), 2);
}

}  // namespace
}  // namespace schoolgate::net
