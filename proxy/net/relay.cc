#include "proxy/net/relay.h"

#include <array>
#include <memory>
#include <optional>

namespace schoolgate::net {

// Held by the operations that are pending, and by nothing else: when an io_context goes away with relays in it, the
// operations take the state, the awaiting coroutine and its sockets with them.
class RelayState final : public std::enable_shared_from_this<RelayState>, private Deadline {
 public:
  RelayState(Relay& relay, Relay::Done done)
      : Deadline(relay.a_.deadlines()),
        relay_(relay),
        done_(std::move(done)),
        pumps_{Pump{relay.a_, relay.b_, relay.counters_.from_a, RelayEnd::a_failed, RelayEnd::b_failed},
               Pump{relay.b_, relay.a_, relay.counters_.from_b, RelayEnd::b_failed, RelayEnd::a_failed}} {}

  void start() {
    touch();
    for (Pump& pump : pumps_) wait_readable(pump);
  }

  void finish(RelayEnd end) noexcept {
    if (end_) return;
    end_ = end;
    clear_deadline();
    relay_.a_.wake();
    relay_.b_.wake();
  }

  [[nodiscard]] std::chrono::seconds silent_for() const noexcept {
    return std::chrono::seconds(deadlines().now() - touched_);
  }

 private:
  struct Pump {
    Socket& from;
    Socket& to;
    std::uint64_t& count;
    RelayEnd from_failed;
    RelayEnd to_failed;
    Buffer buffer{};          ///< only while bytes are in flight
    std::uint32_t begin = 0;  ///< what is left to send: [begin, end) of the buffer
    std::uint32_t end = 0;
    bool may_have_data = false;  ///< the last read filled its buffer, or the socket was reported readable
    bool done = false;           ///< `from` has finished and `to` was told
  };

  // After so many buffers at a stretch a pump lets the other connections have their turn.
  static constexpr int kBuffersPerTurn = 16;

  void wait_readable(Pump& pump) {
    ++pending_;
    pump.from.wait_readable()([self = shared_from_this(), &pump](IoStatus status) mutable {
      pump.may_have_data = true;
      on_ready(std::move(self), pump, status);
    });
  }

  void wait_writable(Pump& pump) {
    ++pending_;
    pump.to.wait_writable()(
        [self = shared_from_this(), &pump](IoStatus status) mutable { on_ready(std::move(self), pump, status); });
  }

  static void on_ready(std::shared_ptr<RelayState> self, Pump& pump, IoStatus status) {
    --self->pending_;
    if (!self->end_) {
      if (status == IoStatus::ok)
        self->run(pump);
      else
        self->finish(end_of(status, pump.from_failed));
    }
    if (!self->end_ || self->pending_ > 0) return;
    // Both pumps are at rest. What awaits may destroy the relay, so nothing of it is touched afterwards.
    self->relay_.state_ = nullptr;
    const RelayEnd end = *self->end_;
    Relay::Done done = std::move(self->done_);
    self.reset();
    done(end);
  }

  void run(Pump& pump) {
    for (int turn = 0;; ++turn) {
      if ((pump.begin < pump.end || pump.to.holds_unsent()) && !send(pump)) return;
      if (!pump.may_have_data || turn == kBuffersPerTurn) {
        pump.buffer.release();
        return wait_readable(pump);
      }
      if (!receive(pump)) return;
    }
  }

  // False when the pump waits or the relay is over.
  bool send(Pump& pump) {
    const Transfer sent = pump.to.send({pump.buffer.data() + pump.begin, pump.end - pump.begin});
    pump.begin += std::uint32_t(sent.bytes);
    pump.count += sent.bytes;
    if (sent.bytes > 0) touch();
    if (pump.begin == pump.end && !pump.to.holds_unsent()) return true;
    if (sent.status == IoStatus::ok || sent.status == IoStatus::would_block)
      wait_writable(pump);
    else
      finish(end_of(sent.status, pump.to_failed));
    return false;
  }

  // False when `from` has finished or the relay is over.
  bool receive(Pump& pump) {
    if (!pump.buffer) pump.buffer = relay_.buffers_.take_relay();
    const Transfer got = pump.from.receive(pump.buffer.space());
    switch (got.status) {
      case IoStatus::ok:
        pump.begin = 0;
        pump.end = std::uint32_t(got.bytes);
        // A short read emptied the socket: waiting is cheaper than asking again.
        pump.may_have_data = got.bytes == pump.buffer.size();
        return true;
      case IoStatus::would_block: pump.may_have_data = false; return true;
      case IoStatus::closed:
        pump.buffer.release();
        pump.done = true;
        pump.to.shutdown_send();
        touch();
        if (pumps_[0].done && pumps_[1].done) finish(RelayEnd::finished);
        return false;
      default: finish(end_of(got.status, pump.from_failed)); return false;
    }
  }

  void touch() noexcept {
    touched_ = deadlines().now();
    expire_after(pumps_[0].done || pumps_[1].done ? relay_.limits_.half_closed : relay_.limits_.idle);
  }

  // When a socket was ended from outside, that is why the relay ends; otherwise it broke.
  static RelayEnd end_of(IoStatus status, RelayEnd broken) noexcept {
    if (status == IoStatus::timed_out) return RelayEnd::idle;
    return status == IoStatus::cancelled ? RelayEnd::stopped : broken;
  }

  void on_deadline() override { finish(RelayEnd::idle); }

  Relay& relay_;
  Relay::Done done_;
  std::array<Pump, 2> pumps_;
  std::optional<RelayEnd> end_;
  int pending_ = 0;
  std::uint32_t touched_ = 0;  ///< when a byte last passed, by DeadlineList::now()
};

void Relay::start(Done done) {
  a_.clear_deadline();
  b_.clear_deadline();
  const auto state = std::make_shared<RelayState>(*this, std::move(done));
  state_ = state.get();
  state->start();
  if (stopped_) state->finish(RelayEnd::stopped);
}

void Relay::stop() noexcept {
  stopped_ = true;
  if (state_ != nullptr) state_->finish(RelayEnd::stopped);
}

std::chrono::seconds Relay::silent_for() const noexcept {
  return state_ != nullptr ? state_->silent_for() : std::chrono::seconds(0);
}

std::string_view to_string(RelayEnd end) noexcept {
  switch (end) {
    case RelayEnd::finished: return "finished";
    case RelayEnd::idle: return "idle";
    case RelayEnd::stopped: return "stopped";
    case RelayEnd::a_failed: return "a-failed";
    case RelayEnd::b_failed: return "b-failed";
  }
  return "unknown";
}

}  // namespace schoolgate::net
