// A tunnel: bytes both ways that the gateway does not look into. It is judged again like all that goes on for long
// (long_lived.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "proxy/flow/coalescing.h"
#include "proxy/flow/judgement.h"
#include "proxy/flow/portal_visits.h"
#include "proxy/net/asio.h"
#include "proxy/net/relay.h"
#include "proxy/net/socket.h"
#include "rules/request.h"

namespace schoolgate::flow {

struct Connection;
class Worker;

/// What a tunnel carries, as far as it was looked at.
enum class Carries : std::uint8_t {
  anything,    ///< a WebSocket, the sign-in page, bytes that are no TLS
  closed_tls,  ///< TLS that stays closed to us
  shared_tls,  ///< the same, over HTTP/2: a browser may use it for other names of the certificate too (coalescing.h)
};

/// An opened tunnel on its way to run_tunnel(): everything read so far has been sent on.
struct Tunnel {
  net::Socket upstream;
  rules::Request request;  ///< the name that was judged
  Judgement judgement;
  std::uint64_t bytes_in = 0, bytes_out = 0;  ///< already passed
  std::chrono::steady_clock::time_point began;
  std::optional<rules::Request> inside = std::nullopt;      ///< the server name inside CONNECT where it is another name
  std::optional<PortalVisits::Visit> visit = std::nullopt;  ///< where it leads to the sign-in page
  Carries carries = Carries::anything;
  /// shared_tls: what its certificate covers, where that was known when it began.
  std::shared_ptr<const CertificateNames::Covered> covered = nullptr;
};

/// Relays until both sides are done, the policy says stop, or the drain ends; then writes the decision line. A tunnel
/// that only has to sign in now, that would be opened if it began now, or that can carry a site which is refused from
/// now on, ends without a record: the client begins anew.
net::awaitable<void> run_tunnel(Connection& connection, Tunnel tunnel);

}  // namespace schoolgate::flow
