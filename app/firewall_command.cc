// schoolgate firewall: the nftables ruleset that brings the school's traffic to the transparent listeners and closes
// the rest.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>

#include "app/command.h"
#include "app/firewall_plan.h"
#include "app/load_firewall.h"
#include "app/read_configuration.h"
#include "base/file.h"

namespace schoolgate::app {
namespace {

constexpr std::string_view kFirewallHelp =
    R"(schoolgate firewall --config DIR [--interface IF] [--mode redirect|tproxy] [--own-user UID] [--load]

Prints the nftables ruleset for the transparent mode; nothing is loaded but with --load, which is the same as

  schoolgate firewall --config DIR | nft -f -

and the settings of the machine that the output's first lines name. The unit schoolgate-firewall.service does it at boot.

Web traffic (ports 80 and 443, IPv4 and IPv6) of every device inside goes to listen.http and listen.tls, whether or not a
group's network holds it. Every other port that leaves is closed but those of `firewall.ports` in schoolgate.yaml. What
stays between networks inside, and to upstream.allow_private, is left alone.

  --interface IF    the interface towards the school's devices, in the place of firewall.inside
  --mode MODE       redirect (default) or tproxy, which keeps the original destination and needs two routes (printed)
  --own-user UID    filter this machine's own users too, all but the gateway's, whose user id this is (redirect only)
  --load            load it, as root. Where the configuration has a mistake, the ruleset that was loaded last is loaded
                    again, and the exit status is 1
)";

void say(const char* warning) { std::fprintf(stderr, "schoolgate: warning: %s\n", warning); }

// What would load without an error and yet not work as hoped.
void warn(const config::Configuration& configuration, const net::FirewallPlan& plan) {
  const config::Listen& listen = configuration.settings.listen;
  const auto all = [&](auto&& is) {
    return std::ranges::all_of(listen.http, is) || std::ranges::all_of(listen.tls, is);
  };
  if (all([](const config::Endpoint& at) { return at.address.is_loopback(); }))
    say("a transparent listener is on loopback only, where diverted traffic does not come");
  const bool v6_inside =
      std::ranges::any_of(plan.networks, [](const auto& placed) { return !placed.network.base().is_v4(); });
  if (v6_inside && all([](const config::Endpoint& at) { return at.address.is_v4(); }))
    say("groups have IPv6 networks, but a transparent listener has IPv4 only: their web traffic will be refused");
  if (plan.inside.empty())
    say("no inside interface is named (firewall.inside): what arrives on any interface is filtered, and NAT is left to "
        "you");
  for (const config::GroupPorts& open : configuration.settings.firewall.ports) {
    const auto group = std::ranges::find(configuration.policy.groups, open.group, &rules::GroupSpec::id);
    if (group != configuration.policy.groups.end() && group->networks.empty() && !open.ports.empty())
      say(("no port is opened for '" + open.group + "', which has no network of its own").c_str());
  }
  if (plan.resolvers.empty())
    say("upstream.resolver is empty: devices can ask name servers on this machine or inside, none beyond");
}

std::optional<std::uint32_t> read_uid(const std::string& text) {
  std::uint32_t uid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), uid);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return uid;
}

// The last good ruleset closes the gateway as it was closed before; without one there is nothing to go by.
int load_kept() {
  const auto kept = read_file(kept_ruleset(), std::size_t(4) << 20);
  if (!kept) {
    std::fputs("schoolgate: no ruleset was loaded before: the firewall is not loaded\n", stderr);
    return kProblem;
  }
  if (auto loaded = load_firewall(*kept); !loaded) return report(loaded.error());
  std::fputs("schoolgate: the ruleset that was loaded last is loaded again\n", stderr);
  return kProblem;
}

int load(const std::string& rules) {
  if (auto loaded = load_firewall(rules); !loaded) {
    report(loaded.error());
    return load_kept();
  }
  std::error_code failed;
  std::filesystem::create_directories(kept_ruleset().parent_path(), failed);
  if (auto kept = replace_file(kept_ruleset(), rules); !kept) return report(kept.error());
  return kDone;
}

int firewall(std::span<const std::string_view> words) {
  const auto arguments =
      Arguments::read(words, {.options = {"--config", "--interface", "--mode", "--own-user"}, .switches = {"--load"}});
  if (!arguments) return usage_error(kFirewallCommand, arguments.error());
  if (!arguments->has("--config")) return usage_error(kFirewallCommand, {Fault::client, "--config DIR is missing", {}});
  const std::string mode = arguments->get("--mode", "redirect");
  if (mode != "redirect" && mode != "tproxy")
    return usage_error(kFirewallCommand, {Fault::client, "--mode is redirect or tproxy", {}});
  std::optional<std::uint32_t> own_user;
  if (arguments->has("--own-user")) {
    own_user = read_uid(arguments->get("--own-user"));
    if (!own_user)
      return usage_error(kFirewallCommand, {Fault::client, "--own-user takes a number", "see: id -u USER"});
  }

  const auto configuration = read_configuration(*arguments);
  const bool loads = arguments->has("--load");
  if (!configuration) return loads ? load_kept() : kProblem;
  auto plan = firewall_plan(*configuration);
  if (!plan) {
    report(plan.error());
    return loads ? load_kept() : kProblem;
  }
  if (mode == "tproxy") plan->mode = net::Interception::tproxy;
  plan->filter_own_except_uid = own_user;
  if (arguments->has("--interface")) plan->inside = {arguments->get("--interface")};
  const auto rules = net::firewall_rules(*plan);
  if (!rules) return report(rules.error());
  warn(*configuration, *plan);
  if (loads) return load(*rules);
  print(*rules);
  return kDone;
}

}  // namespace

const Command kFirewallCommand{"firewall", "print the nftables ruleset for the transparent mode", kFirewallHelp,
                               firewall};

}  // namespace schoolgate::app
