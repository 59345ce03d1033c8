#include "proxy/flow/drain.h"

#include "proxy/flow/long_lived.h"
#include "proxy/flow/worker.h"

namespace schoolgate::flow {
namespace {

// What a request that came in at the very end may take, and after that the tale of its end.
constexpr auto kLastSecond = std::chrono::seconds(1);
// A page that is being read, a chat without a word: the browser opens another tunnel when it needs one.
constexpr auto kSilent = std::chrono::seconds(3);

// Of those that were there when the drain began: one that came since has yet to ask for anything, and a second to do
// so.
void end_idle_connections(Worker& worker) {
  for (Connection* connection = worker.connections().first(); connection; connection = connection->next)
    if (connection->awaited_by_drain && connection->between_requests && connection->client.is_quiet())
      connection->client.cancel();
}

enum class Which : std::uint8_t { awaited, all };
void end_connections(Worker& worker, Which which) noexcept {
  for (Connection* connection = worker.connections().first(); connection; connection = connection->next)
    if (which == Which::all || connection->awaited_by_drain) connection->client.cancel();
}

}  // namespace

void Drain::begin() {
  if (draining_) return;
  draining_ = true;
  worker_.outbound().pool().clear();
  for (Connection* connection = worker_.connections().first(); connection; connection = connection->next) {
    connection->awaited_by_drain = true;
    ++awaited_;
  }
  end_idle_connections(worker_);
  end_silent(worker_, kSilent);
  close_when_all_are_done();
}

void Drain::tick() {
  if (!draining_ || closing_) return;
  ++seconds_;
  end_idle_connections(worker_);
  end_silent(worker_, kSilent);
  close_when_all_are_done();
}

void Drain::left(const Connection& connection) {
  if (!draining_) return;
  if (connection.awaited_by_drain) --awaited_;
  if (!closing_)
    close_when_all_are_done();
  else if (worker_.counters().connections_open.get() == 0)
    worker_.stop_loop();
}

void Drain::close_when_all_are_done() {
  if (closing_) return;
  Gateway& gateway = worker_.gateway();
  if (!done_ && (awaited_ == 0 || seconds_ >= std::uint32_t(worker_.limits().drain.count()))) {
    done_ = true;
    gateway.drained_workers.fetch_add(1);
  }
  // A worker that is done earlier goes on serving: the listeners of all close together.
  if (!done_ || gateway.drained_workers.load() < gateway.workers.load()) return;
  closing_ = true;
  net::asio::co_spawn(worker_.executor(), close(), net::asio::detached);
}

net::awaitable<void> Drain::close() {
  worker_.stop_listening();
  end_silent(worker_, {});
  end_idle_connections(worker_);
  end_all(worker_, true);  // they have had all of Limits::drain
  end_connections(worker_, Which::awaited);
  if (worker_.counters().connections_open.get() == 0) co_return worker_.stop_loop();
  net::Timer timer(worker_.executor());
  timer.expires_after(kLastSecond);
  co_await timer.async_wait(net::as_tuple);
  end_all(worker_, false);
  end_connections(worker_, Which::all);
  timer.expires_after(kLastSecond);
  co_await timer.async_wait(net::as_tuple);
  worker_.stop_loop();
}

}  // namespace schoolgate::flow
