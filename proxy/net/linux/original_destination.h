// Where a transparently intercepted connection was going before the firewall turned it round.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "proxy/net/endpoint.h"

namespace schoolgate::net {

enum class Interception : std::uint8_t {
  redirect,  ///< nftables "redirect": connection tracking remembers the original destination
  tproxy,    ///< nftables "tproxy": the socket's own local address is the original destination
};

/// Fault client when the connection did not come through the firewall: a client spoke to the transparent port directly.
[[nodiscard]] Result<Endpoint> original_destination(int fd, Interception how);

}  // namespace schoolgate::net
