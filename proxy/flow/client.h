// The client of a connection, as far as the judge asks about it: where it is, how it came in, and whom the gateway
// knows there. No socket: the connection adds that (connection.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "proxy/flow/flow_settings.h"
#include "proxy/flow/proxy_login.h"
#include "proxy/flow/selftest_connections.h"
#include "proxy/net/endpoint.h"
#include "rules/presence.h"

namespace schoolgate::flow {

/// On its worker's thread, like the connection that it is part of.
struct Client {
  net::Endpoint peer;
  Entrance entrance = Entrance::explicit_proxy;
  std::optional<Selftest> selftest{};  ///< the gateway tries itself; fixed when the connection is accepted
  /// The presence behind the peer's address, as of that generation of the presences (Asking::presence_of).
  std::shared_ptr<const rules::Presence> known{};
  std::uint64_t known_generation = 0;
  std::unique_ptr<ProxyLogin> login{};  ///< what was proved on this connection itself; null: nothing was tried
};

}  // namespace schoolgate::flow
