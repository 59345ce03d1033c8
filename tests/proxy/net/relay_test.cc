#include "proxy/net/relay.h"

#include <random>

#include "tests/proxy/net/loop.h"

namespace schoolgate::net {
namespace {

using std::chrono::seconds;

// pupil <-> [a relay b] <-> server
class RelayTest : public Loop {
 protected:
  RelayTest() : a(connection()), b(connection()) {}

  void start_relay(RelayLimits limits = {}) {
    relay.emplace(a.first, b.first, buffers, limits, counters);
    start([](Relay& r) -> awaitable<RelayEnd> { co_return co_await r.run(); }(*relay), end);
    settle();
  }
  std::string read_exactly(const FileDescriptor& fd, std::size_t size) {
    std::string out(size, '\0');
    std::size_t got = 0;
    run_until([&] {
      const ssize_t n = ::recv(fd.get(), out.data() + got, size - got, MSG_DONTWAIT);
      if (n > 0)
        got += std::size_t(n);
      else
        settle();
      return got == size;
    });
    return out;
  }

  std::pair<Socket, FileDescriptor> a, b;
  const FileDescriptor& pupil = a.second;
  const FileDescriptor& server = b.second;
  RelayCounters counters;
  std::optional<Relay> relay;
  std::optional<RelayEnd> end;
};

TEST_F(RelayTest, BytesGoBothWaysAndAreCounted) {
  start_relay();
  send_text(pupil, "ping");
  EXPECT_EQ(read_exactly(server, 4), "ping");
  send_text(server, "pong!");
  EXPECT_EQ(read_exactly(pupil, 5), "pong!");
  settle();
  EXPECT_EQ(counters.from_a, 4u);
  EXPECT_EQ(counters.from_b, 5u);
  EXPECT_FALSE(end);
}

TEST_F(RelayTest, BytesThatWereThereBeforeAreRelayed) {
  send_text(pupil, "early");
  start_relay();
  EXPECT_EQ(read_exactly(server, 5), "early");
}

TEST_F(RelayTest, HalfCloseLetsTheAnswerThrough) {
  start_relay();
  send_text(pupil, "request");
  ::shutdown(pupil.get(), SHUT_WR);
  run_until([&] {
    settle();
    return counters.from_a == 7;
  });
  EXPECT_EQ(read_to_end(server), "request");
  EXPECT_FALSE(end);
  send_text(server, "the whole answer");
  ::shutdown(server.get(), SHUT_WR);
  run_until([&] { return end.has_value(); });
  EXPECT_EQ(*end, RelayEnd::finished);
  EXPECT_EQ(read_to_end(pupil), "the whole answer");
}

TEST_F(RelayTest, AnIdleTunnelHoldsNoBufferAndEnds) {
  start_relay({.idle = seconds(30), .half_closed = seconds(5)});
  send_text(pupil, "x");
  (void)read_exactly(server, 1);
  settle();
  EXPECT_EQ(buffers.relay_in_use(), 0u);
  deadlines.advance(20);
  send_text(server, "y");  // starts the clock anew
  (void)read_exactly(pupil, 1);
  settle();
  deadlines.advance(30);
  settle();
  EXPECT_FALSE(end);
  deadlines.advance(1);
  run_until([&] { return end.has_value(); });
  EXPECT_EQ(*end, RelayEnd::idle);
}

TEST_F(RelayTest, AHalfClosedTunnelEndsSooner) {
  start_relay({.idle = seconds(3600), .half_closed = seconds(5)});
  ::shutdown(pupil.get(), SHUT_WR);
  EXPECT_EQ(read_exactly(server, 0), "");
  run_until([&] {
    settle();
    char byte;
    return ::recv(server.get(), &byte, 1, MSG_DONTWAIT) == 0;
  });
  deadlines.advance(6);
  run_until([&] { return end.has_value(); });
  EXPECT_EQ(*end, RelayEnd::idle);
}

TEST_F(RelayTest, StopEndsItAndNothingMorePasses) {
  start_relay();
  relay->stop();
  relay->stop();
  run_until([&] { return end.has_value(); });
  EXPECT_EQ(*end, RelayEnd::stopped);
  send_text(pupil, "after");
  settle();
  char byte;
  EXPECT_EQ(::recv(server.get(), &byte, 1, MSG_DONTWAIT), -1);
  EXPECT_TRUE(a.first.is_open());
}

TEST_F(RelayTest, StopBeforeRunEndsAtOnce) {
  relay.emplace(a.first, b.first, buffers, RelayLimits{}, counters);
  relay->stop();
  start([](Relay& r) -> awaitable<RelayEnd> { co_return co_await r.run(); }(*relay), end);
  run_until([&] { return end.has_value(); });
  EXPECT_EQ(*end, RelayEnd::stopped);
}

TEST_F(RelayTest, AResetNamesTheSideThatBroke) {
  start_relay();
  const linger at_once{1, 0};
  ::setsockopt(b.second.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  b.second.reset();
  run_until([&] { return end.has_value(); });
  EXPECT_EQ(*end, RelayEnd::b_failed);
}

TEST_F(RelayTest, CancellingASocketStopsTheRelay) {
  start_relay();
  a.first.cancel();
  run_until([&] { return end.has_value(); });
  EXPECT_EQ(*end, RelayEnd::stopped);
}

TEST_F(RelayTest, AReaderThatStopsPushesBack) {
  start_relay();
  const std::string piece(1 << 16, 'x');
  std::size_t pushed = 0;
  // Until neither the kernel nor the relay takes any more.
  for (;;) {
    const ssize_t n = ::send(pupil.get(), piece.data(), piece.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) pushed += std::size_t(n);
    const std::uint64_t before = counters.from_a;
    settle();
    if (n < 0 && counters.from_a == before) break;
  }
  EXPECT_EQ(buffers.relay_in_use(), 1u);
  EXPECT_LT(pushed, 64u << 20);
  send_text(server, "other way");  // not held up
  EXPECT_EQ(read_exactly(pupil, 9), "other way");
  EXPECT_EQ(read_exactly(server, pushed).size(), pushed);
  settle();
  EXPECT_EQ(buffers.relay_in_use(), 0u);
  EXPECT_EQ(counters.from_a, pushed);
}

TEST_F(RelayTest, AHundredMegabytesBothWaysArriveUnchanged) {
  constexpr std::size_t kSize = 100u << 20;
  start_relay();
  // Every byte is a function of its place and direction, so a lost, doubled or swapped one is found where it happens.
  const auto byte_at = [](std::size_t i, unsigned salt) { return char((i * 2654435761u + salt) >> 13); };
  struct Way {
    const FileDescriptor& from;
    const FileDescriptor& to;
    unsigned salt;
    std::size_t sent = 0, received = 0;
  };
  Way ways[] = {{pupil, server, 1}, {server, pupil, 99}};
  std::mt19937 random(3);
  std::vector<char> piece(300'000);
  run_until([&] {
    settle();
    for (Way& way : ways) {
      std::size_t size = std::min<std::size_t>(1 + random() % piece.size(), kSize - way.sent);
      for (std::size_t i = 0; i < size; ++i) piece[i] = byte_at(way.sent + i, way.salt);
      if (size > 0) {
        const ssize_t n = ::send(way.from.get(), piece.data(), size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0) way.sent += std::size_t(n);
        if (way.sent == kSize) ::shutdown(way.from.get(), SHUT_WR);
      }
      for (;;) {
        const ssize_t n = ::recv(way.to.get(), piece.data(), 1 + random() % piece.size(), MSG_DONTWAIT);
        if (n <= 0) break;
        for (std::size_t i = 0; i < std::size_t(n); ++i, ++way.received)
          if (piece[i] != byte_at(way.received, way.salt)) throw std::runtime_error("byte changed");
      }
    }
    return end.has_value() && ways[0].received == kSize && ways[1].received == kSize;
  });
  EXPECT_EQ(*end, RelayEnd::finished);
  EXPECT_EQ(counters.from_a, kSize);
  EXPECT_EQ(counters.from_b, kSize);
  EXPECT_EQ(buffers.relay_in_use(), 0u);
}

TEST_F(RelayTest, SmallBuffersServeWhenTheLargeOnesAreTaken) {
  BufferPool tight({.relay_buffers = 0, .head_buffers = 1, .kept = 1});
  relay.emplace(a.first, b.first, tight, RelayLimits{}, counters);
  start([](Relay& r) -> awaitable<RelayEnd> { co_return co_await r.run(); }(*relay), end);
  const std::string content(50'000, 'z');
  send_text(pupil, content);
  EXPECT_EQ(read_exactly(server, content.size()), content);
  EXPECT_GT(tight.relay_pressed(), 0u);
  relay->stop();
  run_until([&] { return end.has_value(); });
}

TEST_F(RelayTest, ALoopThatEndsFreesTheTunnelsInIt) {
  auto far_a = connection(), far_b = connection();
  {
    asio::io_context other(1);
    const auto adopt = [&](FileDescriptor& fd) {
      ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
      return Socket(other.get_executor(), deadlines, std::move(fd));
    };
    asio::co_spawn(
        other,
        [](Socket x, Socket y, BufferPool& pool) -> awaitable<void> {
          RelayCounters count;
          Relay inner(x, y, pool, {}, count);
          (void)co_await inner.run();
        }(adopt(far_a.second), adopt(far_b.second), buffers),
        asio::detached);
    other.poll();
  }
  char byte;
  run_until([&] {
    settle();
    return far_a.first.receive({&byte, 1}).status == IoStatus::closed;
  });
  EXPECT_EQ(far_b.first.receive({&byte, 1}).status, IoStatus::closed);
}

}  // namespace
}  // namespace schoolgate::net
