// The life of a connection, from accept to close.
#pragma once

#include <optional>

#include "proxy/flow/connection.h"
#include "proxy/flow/served.h"
#include "proxy/flow/tunnel.h"
#include "proxy/net/asio.h"

namespace schoolgate::flow {

/// Serves one client connection to its end. Started once per accepted connection; never throws.
net::awaitable<void> serve(net::Accepted accepted, Entrance entrance, Worker& worker);

/// HTTP, explicit, transparent or inside TLS: one request after another (serve_http.cc). A tunnel when CONNECT or an
/// upgrade ends it.
net::awaitable<std::optional<Tunnel>> serve_http(Connection& connection);

/// HTTP/2 inside TLS: each stream a request (serve_h2.cc).
net::awaitable<void> serve_h2(Connection& connection);

/// TLS that the firewall turned to us: judged by its ClientHello (serve_tls.cc).
net::awaitable<std::optional<Tunnel>> serve_tls(Connection& connection);

/// CONNECT: judged by the name it gives, then by the ClientHello inside it (serve_connect.cc). Another request follows
/// where the client was only told to log in.
net::awaitable<Served> serve_connect(Connection& connection, const http::RequestHead& head);

}  // namespace schoolgate::flow
