// One allowed HTTP request: sent on, and its answer brought back.
#pragma once

#include <optional>

#include "proxy/flow/connection.h"
#include "proxy/flow/judgement.h"
#include "proxy/flow/tunnel.h"
#include "proxy/flow/upstream.h"
#include "proxy/flow/worker.h"
#include "proxy/net/asio.h"

namespace schoolgate::flow {

struct ExchangeEnd {
  bool keep_alive = false;       ///< the client's connection can serve another request
  bool unread_body = false;      ///< answered before the client had sent everything: close with a linger
  std::optional<Tunnel> tunnel;  ///< the answer was 101: from here on bytes are relayed
};

/// `heads.request` has been parsed from connection.inbox and still lies there; `target` is what goes into the request
/// line, as the client wrote it. Bodies stream both ways at once, so an early answer or a 100 Continue never deadlocks.
net::awaitable<ExchangeEnd> exchange(Connection& connection, Heads& heads, std::string_view target,
                                     const rules::Request& request, const Judgement& judgement, Destination to);

}  // namespace schoolgate::flow
