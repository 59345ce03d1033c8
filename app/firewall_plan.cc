#include "app/firewall_plan.h"

#include <algorithm>

namespace schoolgate::app {
namespace {

// All listeners of one kind must share their port: a rule can send a packet to one port only.
Result<std::uint16_t> one_port(const std::vector<config::Endpoint>& listeners, std::string_view key) {
  if (listeners.empty())
    return fail(Fault::config, "no transparent listener: listen." + std::string(key) + " is empty in schoolgate.yaml",
                "the transparent mode needs both listen.http and listen.tls, e.g. http: [\"0.0.0.0:8081\"]");
  for (const config::Endpoint& listener : listeners)
    if (listener.port != listeners.front().port)
      return fail(Fault::config,
                  "listen." + std::string(key) + " names several ports; the firewall can send traffic to one only");
  return listeners.front().port;
}

net::Topology topology_of(config::Topology topology) {
  switch (topology) {
    case config::Topology::routed: return net::Topology::routed;
    case config::Topology::bridge: return net::Topology::bridge;
    case config::Topology::one_armed: return net::Topology::one_armed;
  }
  return net::Topology::routed;
}

std::vector<net::OpenPort> ports_of(const config::Firewall& firewall, const std::string& group) {
  std::vector<net::OpenPort> out;
  for (const config::GroupPorts& open : firewall.ports)
    if (open.group == group)
      for (const config::FirewallPort& port : open.ports) out.push_back({port.number, port.udp});
  return out;
}

// Before they sign in, devices of a sign-in network are of no group; the firewall cannot see when they have.
std::vector<net::PlacedNetwork> placed_networks(const config::Configuration& configuration) {
  std::vector<net::PlacedNetwork> out;
  if (const auto& sign_in = configuration.settings.identity.sign_in)
    for (const names::IpNetwork& network : sign_in->networks) out.push_back({network, {}});
  for (const rules::GroupSpec& group : configuration.policy.groups) {
    const auto ports = ports_of(configuration.settings.firewall, group.id);
    for (const rules::NetworkSpec& network : group.networks) {
      const bool signs_in = std::ranges::find(out, network.network, &net::PlacedNetwork::network) != out.end();
      if (!signs_in) out.push_back({network.network, ports});
    }
  }
  return out;
}

}  // namespace

Result<net::FirewallPlan> firewall_plan(const config::Configuration& configuration) {
  const config::Settings& settings = configuration.settings;
  net::FirewallPlan plan;
  const auto http = one_port(settings.listen.http, "http");
  if (!http) return std::unexpected(http.error());
  const auto tls = one_port(settings.listen.tls, "tls");
  if (!tls) return std::unexpected(tls.error());
  plan.http_port = *http;
  plan.tls_port = *tls;
  plan.topology = topology_of(settings.firewall.topology);
  plan.inside = settings.firewall.inside;
  plan.masquerade = settings.firewall.masquerade;
  plan.networks = placed_networks(configuration);
  plan.servers = settings.upstream.allow_private;
  for (const config::Endpoint& resolver : settings.upstream.resolver)
    if (resolver.port == 53) plan.resolvers.push_back(resolver.address);
  plan.made_from = net::fingerprint(plan);
  return plan;
}

}  // namespace schoolgate::app
