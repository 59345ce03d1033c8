#include "proxy/flow/worker.h"

#include <exception>
#include <utility>

#include "base/log.h"
#include "base/thread_name.h"
#include "proxy/flow/serve.h"
#include "proxy/net/linux/sandbox.h"

namespace schoolgate::flow {
namespace {

// An exception that escapes a coroutine is a bug in Schoolgate, or memory ran out: one connection is lost, and the log
// says so.
void report(const std::exception_ptr& thrown) {
  if (!thrown) return;
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    log::error("a connection ended by an exception", {{"what", error.what()}});
  } catch (...) {
    log::error("a connection ended by an unknown exception");
  }
}

// For what a worker cannot be without: its clock keeps every deadline. Better gone, and started anew by the service
// manager, than serving without.
void end_process(const std::exception_ptr& thrown) {
  if (!thrown) return;
  report(thrown);
  std::terminate();
}

}  // namespace

Worker::Worker(Gateway& gateway)
    : gateway_(gateway),
      outbound_(context_.get_executor(), deadlines_, gateway.guard, gateway.dialer, gateway.settings.limits.pool),
      asking_({.policy = gateway.policy,
               .presences = gateway.presences,
               .authenticator = gateway.authenticator,
               .passes = gateway.passes,
               .allowances = gateway.allowances},
              counters_),
      lines_(gateway.decisions, asking_) {
  use_gate(gateway.sign_in);
}

Worker::~Worker() { join(); }

Result<std::unique_ptr<Worker>> Worker::make(Gateway& gateway) {
  std::unique_ptr<Worker> worker(new Worker(gateway));
  if (auto opened = worker->outbound_.open(gateway.resolver); !opened)
    return std::unexpected(std::move(opened.error()));
  if (auto listening = worker->listen(); !listening) return std::unexpected(std::move(listening.error()));
  gateway.workers.fetch_add(1);
  return worker;
}

Result<void> Worker::listen() {
  for (const ListenAt& at : gateway_.settings.listen) {
    const net::Endpoint endpoint{at.endpoint.address, at.endpoint.port};
    auto listener = Result<std::shared_ptr<net::Listener>>(nullptr);
    // TPROXY hands over connections to foreign addresses only to a transparent socket; without the capability for it
    // REDIRECT still works.
    if (at.entrance != Entrance::explicit_proxy)
      listener = net::Listener::open(executor(), endpoint, net::Listener::Kind::tproxy);
    if (at.entrance == Entrance::explicit_proxy || !listener) listener = net::Listener::open(executor(), endpoint);
    if (!listener) return std::unexpected(std::move(listener.error()));
    (*listener)->start(
        [this, entrance = at.entrance](net::Accepted accepted) { accept(std::move(accepted), entrance); });
    listeners_.push_back(std::move(*listener));
  }
  return {};
}

void Worker::accept(net::Accepted accepted, Entrance entrance) {
  if (gateway_.connections.fetch_add(1, std::memory_order_relaxed) >= limits().connections) {
    gateway_.connections.fetch_sub(1, std::memory_order_relaxed);
    counters_.shed_global.add();
    return;
  }
  if (!gateway_.clients.enter(accepted.peer.address)) {
    gateway_.connections.fetch_sub(1, std::memory_order_relaxed);
    counters_.shed_client.add();
    return;
  }
  counters_.connections_open.add();  // counted out by ~Connection
  counters_.connections_total.add();
  net::asio::co_spawn(executor(), serve(std::move(accepted), entrance, *this),
                      [](const std::exception_ptr& thrown) { report(thrown); });
}

void Worker::start() {
  net::asio::co_spawn(executor(), net::run_ticks(deadlines_), end_process);
  net::asio::co_spawn(executor(), tick(), end_process);
  thread_ = std::thread([this] {
    name_this_thread("worker");
    // Before the first byte from the network. Where the kernel has no such filter the gateway serves all the same.
    if (auto confined = net::confine(net::Confinement::worker); !confined)
      log::warning("a worker is not confined", {{"why", confined.error().text()}});
    while (!context_.stopped()) {
      try {
        context_.run();
      } catch (...) {
        report(std::current_exception());
      }
    }
    lines_.flush();
  });
}

// Once a second: decision lines go out, what goes on is judged again when the policy or the minute has changed, and
// what nobody waits for any more ends.
net::awaitable<void> Worker::tick() {
  net::Timer timer(executor());
  auto minute = std::chrono::floor<std::chrono::minutes>(wall_now());
  for (;;) {
    timer.expires_after(std::chrono::seconds(1));
    co_await timer.async_wait(net::as_tuple);
    lines_.flush();
    static_cast<void>(asking_.policy());  // lets go of a policy that nobody uses any more
    // A lesson that begins ends what the break allowed, without any change of the policy.
    const auto minute_now = std::chrono::floor<std::chrono::minutes>(wall_now());
    if (minute_now != minute) flow::note_activity(*this, minute);
    const std::uint64_t people = asking_.people_generation();
    if (asking_.policy_generation() != judged_generation_ || minute_now != minute) {
      judged_generation_ = asking_.policy_generation();
      minute = minute_now;
      flow::judge_again(*this, JudgeAgain::everything);
    } else if (people != judged_presences_) {
      flow::judge_again(*this, JudgeAgain::who_changed);
    }
    judged_presences_ = people;
    flow::end_left(*this);
    drain_.tick();
  }
}

void Worker::forget(Connection& connection) {
  connections_.remove(connection);
  gateway_.connections.fetch_sub(1, std::memory_order_relaxed);
  gateway_.clients.leave(connection.peer.address);
  counters_.connections_open.subtract();
  if (!context_.stopped()) drain_.left(connection);
}

void Worker::drain() {
  net::asio::post(context_, [this] { drain_.begin(); });
}

void Worker::stop_listening() {
  for (const auto& listener : listeners_) listener->drain();
}

void Worker::stop_loop() { context_.stop(); }

void Worker::join() {
  if (thread_.joinable()) thread_.join();
  // The mint answers into this worker's io_context, so it has to end first: whoever made it drops the last reference.
  asking_.use(std::shared_ptr<const Inspection>());
}

void Worker::use(std::shared_ptr<const Inspection> inspection) {
  net::asio::post(context_, [this, inspection = std::move(inspection)] {
    outbound_.forget_kept();
    if (inspection)
      if (auto believed =
              outbound_.believe(inspection->trust, gateway_.issuers ? gateway_.issuers->issuers() : nullptr);
          !believed)
        return log::error("TLS towards web sites stays as it was", {{"why", believed.error().text()}});
    asking_.use(inspection);
  });
}

void Worker::use(std::shared_ptr<const SignInGate> gate) {
  net::asio::post(context_, [this, gate = std::move(gate)]() mutable { use_gate(std::move(gate)); });
}

void Worker::use_gate(std::shared_ptr<const SignInGate> gate) {
  outbound_.lead_to(gate.get());
  asking_.use(std::move(gate));
}

std::uint32_t Worker::missed_heartbeats() noexcept {
  const std::uint32_t missed = unanswered_.fetch_add(1, std::memory_order_relaxed);
  net::asio::post(context_, [this] { unanswered_.store(0, std::memory_order_relaxed); });
  return missed;
}

std::vector<net::Endpoint> Worker::listening() const {
  std::vector<net::Endpoint> out;
  for (const auto& listener : listeners_) out.push_back(listener->local());
  return out;
}

}  // namespace schoolgate::flow
