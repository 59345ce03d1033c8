// An IP address and a port, as a value; the only place that knows sockaddr.
#pragma once

#include <sys/socket.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "names/ip_address.h"

namespace schoolgate::net {

struct Endpoint {
  names::IpAddress address;
  std::uint16_t port = 0;

  /// "192.0.2.1:443" or "[2001:db8::1]:443".
  [[nodiscard]] std::string text() const;
  /// Reads what text() writes; no names, no zone ids.
  [[nodiscard]] static std::optional<Endpoint> parse(std::string_view text) noexcept;
  auto operator<=>(const Endpoint&) const = default;
};

/// A sockaddr with its length, ready for bind(2) and connect(2).
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  [[nodiscard]] const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
};

/// AF_INET for IPv4 addresses, AF_INET6 for all others.
[[nodiscard]] SocketAddress to_socket_address(const Endpoint& endpoint) noexcept;
/// Nothing for a family that is not an IP one.
[[nodiscard]] std::optional<Endpoint> to_endpoint(const SocketAddress& address) noexcept;

/// This end and the far end of a socket; nothing when it is not a connected IP socket.
[[nodiscard]] std::optional<Endpoint> local_endpoint(int fd) noexcept;
[[nodiscard]] std::optional<Endpoint> peer_endpoint(int fd) noexcept;

}  // namespace schoolgate::net
