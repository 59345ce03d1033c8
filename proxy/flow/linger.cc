#include "proxy/flow/linger.h"

#include "proxy/flow/worker.h"

namespace schoolgate::flow {

net::awaitable<void> linger(Connection& connection) {
  static constexpr std::size_t kMost = 4u << 20;
  connection.inbox.release();
  connection.client.shutdown_send();
  // A gateway that ends waits for requests, not for clients that have their answer.
  if (connection.worker.draining() && connection.client.is_quiet()) co_return;
  connection.client.expire_after(std::chrono::seconds(5));
  for (std::size_t drained = 0; drained < kMost;) {
    if (co_await connection.client.wait_readable() != net::IoStatus::ok) co_return;
    Inbox thrown_away;
    thrown_away.prepare_relay(connection.worker.buffers());
    const net::Transfer got = thrown_away.receive(connection.client);
    if (got.status != net::IoStatus::ok && got.status != net::IoStatus::would_block) co_return;
    drained += got.bytes;
  }
}

}  // namespace schoolgate::flow
