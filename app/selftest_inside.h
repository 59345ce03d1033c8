// A request of the self-test to a host that the gateway opens: CONNECT, TLS as a device of the school speaks it, and
// the whole address inside.
//
// Believes the school's own authority and nobody else, so an answer from inside is an answer of the gateway. Blocking,
// on the calling thread.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "app/selftest_probe.h"
#include "base/error.h"
#include "config/settings.h"
#include "proxy/tls/upstream_context.h"

namespace schoolgate::app {

/// What a device of this school knows of TLS: one for each thread. Fault config or host: the authority cannot be read.
[[nodiscard]] Result<std::unique_ptr<tls::UpstreamContext>> device_of_school(const config::Settings& settings);

/// "GET /casino/x HTTP/1.1", for inside.
[[nodiscard]] std::string inside_head(const rules::Request& request);

/// `request` is a whole https address. Without `inside` in the answer the gateway did not open the connection: its
/// status is the one that CONNECT got.
[[nodiscard]] ProbeAnswer send_inside(tls::UpstreamContext& device, const net::Endpoint& proxy,
                                      const names::IpAddress& from, const rules::Request& request,
                                      std::chrono::milliseconds limit, const Announce& announce);

}  // namespace schoolgate::app
