// The connection of one request of the self-test: bytes out, a status line back, in clear or inside TLS.
//
// Blocking, on the calling thread, and all of it within one deadline. Whatever fails is said in words, not values: it
// ends in the self-test's table.
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "names/ip_address.h"
#include "proxy/net/endpoint.h"
#include "proxy/net/file_descriptor.h"
#include "proxy/net/transfer.h"
#include "proxy/tls/session.h"

namespace schoolgate::app {

template <typename T>
using OrWhy = std::expected<T, std::string>;

/// Tells the gateway where the next connection of the self-test comes from, so that it is taken for that and for
/// nobody's breach. What it answers otherwise is why there is no probe.
using Announce = std::function<OrWhy<void>(const net::Endpoint& from)>;

class ProbeWire {
 public:
  /// Connects to `proxy` from the address `from` of this machine, announced before the gateway can see it. Everything
  /// on this wire ends after `limit`.
  [[nodiscard]] static OrWhy<ProbeWire> open(const net::Endpoint& proxy, const names::IpAddress& from,
                                             std::chrono::milliseconds limit, const Announce& announce);
  [[nodiscard]] OrWhy<void> send(std::string_view bytes);
  /// The status of the answer. Of what follows its first line nothing is looked at.
  [[nodiscard]] OrWhy<int> read_status();
  /// Reads the answer to CONNECT to its end.
  [[nodiscard]] OrWhy<void> skip_head();
  /// The handshake of `session`; what is sent and read from then on is inside it.
  [[nodiscard]] OrWhy<void> secure(std::unique_ptr<tls::Session> session);

 private:
  using Clock = std::chrono::steady_clock;
  ProbeWire(net::FileDescriptor fd, Clock::time_point deadline) : fd_(std::move(fd)), deadline_(deadline) {}
  [[nodiscard]] bool wait_for(short events) const;
  [[nodiscard]] net::Transfer try_send(std::string_view bytes);
  [[nodiscard]] net::Transfer try_receive(std::span<char> into);
  [[nodiscard]] OrWhy<void> receive_more();

  net::FileDescriptor fd_;
  Clock::time_point deadline_;
  std::string received_;                   ///< of the answer that is being read
  std::unique_ptr<tls::Session> session_;  ///< null in clear
};

}  // namespace schoolgate::app
