// One client connection: its client, its socket, and the worker that serves it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "names/host.h"
#include "proxy/flow/client.h"
#include "proxy/flow/connection_login.h"
#include "proxy/flow/inbox.h"
#include "proxy/flow/inside.h"
#include "proxy/net/endpoint.h"
#include "proxy/net/listener.h"
#include "proxy/net/socket.h"

namespace schoolgate::flow {

class Worker;

/// Plain HTTP inside CONNECT, as ws:// goes through a proxy: what CONNECT named. Every request inside is for that host
/// and port; where it is an address, for the name that the request itself gives, which is judged and dialled.
struct ClearTunnel {
  names::Host host;
  std::uint16_t port = 80;
};

/// Lives in the frame of serve(). Worker::accept() has counted it in; it counts itself out.
struct Connection : Client {
  Connection(net::Accepted accepted, Entrance how, Worker& owner);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Worker& worker;
  net::Socket client;
  Inbox inbox;                            ///< bytes of the client that are not dealt with yet
  std::optional<net::Endpoint> original;  ///< where a transparent connection was going
  std::unique_ptr<Inside> inside;         ///< set once the client speaks TLS with us: everything after is decrypted
  std::unique_ptr<ClearTunnel> clear;     ///< set once CONNECT turned out to carry plain HTTP
  std::optional<BoundUpstream> bound;     ///< what this client has logged in on: no other request ever goes there
  bool between_requests = false;          ///< kept alive and waiting: a drain may close it at once
  bool awaited_by_drain = false;          ///< it was there when the drain began
  Connection* previous = nullptr;         ///< in the worker's list
  Connection* next = nullptr;

  /// A CONNECT was accepted, and requests are served inside it: they begin no other, and none is asked to log in.
  [[nodiscard]] bool in_tunnel() const noexcept { return inside || clear; }
};

/// Opened to show a page and for nothing else: it ends with its first answer, so that what is asked next, when the way
/// may be free, begins anew.
[[nodiscard]] inline bool is_for_page(const Connection& connection) noexcept {
  return connection.inside && connection.inside->for_page;
}

}  // namespace schoolgate::flow
