#include "web/server.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <thread>

#include "base/log.h"
#include "base/thread_name.h"
#include "web/connection.h"
#include "web/hub.h"

namespace schoolgate::web {
namespace {

constexpr int kBacklog = 512;
constexpr auto kAfterFailure = std::chrono::milliseconds(100);  // out of descriptors: not at once again

asio::ip::tcp::endpoint to_endpoint(const names::IpAddress& address, std::uint16_t port) {
  if (address.is_v4()) return {asio::ip::address_v4(address.v4_host_order()), port};
  return {asio::ip::address_v6(address.bytes()), port};
}

names::IpAddress to_address(const asio::ip::address& address) {
  if (address.is_v4()) return names::IpAddress::v4(address.to_v4().to_uint());
  const auto bytes = address.to_v6().to_bytes();
  std::array<std::uint8_t, 16> copy;
  std::ranges::copy(bytes, copy.begin());
  return names::IpAddress::v6(copy);
}

}  // namespace

struct Server::State {
  struct Door {
    std::shared_ptr<const Listener> listener;
    Acceptor acceptor;
  };

  std::shared_ptr<Hub> hub;
  std::vector<std::unique_ptr<Door>> doors;
  std::vector<std::uint16_t> ports;
  std::optional<asio::executor_work_guard<Executor>> pool_work;
  std::thread loop_thread;
  std::vector<std::thread> pool_threads;
  bool stopped = false;

  static awaitable<void> accept(std::shared_ptr<Hub> hub, Door& door);
};

namespace {

void admit(const std::shared_ptr<Hub>& hub, const std::shared_ptr<const Listener>& listener, Socket socket) {
  boost::system::error_code error;
  const auto peer = socket.remote_endpoint(error);
  if (error) return;
  const auto local = socket.local_endpoint(error);
  if (error) return;
  const names::IpAddress address = to_address(peer.address());
  const auto found = hub->per_client.find(address);
  if (hub->connections.size() >= hub->limits.connections ||
      (found != hub->per_client.end() && found->second >= hub->limits.connections_per_client)) {
    hub->counters.refused.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  hub->counters.accepted.fetch_add(1, std::memory_order_relaxed);
  socket.set_option(asio::ip::tcp::no_delay(true), error);
  auto connection =
      std::make_shared<Connection>(hub, listener, std::move(socket), address, peer.port(), to_address(local.address()));
  asio::co_spawn(hub->loop, Connection::run(std::move(connection)), [](const std::exception_ptr& failure) {
    if (!failure) return;
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& what) {
      log::error("a connection of the pages failed", {{"what", what.what()}});
    }
  });
}

}  // namespace

awaitable<void> Server::State::accept(std::shared_ptr<Hub> hub, Door& door) {
  Timer pause(hub->loop);
  while (!hub->stopping) {
    auto [error, socket] = co_await door.acceptor.async_accept(as_tuple);
    if (hub->stopping) co_return;
    if (!error) {
      web::admit(hub, door.listener, std::move(socket));
      continue;
    }
    if (error == asio::error::connection_aborted) continue;
    log::warning("the pages cannot take a connection", {{"server", hub->name}, {"why", error.message()}});
    pause.expires_after(kAfterFailure);
    const auto [ignored] = co_await pause.async_wait(as_tuple);
    (void)ignored;
  }
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Server::~Server() { stop(std::chrono::milliseconds(0)); }

Result<std::unique_ptr<Server>> Server::start(std::string name, std::vector<Listener> listeners,
                                              const ServerLimits& limits) {
  auto state = std::make_unique<State>();
  state->hub = std::make_shared<Hub>(name, limits);
  Hub& hub = *state->hub;
  for (Listener& listener : listeners) {
    const auto endpoint = to_endpoint(listener.address, listener.port);
    const std::string where = listener.address.text() + " port " + std::to_string(listener.port);
    auto door = std::make_unique<State::Door>(
        State::Door{std::make_shared<const Listener>(std::move(listener)), Acceptor(hub.loop)});
    Acceptor& acceptor = door->acceptor;
    boost::system::error_code error;
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error && endpoint.protocol() == asio::ip::tcp::v6()) acceptor.set_option(asio::ip::v6_only(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(kBacklog, error);
    if (error)
      return fail(Fault::config, "cannot listen on " + where + " for the pages (" + name + "): " + error.message(),
                  "is another program listening there?");
    state->ports.push_back(acceptor.local_endpoint().port());
    state->doors.push_back(std::move(door));
  }
  for (const auto& door : state->doors) asio::co_spawn(hub.loop, State::accept(state->hub, *door), asio::detached);
  state->pool_work.emplace(asio::make_work_guard(hub.pool));
  const std::string thread_name = name.substr(0, 10);
  for (unsigned i = 0; i < std::max(1u, limits.threads); ++i)
    state->pool_threads.emplace_back([&hub, thread_name] {
      name_this_thread((thread_name + "-page").c_str());
      hub.pool.run();
    });
  state->loop_thread = std::thread([&hub, thread_name] {
    name_this_thread((thread_name + "-io").c_str());
    hub.loop.run();
  });
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

void Server::use(std::shared_ptr<const Tls> tls) {
  state_->hub->post([state = state_.get(), tls = std::move(tls)] {
    for (const auto& door : state->doors) {
      if (!door->listener->tls) continue;
      Listener changed = *door->listener;
      changed.tls = tls;
      door->listener = std::make_shared<const Listener>(std::move(changed));
    }
  });
}

std::vector<std::uint16_t> Server::ports() const { return state_->ports; }

void Server::stop(std::chrono::milliseconds grace) {
  if (std::exchange(state_->stopped, true)) return;
  Hub& hub = *state_->hub;
  hub.post([this, &hub, grace] {
    hub.stopping = true;
    boost::system::error_code ignored;
    for (const auto& door : state_->doors) door->acceptor.close(ignored);
    for (Connection* connection : hub.connections) connection->finish_soon();
    if (hub.connections.empty()) return;
    hub.grace.expires_after(grace);
    hub.grace.async_wait([&hub](boost::system::error_code) {
      for (Connection* connection : hub.connections) connection->cut();
    });
  });
  state_->loop_thread.join();  // nothing is left to wait for once the connections have ended
  {
    const std::scoped_lock lock(hub.mutex);
    hub.ended = true;
  }
  state_->pool_work.reset();
  for (std::thread& thread : state_->pool_threads) thread.join();
  hub.loop.restart();
  hub.loop.poll();  // answers that came after their connection had ended
}

ServerCounters Server::counters() const {
  const HubCounters& from = state_->hub->counters;
  const auto get = [](const std::atomic<std::uint64_t>& counter) { return counter.load(std::memory_order_relaxed); };
  return {.accepted = get(from.accepted),
          .refused = get(from.refused),
          .open = get(from.open),
          .handshakes_failed = get(from.handshakes_failed),
          .requests = get(from.requests),
          .malformed = get(from.malformed),
          .too_large = get(from.too_large),
          .timed_out = get(from.timed_out),
          .overloaded = get(from.overloaded),
          .failed = get(from.failed)};
}

}  // namespace schoolgate::web
