// One allowed HTTP request: sent on, and its answer brought back.
#pragma once

#include "proxy/flow/connection.h"
#include "proxy/flow/judgement.h"
#include "proxy/flow/served.h"
#include "proxy/flow/upstream.h"
#include "proxy/flow/worker.h"
#include "proxy/net/asio.h"

namespace schoolgate::flow {

/// `heads.request` has been parsed from connection.inbox and still lies there; `target` is what goes into the request
/// line, as the client wrote it. Bodies stream both ways at once, so an early answer or a 100 Continue never deadlocks.
net::awaitable<Served> exchange(Connection& connection, Heads& heads, std::string_view target,
                                const rules::Request& request, const Judgement& judgement, Destination to);

}  // namespace schoolgate::flow
