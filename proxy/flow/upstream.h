// Getting a connection to the web site that was judged: from the pool, or dialled by name.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "names/host.h"
#include "proxy/net/asio.h"
#include "proxy/net/failure.h"
#include "proxy/net/socket.h"

namespace schoolgate::flow {

struct Inside;
class Worker;

/// Where to: the judged host, or the safe endpoint that stands in for it.
struct Destination {
  std::string host;  ///< canonical, without brackets round an IPv6 address
  std::uint16_t port = 0;
  names::IpAddress client{};  ///< who asked to go there first: looking it up takes a place of that client's
  [[nodiscard]] std::string key() const { return host + ' ' + std::to_string(port); }
};

/// Resolves and connects; every address is checked against the destination guard.
net::awaitable<net::Attempt<net::Socket>> dial(Worker& worker, const Destination& to);

/// A connection inside TLS whose far end has proved to be `name`.
struct Verified {
  net::Socket socket;
  std::string protocol;  ///< by ALPN; empty: the web site chose none
  std::uint64_t trust;   ///< the trust store that it was verified by (TrustStore::generation)
};
/// Verifies what was dialled at `to` as `name`: wrong, weak, stale and self-made certificates are refused.
net::awaitable<net::Attempt<Verified>> verify(Worker& worker, net::Socket dialled, Destination to, names::Host name,
                                              std::span<const std::string_view> protocols);
/// Dials `to`, then verifies it.
net::awaitable<net::Attempt<Verified>> dial_verified(Worker& worker, const Destination& to, const names::Host& name,
                                                     std::span<const std::string_view> protocols);

/// More than "it closed the connection", where TLS told why; else empty.
[[nodiscard]] std::string told_by_tls(const net::Socket& socket);

/// What verified connections to the same web site are kept under. Those of a web site that knows no HTTP/2 are kept
/// apart: a client that speaks it takes no other. `trust` is Verified::trust where a connection is kept,
/// Outbound::trust() where one is looked for: so one that another trust store has verified is never found.
[[nodiscard]] std::string pool_key(const Inside& inside, std::uint64_t trust);

}  // namespace schoolgate::flow
