// The two pumps of an HTTP/2 connection: what the peer sends goes into the session, what the session has to say goes
// out, many frames to one system call.
#pragma once

#include <chrono>
#include <memory>

#include "proxy/flow/worker.h"
#include "proxy/http/h2_session.h"
#include "proxy/net/asio.h"
#include "proxy/net/buffer_pool.h"
#include "proxy/net/socket.h"

namespace schoolgate::flow {

/// On its worker's thread. Shared with the sends that are posted and not done; touches socket and session only while
/// run() runs, so those have to outlive run() and nothing more.
class H2Link final : public std::enable_shared_from_this<H2Link> {
 public:
  H2Link(Worker& worker, net::Socket& socket, http::H2Session& session);

  /// Reads and writes until the connection is over: ended by the peer, broken, silent for too long or stopped.
  net::awaitable<void> run();
  /// Sends what the session has, once the events that are being dealt with now are through.
  void send_soon();
  /// One stream more (or less) that may be as silent as a tunnel.
  void add_silent(int change) noexcept { silent_streams_ += change; }
  /// Ends run().
  void stop() noexcept;
  [[nodiscard]] bool over() const noexcept { return over_; }

 private:
  net::awaitable<void> read();
  net::awaitable<void> write_when_blocked();
  void send_now();
  void touch();
  void release_unsent() noexcept;

  Worker& worker_;
  net::Socket& socket_;
  http::H2Session& session_;
  net::Timer blocked_;  ///< wakes write_when_blocked()
  net::Buffer unsent_;
  std::size_t unsent_begin_ = 0, unsent_end_ = 0;
  std::size_t unsent_used_ = 0;           ///< bytes of the buffer that have ever been written
  std::uint32_t allowances_renewed_ = 0;  ///< on the worker's clock of deadlines, seconds
  int silent_streams_ = 0;
  bool waits_to_write_ = false;
  bool send_is_posted_ = false;
  bool over_ = false;
};

}  // namespace schoolgate::flow
