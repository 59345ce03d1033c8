// schoolgate firewall: the nftables ruleset that brings the school's traffic to the transparent listeners.
#include "proxy/net/linux/firewall.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "app/command.h"
#include "app/read_configuration.h"

namespace schoolgate::app {
namespace {

constexpr std::string_view kHelp =
    R"(schoolgate firewall --config DIR [--interface IF] [--mode redirect|tproxy] [--own-user UID]

Prints the nftables ruleset for the transparent mode; nothing is loaded. Load it with:

  schoolgate firewall --config DIR | nft -f -

Whose traffic is filtered comes from the networks of the groups in policy.yaml and those of identity.sign_in; where it is sent, from listen.http and
listen.tls in schoolgate.yaml.

  --interface IF    the interface towards the school's devices; only what it brings is filtered
  --mode MODE       redirect (default) or tproxy, which keeps the original destination and needs two routes (printed)
  --own-user UID    filter this machine's own users too, all but the gateway's, whose user id this is (redirect only)
)";

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

bool is_loopback(const names::IpAddress& address) {
  return address.is_v4() ? address.v4_host_order() >> 24 == 127 : address.text() == "::1";
}

// What would load without an error and yet not filter as hoped.
void warn(const config::Listen& listen, const net::FirewallPlan& plan) {
  const auto all = [&](auto&& is) {
    return std::ranges::all_of(listen.http, is) || std::ranges::all_of(listen.tls, is);
  };
  if (all([](const config::Endpoint& at) { return is_loopback(at.address); }))
    std::fputs(
        "schoolgate: warning: a transparent listener is on loopback only, where diverted traffic does not come\n",
        stderr);
  const bool v6_inside =
      std::ranges::any_of(plan.inside_networks, [](const auto& network) { return !network.base().is_v4(); });
  if (v6_inside && all([](const config::Endpoint& at) { return at.address.is_v4(); }))
    std::fputs(
        "schoolgate: warning: groups have IPv6 networks, but a transparent listener has IPv4 only: their web "
        "traffic will be refused\n",
        stderr);
}

std::optional<std::uint32_t> read_uid(const std::string& text) {
  std::uint32_t uid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), uid);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return uid;
}

int firewall(std::span<const std::string_view> words) {
  const auto arguments =
      Arguments::read(words, {.options = {"--config", "--interface", "--mode", "--own-user"}, .switches = {}});
  if (!arguments) return usage_error(kFirewallCommand, arguments.error());
  if (!arguments->has("--config")) return usage_error(kFirewallCommand, {Fault::client, "--config DIR is missing", {}});
  net::FirewallPlan plan;
  const std::string mode = arguments->get("--mode", "redirect");
  if (mode != "redirect" && mode != "tproxy")
    return usage_error(kFirewallCommand, {Fault::client, "--mode is redirect or tproxy", {}});
  if (mode == "tproxy") plan.mode = net::Interception::tproxy;
  if (arguments->has("--own-user")) {
    plan.filter_own_except_uid = read_uid(arguments->get("--own-user"));
    if (!plan.filter_own_except_uid)
      return usage_error(kFirewallCommand, {Fault::client, "--own-user takes a number", "see: id -u USER"});
  }
  plan.inside_interface = arguments->get("--interface");

  const auto configuration = read_configuration(*arguments);
  if (!configuration) return kProblem;
  const config::Listen& listen = configuration->settings.listen;
  const auto http = one_port(listen.http, "http");
  if (!http) return report(http.error());
  const auto tls = one_port(listen.tls, "tls");
  if (!tls) return report(tls.error());
  plan.http_port = *http;
  plan.tls_port = *tls;
  for (const rules::GroupSpec& group : configuration->policy.groups)
    for (const rules::NetworkSpec& network : group.networks) plan.inside_networks.push_back(network.network);
  if (const auto& sign_in = configuration->settings.identity.sign_in)
    plan.inside_networks.insert(plan.inside_networks.end(), sign_in->networks.begin(), sign_in->networks.end());

  const auto rules = net::firewall_rules(plan);
  if (!rules) return report(rules.error());
  warn(listen, plan);
  print(*rules);
  return kDone;
}

}  // namespace

const Command kFirewallCommand{"firewall", "print the nftables ruleset for the transparent mode", kHelp, firewall};

}  // namespace schoolgate::app
