// A tunnel: bytes both ways that the gateway does not look into, and the list by which a worker can judge them again.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

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
};

/// A running tunnel, linked into its worker's list for as long as it runs.
struct LiveTunnel {
  LiveTunnel* previous = nullptr;
  LiveTunnel* next = nullptr;
  Connection* connection = nullptr;
  Tunnel* tunnel = nullptr;
  net::Relay* relay = nullptr;
  const net::RelayCounters* moved = nullptr;
  std::uint64_t seen = 0;  ///< of `moved`, when a minute last ended
};

/// Relays until both sides are done, the policy says stop, or the drain ends; then writes the decision line.
net::awaitable<void> run_tunnel(Connection& connection, Tunnel tunnel);

/// Whose tunnels: all, or of those of whom something else is known now than when they were judged.
enum class TunnelsOf : std::uint8_t { everybody, who_changed };
/// Judges live tunnels by the policy now in force and by who is there now; the ones that are no longer allowed are
/// recorded and ended. Those that only have to sign in, that would be opened if they began now, or that can carry a
/// site which is refused from now on, are ended without a record: the client begins anew. The others let go of the
/// policy that allowed them before.
void judge_tunnels_again(Worker& worker, TunnelsOf whose);

/// The minute that began at `minute` is over: the tunnels that moved bytes in it were somebody's activity.
void note_tunnels_activity(Worker& worker, TimePoint minute);

}  // namespace schoolgate::flow
