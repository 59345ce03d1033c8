// Which addresses the gateway may connect to at all, for any client: never inward, never to itself.
//
// A web filter that dials what pupils name is a way into the school's own network and to servers that are no web
// servers (server-side request forgery): every address and port is checked after resolution and again once connected.
// Immutable.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "names/ip_address.h"
#include "proxy/net/endpoint.h"
#include "proxy/net/failure.h"

namespace schoolgate::net {

/// 80, 443, and from 1024 up what browsers do not refuse (Fetch standard, "port blocking"): a mail server, given a
/// request with lines of its own commands in the body, obeys them.
[[nodiscard]] bool is_web_port(std::uint16_t port) noexcept;

class DestinationGuard {
 public:
  struct Settings {
    std::vector<names::IpNetwork> allow_private;  ///< special addresses that may be dialled all the same
    std::vector<Endpoint> listening;              ///< where this gateway listens; :: and 0.0.0.0 mean every own address
    /// Of this machine's interfaces: own_addresses(). No port of theirs is dialled, unless allow_private lists the very
    /// address; loopback follows allow_private like any other.
    std::vector<names::IpAddress> own_addresses;
    std::vector<std::uint16_t> ports;       ///< that may be dialled; empty: those of is_web_port()
    std::vector<std::uint16_t> more_ports;  ///< beside them: what CONNECT may name
  };
  DestinationGuard() = default;
  explicit DestinationGuard(Settings settings) : settings_(std::move(settings)) {}

  /// The same for an address that no client has named: what the school allows its clients (private addresses, more
  /// ports) does not count, and `port` alone is dialled.
  [[nodiscard]] DestinationGuard for_strangers(std::uint16_t port) const;

  /// Nothing when the destination may be dialled, else `loop` or `destination_refused` (fault client).
  [[nodiscard]] std::optional<Failure> check(const Endpoint& destination) const;
  /// The same for a connected socket: looks at where it really leads, and whether that is this machine.
  [[nodiscard]] std::optional<Failure> check_connected(int fd) const;

 private:
  [[nodiscard]] bool listens_on(const Endpoint& destination) const noexcept;
  [[nodiscard]] bool allows_port(std::uint16_t port) const noexcept;
  [[nodiscard]] bool is_listed_alone(const names::IpAddress& address) const noexcept;
  Settings settings_;
};

/// The addresses of this machine's interfaces, now.
[[nodiscard]] std::vector<names::IpAddress> own_addresses();

}  // namespace schoolgate::net
