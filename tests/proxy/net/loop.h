// What the tests of proxy/net stand on: one worker's event loop with real sockets, and time that the test moves.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "proxy/net/asio.h"
#include "proxy/net/buffer_pool.h"
#include "proxy/net/deadlines.h"
#include "proxy/net/endpoint.h"
#include "proxy/net/socket.h"

namespace schoolgate::net {

class Loop : public ::testing::Test {
 protected:
  /// Runs the loop until `work` has returned. A minute without an end is a failure of the test, not a wait.
  template <class T>
  T finish(awaitable<T> work) {
    std::optional<T> result;
    start(std::move(work), result);
    run_until([&] { return result.has_value(); });
    if (!result) throw std::runtime_error("the coroutine never returned");
    return std::move(*result);
  }

  /// Begins `work`; its result appears in `result` while the loop runs.
  template <class T>
  void start(awaitable<T> work, std::optional<T>& result) {
    asio::co_spawn(
        io,
        [](awaitable<T> inner, std::optional<T>& out) -> awaitable<void> { out.emplace(co_await std::move(inner)); }(
                                                          std::move(work), result),
        asio::detached);
  }

  template <class Condition>
  void run_until(Condition reached) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    io.restart();
    while (!reached()) {
      if (std::chrono::steady_clock::now() > give_up) FAIL() << "what was waited for never happened";
      io.restart();
      io.run_one_for(std::chrono::milliseconds(1));  // the other end may be a plain descriptor that wakes nobody
    }
  }
  /// Runs everything that is ready and comes back.
  void settle() {
    io.restart();
    while (io.poll() > 0) io.restart();
  }

  Executor executor() { return io.get_executor(); }

  /// A plain blocking listener on loopback and its port.
  static std::pair<FileDescriptor, std::uint16_t> plain_listener(const char* address = "127.0.0.1", int backlog = 16) {
    const SocketAddress at = to_socket_address({*names::IpAddress::parse(address), 0});
    FileDescriptor fd(::socket(at.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(fd.get(), at.get(), at.length), 0);
    EXPECT_EQ(::listen(fd.get(), backlog), 0);
    const std::uint16_t port = local_endpoint(fd.get())->port;
    return {std::move(fd), port};
  }

  /// A blocking client connected to `to`.
  static FileDescriptor plain_client(const Endpoint& to) {
    const SocketAddress address = to_socket_address(to);
    FileDescriptor fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(fd.get(), address.get(), address.length), 0) << to.text();
    return fd;
  }

  /// One TCP connection over loopback: a Socket of the loop, and the far end as a plain non-blocking descriptor.
  std::pair<Socket, FileDescriptor> connection() {
    auto [listener, port] = plain_listener();
    FileDescriptor client = plain_client({*names::IpAddress::parse("127.0.0.1"), port});
    FileDescriptor server(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    return {Socket(executor(), deadlines, std::move(server)), std::move(client)};
  }
  /// The same with both ends in the loop.
  std::pair<Socket, Socket> sockets() {
    auto [near, far] = connection();
    const int flags = ::fcntl(far.get(), F_GETFL);
    ::fcntl(far.get(), F_SETFL, flags | O_NONBLOCK);
    return {std::move(near), Socket(executor(), deadlines, std::move(far))};
  }

  DeadlineList deadlines;
  BufferPool buffers;
  asio::io_context io{1};
};

inline void send_text(const FileDescriptor& fd, std::string_view text) {
  ASSERT_EQ(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL), ssize_t(text.size()));
}

/// Reads until the peer has finished sending, or fails.
inline std::string read_to_end(const FileDescriptor& fd) {
  std::string out;
  char piece[4096];
  for (ssize_t n; (n = ::recv(fd.get(), piece, sizeof piece, 0)) > 0;) out.append(piece, std::size_t(n));
  return out;
}

}  // namespace schoolgate::net
