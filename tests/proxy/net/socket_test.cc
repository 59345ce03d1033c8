#include "proxy/net/socket.h"

#include <netinet/tcp.h>

#include <cerrno>

#include "tests/proxy/net/loop.h"

namespace schoolgate::net {
namespace {

using std::chrono::seconds;

class SocketTest : public Loop {
 protected:
  static awaitable<IoStatus> readable(Socket& socket) { co_return co_await socket.wait_readable(); }
  static awaitable<IoStatus> writable(Socket& socket) { co_return co_await socket.wait_writable(); }
  static awaitable<Transfer> receive(Socket& socket, std::span<char> into) {
    co_return co_await socket.receive_some(into);
  }
};

TEST_F(SocketTest, WaitsThenReceivesWhatCame) {
  auto [socket, far] = connection();
  char space[64];
  EXPECT_EQ(socket.receive(space).status, IoStatus::would_block);
  std::optional<IoStatus> status;
  start(readable(socket), status);
  settle();
  EXPECT_FALSE(status);
  send_text(far, "hello");
  run_until([&] { return status.has_value(); });
  EXPECT_EQ(*status, IoStatus::ok);
  const Transfer got = socket.receive(space);
  ASSERT_TRUE(got);
  EXPECT_EQ(std::string(space, got.bytes), "hello");
}

TEST_F(SocketTest, AFinThatHasAlreadyArrivedIsReported) {
  auto [socket, far] = connection();
  send_text(far, "bye");
  far.reset();
  char space[64];
  EXPECT_EQ(finish(receive(socket, space)).bytes, 3u);
  EXPECT_EQ(finish(receive(socket, space)).status, IoStatus::closed);
  EXPECT_EQ(finish(receive(socket, space)).status, IoStatus::closed);
}

TEST_F(SocketTest, SendAllSendsMoreThanTheKernelHolds) {
  auto [a, b] = sockets();
  std::string content(20 << 20, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = char(i * 2654435761u >> 24);
  std::optional<Transfer> sent;
  start(
      [](Socket& s, std::string_view c) -> awaitable<Transfer> {
        const Transfer all = co_await s.send_all(c.substr(0, 10), c.substr(10));
        s.shutdown_send();
        co_return all;
      }(a, content),
      sent);
  const std::string received = finish([](Socket& s) -> awaitable<std::string> {
    std::string out;
    std::vector<char> space(65536);
    for (;;) {
      const Transfer got = co_await s.receive_some(space);
      if (!got) co_return out;
      out.append(space.data(), got.bytes);
    }
  }(b));
  EXPECT_EQ(received, content);
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->status, IoStatus::ok);
  EXPECT_EQ(sent->bytes, content.size());
}

TEST_F(SocketTest, AResetIsAFailureWithItsErrno) {
  auto [socket, far] = connection();
  const linger at_once{1, 0};
  ::setsockopt(far.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  far.reset();
  char space[16];
  const Transfer got = finish(receive(socket, space));
  EXPECT_EQ(got.status, IoStatus::failed);
  EXPECT_EQ(got.error, ECONNRESET);
  EXPECT_EQ(socket.send("x").status, IoStatus::failed);  // and no SIGPIPE
}

TEST_F(SocketTest, DeadlineEndsTheWaitAndEverythingAfterIt) {
  auto [socket, far] = connection();
  socket.expire_after(seconds(10));
  std::optional<IoStatus> status;
  start(readable(socket), status);
  settle();
  deadlines.advance(10);
  settle();
  EXPECT_FALSE(status);
  deadlines.advance(1);
  settle();
  ASSERT_TRUE(status);
  EXPECT_EQ(*status, IoStatus::timed_out);
  EXPECT_TRUE(socket.expired());
  char space[16];
  send_text(far, "late");
  EXPECT_EQ(socket.receive(space).status, IoStatus::timed_out);
  EXPECT_EQ(finish(readable(socket)), IoStatus::timed_out);

  socket.expire_after(seconds(10));
  EXPECT_FALSE(socket.expired());
  EXPECT_EQ(finish(readable(socket)), IoStatus::ok);
  EXPECT_EQ(socket.receive(space).bytes, 4u);
}

TEST_F(SocketTest, DeadlineMovesWithTheSocket) {
  auto [socket, far] = connection();
  socket.expire_after(seconds(2));
  Socket moved(std::move(socket));
  std::optional<IoStatus> status;
  start(readable(moved), status);
  settle();
  deadlines.advance(3);
  settle();
  ASSERT_TRUE(status);
  EXPECT_EQ(*status, IoStatus::timed_out);
}

TEST_F(SocketTest, CancelWakesAndStays) {
  auto [socket, far] = connection();
  std::optional<IoStatus> status;
  start(readable(socket), status);
  settle();
  socket.cancel();
  settle();
  ASSERT_TRUE(status);
  EXPECT_EQ(*status, IoStatus::cancelled);
  EXPECT_EQ(socket.send("x").status, IoStatus::cancelled);
  EXPECT_EQ(finish(writable(socket)), IoStatus::cancelled);
}

TEST_F(SocketTest, CloseWhileWaitingSaysCancelled) {
  auto [socket, far] = connection();
  std::optional<IoStatus> status;
  start(readable(socket), status);
  settle();
  socket.close();
  settle();
  ASSERT_TRUE(status);
  EXPECT_EQ(*status, IoStatus::cancelled);
  EXPECT_FALSE(socket.is_open());
  EXPECT_EQ(finish(readable(socket)), IoStatus::cancelled);
  EXPECT_EQ(read_to_end(far), "");
}

TEST_F(SocketTest, ResetIsSeenAsAnErrorByThePeer) {
  auto [socket, far] = connection();
  socket.reset();
  char byte;
  EXPECT_EQ(::recv(far.get(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
}

TEST_F(SocketTest, QuietMeansOpenAndSilent) {
  auto [socket, far] = connection();
  EXPECT_TRUE(socket.is_quiet());
  send_text(far, "?");
  EXPECT_EQ(finish(readable(socket)), IoStatus::ok);
  EXPECT_FALSE(socket.is_quiet());
  auto [second, second_far] = connection();
  second_far.reset();
  EXPECT_EQ(finish(readable(second)), IoStatus::ok);
  EXPECT_FALSE(second.is_quiet());
}

TEST_F(SocketTest, ALoopThatEndsFreesWhoStillWaits) {
  auto waiting = std::make_unique<asio::io_context>(1);
  auto [listener, port] = plain_listener();
  FileDescriptor far = plain_client({*names::IpAddress::parse("127.0.0.1"), port});
  FileDescriptor near(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  asio::co_spawn(
      *waiting,
      [](Socket socket) -> awaitable<void> {
        (void)co_await socket.wait_readable();
      }(Socket(waiting->get_executor(), deadlines, std::move(near))),
      asio::detached);
  waiting->poll();
  waiting.reset();
  EXPECT_EQ(read_to_end(far), "");  // the socket was closed with its coroutine
}

}  // namespace
}  // namespace schoolgate::net
