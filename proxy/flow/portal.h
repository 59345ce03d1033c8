// The way to the sign-in page through the gateway, for devices that cannot reach it past the proxy: explicit clients,
// and those whose firewall turns everything to us.
#pragma once

#include "proxy/flow/connection.h"
#include "proxy/flow/judgement.h"
#include "proxy/flow/tunnel.h"
#include "proxy/net/asio.h"
#include "proxy/net/failure.h"
#include "proxy/net/socket.h"

namespace schoolgate::flow {

/// Connects to the portal's own listener, which nothing else here may reach. Fails where a reload has taken the sign-in
/// page away meanwhile.
net::awaitable<net::Attempt<net::Socket>> dial_portal(Connection& connection);

/// Passes on what the client has sent so far. The page can ask PortalVisits which device the tunnel is for, while it
/// runs.
net::awaitable<std::optional<Tunnel>> tunnel_to_portal(Connection& connection, net::Socket portal,
                                                       rules::Request request, Judgement judgement);

}  // namespace schoolgate::flow
