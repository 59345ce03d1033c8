// How a worker ends without taking the school offline.
//
// A gateway is restarted by stopping it and starting the next: whatever time lies between the last listener of the one
// and the first of the other, new connections are refused. So the listeners stay until the end, and the end comes soon:
//
//   draining   Listeners accept. Idle connections end at once, and so do tunnels, WebSockets and event streams that are
//              silent: none of them is a running request.
//              Requests and moving tunnels from before the drain go on until they are done, at most Limits::drain.
//              Requests that come in now are answered, one a connection.
//   closing    Once no worker waits for a connection from before. Listeners take what the kernel has queued, and close.
//              Requests that still run have a second; then the worker's loop stops.
//
// Owned by its worker; used on its thread, from begin() on.
#pragma once

#include <cstddef>
#include <cstdint>

#include "proxy/net/asio.h"

namespace schoolgate::flow {

struct Connection;
class Worker;

class Drain {
 public:
  explicit Drain(Worker& worker) noexcept : worker_(worker) {}

  void begin();
  [[nodiscard]] bool under_way() const noexcept { return draining_; }
  /// Once a second.
  void tick();
  /// A connection of the worker is over, and no longer in its list.
  void left(const Connection& connection);

 private:
  void close_when_all_are_done();
  net::awaitable<void> close();

  Worker& worker_;
  std::size_t awaited_ = 0;  ///< connections from before the drain
  std::uint32_t seconds_ = 0;
  bool draining_ = false;
  bool done_ = false;  ///< waits for nothing; the other workers may
  bool closing_ = false;
};

}  // namespace schoolgate::flow
