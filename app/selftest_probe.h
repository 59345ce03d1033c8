// One request of the self-test, sent to the running gateway as a browser would send it.
//
// Blocking, on the calling thread; several may run at the same time. Reads the status line and no more: what a site
// answers is of no interest, only whether the gateway let the question through.
#pragma once

#include <chrono>
#include <string>

#include "app/probe_wire.h"
#include "names/ip_address.h"
#include "proxy/net/endpoint.h"
#include "rules/request.h"

namespace schoolgate::app {

struct ProbeAnswer {
  int status = 0;       ///< 0: no answer
  std::string failure;  ///< why there was none
  bool inside = false;  ///< it was given inside TLS, by the school's authority (selftest_inside.h)
};

/// GET in absolute form, or CONNECT for a request that knows a name only. Carries `User-Agent: schoolgate-selftest`.
[[nodiscard]] std::string probe_head(const rules::Request& request);

/// Sends `head` to `proxy` from the address `from` of this machine and waits for the status line, at most `limit`.
[[nodiscard]] ProbeAnswer send_probe(const net::Endpoint& proxy, const names::IpAddress& from, std::string_view head,
                                     std::chrono::milliseconds limit, const Announce& announce);

}  // namespace schoolgate::app
