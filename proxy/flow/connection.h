// One client connection: who it is, how it came in, and the worker that serves it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "proxy/flow/flow_settings.h"
#include "proxy/flow/inbox.h"
#include "proxy/flow/inside.h"
#include "proxy/net/endpoint.h"
#include "proxy/net/listener.h"
#include "proxy/net/socket.h"

namespace schoolgate::flow {

class Worker;

/// Lives in the frame of serve(). Worker::accept() has counted it in; it counts itself out.
struct Connection {
  Connection(net::Accepted accepted, Entrance how, Worker& owner);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Worker& worker;
  net::Socket client;
  Inbox inbox;  ///< what the client has sent and nobody has dealt with yet
  net::Endpoint peer;
  Entrance entrance;
  std::optional<net::Endpoint> original;  ///< where a transparent connection was going
  std::unique_ptr<Inside> inside;         ///< set once the client speaks TLS with us: everything after is decrypted
  bool between_requests = false;          ///< kept alive and waiting: a drain may close it at once
  Connection* previous = nullptr;         ///< in the worker's list
  Connection* next = nullptr;
};

}  // namespace schoolgate::flow
