// The small web server of the pages that people sign in to: portal and console. Boost.Beast over Asio.
//
// Control plane only: one thread of its own accepts, reads and writes; a small pool runs the handlers; no worker is
// ever touched. Every wait has a deadline, every buffer a bound, every cap a counter. HTTP/1.1 with keep-alive. Made,
// used and destroyed by the composition root; counters() may be called from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "names/ip_address.h"
#include "web/router.h"
#include "web/tls.h"

namespace schoolgate::web {

/// One listening socket and what answers on it.
struct Listener {
  names::IpAddress address;
  std::uint16_t port = 0;          ///< 0: the kernel chooses; see Server::ports()
  std::shared_ptr<const Tls> tls;  ///< null: plain HTTP
  std::shared_ptr<const Router> router;
};

struct ServerLimits {
  std::chrono::milliseconds header{std::chrono::seconds(10)};   ///< TLS handshake, and a request's head: 408
  std::chrono::milliseconds body{std::chrono::seconds(30)};     ///< a request's body: 408; and writing an answer
  std::chrono::milliseconds idle{std::chrono::seconds(30)};     ///< between requests: closed
  std::chrono::milliseconds handler{std::chrono::seconds(60)};  ///< from request to answer: 503
  std::size_t connections = 1000;
  std::size_t connections_per_client = 50;
  std::size_t header_bytes = 16 * 1024;  ///< more: 431
  std::size_t body_bytes = 1024 * 1024;  ///< more: 413
  std::size_t waiting = 500;             ///< requests that wait for a thread of the pool; more: 503
  unsigned threads = 2;                  ///< of the pool
};

/// What happened since start. Sums, but for `open`.
struct ServerCounters {
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;  ///< over a cap of connections
  std::uint64_t open = 0;     ///< connections now
  std::uint64_t handshakes_failed = 0;
  std::uint64_t requests = 0;
  std::uint64_t malformed = 0;   ///< 400
  std::uint64_t too_large = 0;   ///< 413, 431
  std::uint64_t timed_out = 0;   ///< 408, idle closes not among them
  std::uint64_t overloaded = 0;  ///< 503
  std::uint64_t failed = 0;      ///< answers of 500 and above
};

class Server {
 public:
  /// Listens on all of them, or says which address it could not have. `name` is for the log and the threads
  /// ("console").
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(std::string name, std::vector<Listener> listeners,
                                                             const ServerLimits& limits = {});
  /// stop(), with nothing left to wait for.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Connections that come from now on get this certificate, on every listener that has one; others keep theirs. From
  /// any thread but during stop().
  void use(std::shared_ptr<const Tls> tls);
  /// The port of each listener, in the order given.
  [[nodiscard]] std::vector<std::uint16_t> ports() const;
  /// No new connections; idle ones close; answers that are being made go out, at most `grace` long. Then all threads
  /// have ended. Called once or never.
  void stop(std::chrono::milliseconds grace = std::chrono::seconds(5));
  [[nodiscard]] ServerCounters counters() const;

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace schoolgate::web
