// A worker: one thread, one io_context, its own listeners; a connection never leaves it.
//
// Owns what its connections share: buffers, deadlines, the way out (Outbound), the questions to the policy (Asking),
// the lines of the decision log, counters. What all workers share is the Gateway.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "base/error.h"
#include "proxy/flow/asking.h"
#include "proxy/flow/client_account.h"
#include "proxy/flow/connection.h"
#include "proxy/flow/counters.h"
#include "proxy/flow/decision_lines.h"
#include "proxy/flow/drain.h"
#include "proxy/flow/gateway.h"
#include "proxy/flow/heads.h"
#include "proxy/flow/inspection.h"
#include "proxy/flow/live_list.h"
#include "proxy/flow/long_lived.h"
#include "proxy/flow/outbound.h"
#include "proxy/net/asio.h"
#include "proxy/net/buffer_pool.h"
#include "proxy/net/deadlines.h"
#include "proxy/net/listener.h"

namespace schoolgate::flow {

class Worker {
 public:
  /// Binds the listeners. Fault host or config.
  [[nodiscard]] static Result<std::unique_ptr<Worker>> make(Gateway& gateway);
  ~Worker();

  void start();
  /// Thread-safe. Lets requests that run finish, at most for Limits::drain, and goes on accepting meanwhile; then stops
  /// the thread (drain.h). Every worker of the gateway has to be told: they close together.
  void drain();
  void join();

  /// Thread-safe: from now on connections are opened with this, or not at all when it is null; those that are being
  /// opened keep what they began with. What was verified by another trust store is not used again.
  void use(std::shared_ptr<const Inspection> inspection);

  /// Thread-safe: from now on devices sign in there, or nowhere when it is null.
  void use(std::shared_ptr<const SignInGate> gate);

  /// Where the listeners are, in the order of FlowSettings::listen; a port 0 there is the port that was taken.
  [[nodiscard]] std::vector<net::Endpoint> listening() const;

  /// Thread-safe.
  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
  /// Thread-safe: 0 once the loop has run since the last call, else how often it was asked without an answer.
  [[nodiscard]] std::uint32_t missed_heartbeats() noexcept;

  // For the connections of this worker, on its thread.

  [[nodiscard]] Gateway& gateway() noexcept { return gateway_; }
  [[nodiscard]] const Limits& limits() const noexcept { return gateway_.settings.limits; }
  [[nodiscard]] net::Executor executor() noexcept { return context_.get_executor(); }
  [[nodiscard]] net::BufferPool& buffers() noexcept { return buffers_; }
  [[nodiscard]] net::DeadlineList& deadlines() noexcept { return deadlines_; }
  [[nodiscard]] Counters& counters() noexcept { return counters_; }
  [[nodiscard]] Asking& asking() noexcept { return asking_; }
  [[nodiscard]] DecisionLines& lines() noexcept { return lines_; }
  [[nodiscard]] Outbound& outbound() noexcept { return outbound_; }
  [[nodiscard]] SpareHeads& heads() noexcept { return heads_; }
  /// What all answers together hold that are being read.
  [[nodiscard]] std::shared_ptr<ClientAccount> reading() const noexcept { return reading_; }
  [[nodiscard]] LiveList<LongLived>& long_lived() noexcept { return long_lived_; }
  [[nodiscard]] LiveList<Connection>& connections() noexcept { return connections_; }
  [[nodiscard]] bool draining() const noexcept { return drain_.under_way(); }

 private:
  explicit Worker(Gateway& gateway);
  [[nodiscard]] Result<void> listen();
  void accept(net::Accepted accepted, Entrance entrance);
  net::awaitable<void> tick();
  friend struct Connection;
  friend class Drain;
  /// Takes what the kernel has queued, then closes the listeners.
  void stop_listening();
  /// The thread ends, with whatever still runs on it.
  void stop_loop();
  void use_gate(std::shared_ptr<const SignInGate> gate);
  void forget(Connection& connection);

  Gateway& gateway_;
  // Before the io_context: buffers and deadlines live in the frames that it destroys.
  net::BufferPool buffers_;
  net::DeadlineList deadlines_;
  Counters counters_;
  std::shared_ptr<ClientAccount> reading_ = std::make_shared<ClientAccount>();
  LiveList<LongLived> long_lived_;
  LiveList<Connection> connections_;
  SpareHeads heads_;
  net::asio::io_context context_{1};
  Outbound outbound_;
  Asking asking_;
  DecisionLines lines_;
  std::vector<std::shared_ptr<net::Listener>> listeners_;
  std::thread thread_;
  std::atomic<std::uint32_t> unanswered_{0};
  std::uint64_t judged_generation_ = 0;  ///< the policy by which what goes on was last judged
  std::uint64_t judged_presences_ = 0;   ///< and the people
  Drain drain_{*this};
};

}  // namespace schoolgate::flow
