// Which addresses the gateway may connect to at all, whoever asks: never inward, never to itself.
//
// A web filter that dials what pupils name is a way into the school's own network (server-side request forgery): every
// address is checked after resolution and again once connected. Immutable; ports other than our own are the flow's
// rule.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "names/ip_address.h"
#include "proxy/net/endpoint.h"
#include "proxy/net/failure.h"

namespace schoolgate::net {

class DestinationGuard {
 public:
  struct Settings {
    std::vector<names::IpNetwork> allow_private;  ///< special addresses that may be dialled all the same
    std::vector<Endpoint> listening;              ///< where this gateway listens; :: and 0.0.0.0 mean every own address
    std::vector<names::IpAddress> own_addresses;  ///< of this machine's interfaces: own_addresses()
  };
  DestinationGuard() = default;
  explicit DestinationGuard(Settings settings) : settings_(std::move(settings)) {}

  /// Nothing when the destination may be dialled, else `loop` or `destination_refused` (fault client).
  [[nodiscard]] std::optional<Failure> check(const Endpoint& destination) const;
  /// The same for a connected socket: looks at where it really leads, and whether that is this machine.
  [[nodiscard]] std::optional<Failure> check_connected(int fd) const;

 private:
  [[nodiscard]] bool listens_on(const Endpoint& destination) const noexcept;
  Settings settings_;
};

/// The addresses of this machine's interfaces, now.
[[nodiscard]] std::vector<names::IpAddress> own_addresses();

}  // namespace schoolgate::net
