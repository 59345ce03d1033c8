// What the data plane needs to know, as plain values. app/ fills it from config::Settings; flow never sees YAML.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "names/ip_address.h"
#include "proxy/flow/client_account.h"
#include "proxy/http/message.h"
#include "proxy/net/upstream_pool_limits.h"

namespace schoolgate::flow {

struct Endpoint {
  names::IpAddress address;
  std::uint16_t port = 0;
};

/// How connections reach a listener.
enum class Entrance : std::uint8_t { explicit_proxy, transparent_http, transparent_tls };

struct ListenAt {
  Endpoint endpoint;
  Entrance entrance = Entrance::explicit_proxy;
};

/// A TLS connection that names no host: refused, or judged by what is known instead. Unparsable is always refused.
enum class UnnamedAnswer : std::uint8_t { block, judge };
struct Unnamed {
  UnnamedAnswer no_sni = UnnamedAnswer::block;
  UnnamedAnswer ip_sni = UnnamedAnswer::block;
  UnnamedAnswer ech = UnnamedAnswer::block;
  UnnamedAnswer not_tls = UnnamedAnswer::block;
};

/// Deadlines and caps; none can be switched off.
struct Limits {
  std::chrono::seconds header{20}, connect{10}, response{120}, idle{60}, idle_tunnel{900}, drain{30};
  std::uint32_t client_connections = 1'000, connections = 50'000;
  ClientLimits client;
  net::UpstreamPoolLimits pool;  ///< of each worker
  http::HeadLimits head;
};

struct FlowSettings {
  std::string school;
  std::string gateway;
  std::string contact;  ///< how to ask at the school, for the pages; may be empty
  std::string desk;     ///< where the desk is, "https://gateway.school.example:9443"; empty: no page leads to it
  std::string via;      ///< pseudonym in Via, also what loops are known by; empty: no Via
  std::vector<ListenAt> listen;
  std::vector<std::uint16_t> connect_ports{443};
  Unnamed unnamed;
  Limits limits;
};

}  // namespace schoolgate::flow
