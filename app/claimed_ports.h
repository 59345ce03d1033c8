// The proxy's own ports, claimed before the workers open them: two gateways never share one by mistake.
//
// Workers share a port among them (SO_REUSEPORT), and the kernel would let any other process of this user share it too:
// half of a school's requests would be judged by another school's policy. A claim is a socket that is bound alone,
// which the kernel refuses where any other process listens, and that lets others in only then. It never listens; it is
// dropped once the workers do. Two gateways that start within the same few milliseconds are not told apart.
//
// A gateway that is being restarted on its state holds the lock of that folder until it is gone
// (breaches/breach_log.h), so the process that has the port is of another state folder, or no gateway.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "proxy/net/endpoint.h"
#include "proxy/net/file_descriptor.h"

namespace schoolgate::app {

class ClaimedPorts {
 public:
  /// Fault config: another process has one of them; says which as far as this user may know.
  [[nodiscard]] static Result<ClaimedPorts> claim(const std::vector<net::Endpoint>& ports);

 private:
  std::vector<net::FileDescriptor> sockets_;
};

/// "process 812, schoolgate run --config /etc/other". Where that cannot be told: the gateways that run here; empty
/// where there is none.
[[nodiscard]] std::string listener_on(std::uint16_t port);

}  // namespace schoolgate::app
