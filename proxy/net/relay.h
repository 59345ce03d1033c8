// The relay: bytes both ways between two sockets until both sides are done. Knows nothing of policy.
//
// Two pumps with half-close and one idle watchdog, written as a small state machine: an idle tunnel holds no buffer, no
// timer and no coroutine of the relay. A pump that cannot send does not read: the kernel's windows push back.
// Lives in the session that owns both sockets; used on their worker's thread only.
//
//     Relay relay(client, server, worker.buffers, {.idle = 300s}, counters);
//     session.on_policy_change = [&] { if (now_blocked()) relay.stop(); };
//     const RelayEnd end = co_await relay.run();
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

#include "proxy/net/asio.h"
#include "proxy/net/buffer_pool.h"
#include "proxy/net/socket.h"

namespace schoolgate::net {

/// Live counters: the relay adds, others on the same thread may read at any time.
struct RelayCounters {
  std::uint64_t from_a = 0;  ///< bytes read from the first socket and sent to the second
  std::uint64_t from_b = 0;
};

struct RelayLimits {
  std::chrono::seconds idle{3600};        ///< no byte either way
  std::chrono::seconds half_closed{120};  ///< the same, once one side has finished sending
};

enum class RelayEnd : std::uint8_t {
  finished,  ///< both sides closed in order
  idle,      ///< a limit of RelayLimits passed
  stopped,   ///< stop() was called
  a_failed,  ///< the first socket was reset or broke
  b_failed,
};
[[nodiscard]] std::string_view to_string(RelayEnd end) noexcept;

class RelayState;

class Relay {
 public:
  /// Everything referred to must outlive the relay. Bytes read earlier must have been sent on already.
  Relay(Socket& a, Socket& b, BufferPool& buffers, RelayLimits limits, RelayCounters& counters) noexcept
      : a_(a), b_(b), buffers_(buffers), limits_(limits), counters_(counters) {}
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  /// Awaited once; yields a RelayEnd. Takes over the deadlines of both sockets. The sockets stay open: their owner
  /// closes or resets them.
  [[nodiscard]] auto run() {
    return asio::async_initiate<const asio::deferred_t&, void(RelayEnd)>(Start{this}, asio::deferred);
  }
  /// Ends run() soon with `stopped`; no more bytes pass. Harmless before, after and twice.
  void stop() noexcept;
  /// How long no byte has passed either way, to the second; zero before run() and after its end.
  [[nodiscard]] std::chrono::seconds silent_for() const noexcept;

 private:
  friend class RelayState;
  using Done = std::move_only_function<void(RelayEnd)>;
  struct Start {
    template <class Handler>
    void operator()(Handler&& handler) const {
      relay->start(Done(std::forward<Handler>(handler)));
    }
    Relay* relay;
  };
  void start(Done done);

  Socket& a_;
  Socket& b_;
  BufferPool& buffers_;
  RelayLimits limits_;
  RelayCounters& counters_;
  RelayState* state_ = nullptr;  ///< while running; owned by the operations that are pending
  bool stopped_ = false;
};

}  // namespace schoolgate::net
