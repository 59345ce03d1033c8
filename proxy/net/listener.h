// A listening TCP socket of one worker: accepts in batches, survives running out of descriptors, drains.
//
// Every worker opens its own listener on the same address (SO_REUSEPORT), so a connection is accepted by the worker
// that serves it. Held by shared_ptr; used on its worker's thread only; closes when dropped.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/error.h"
#include "proxy/net/asio.h"
#include "proxy/net/endpoint.h"
#include "proxy/net/file_descriptor.h"

namespace schoolgate::net {

/// A fresh connection: non-blocking, close-on-exec, TCP_NODELAY.
struct Accepted {
  FileDescriptor fd;
  Endpoint peer;
};

class Listener : public std::enable_shared_from_this<Listener> {
 public:
  enum class Kind : std::uint8_t {
    ordinary,
    tproxy,  ///< IP_TRANSPARENT: accepts connections to any address that the firewall hands over; needs CAP_NET_ADMIN
  };
  using OnConnection = std::function<void(Accepted)>;

  /// Binds and listens (IPv6 addresses take IPv6 only). Port 0 takes a free one: see local(). Fault host or config.
  [[nodiscard]] static Result<std::shared_ptr<Listener>> open(Executor executor, const Endpoint& at,
                                                              Kind kind = Kind::ordinary);
  ~Listener();

  /// From now on calls `on_connection` for every new connection.
  void start(OnConnection on_connection);
  /// Leaves new connections in the kernel's queue until resume(): the cap on connections is reached.
  void pause() noexcept;
  void resume();
  /// Accepts what is already in the queue, then closes: no connection that the kernel completed is lost to a drain.
  void drain();
  void close() noexcept;

  [[nodiscard]] const Endpoint& local() const noexcept { return local_; }
  /// Connections closed at once because this process had no descriptor left.
  [[nodiscard]] std::uint64_t shed() const noexcept { return shed_; }

 private:
  Listener(Executor executor, FileDescriptor fd, const Endpoint& local);
  void arm();
  void arm_after_pause();
  enum class Batch { emptied, more, exhausted };
  [[nodiscard]] Batch accept_batch(int most);
  [[nodiscard]] bool shed_newest() noexcept;

  TcpStream stream_;
  Timer backoff_;
  FileDescriptor reserve_;  ///< given up for a moment to accept, and refuse, when no other descriptor is left
  Endpoint local_;
  OnConnection on_connection_;
  std::uint64_t shed_ = 0;
  bool armed_ = false;
  bool paused_ = false;
};

}  // namespace schoolgate::net
