#include "proxy/net/linux/firewall.h"

#include <algorithm>
#include <string_view>

namespace schoolgate::net {
namespace {

std::string port_text(std::uint16_t port) { return std::to_string(port); }

std::string hex(std::uint32_t mark) {
  char out[16];
  std::snprintf(out, sizeof out, "0x%x", unsigned(mark));
  return out;
}

// What the kernel takes as an interface name (dev_valid_name), less what would need quoting.
bool is_interface_name(std::string_view name) noexcept {
  return name.size() < 16 && name != "." && name != ".." &&
         std::ranges::all_of(
             name,
             [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                      c == '_' || c == '.';
             });
}

std::string joined(const std::vector<names::IpNetwork>& networks, bool v4) {
  std::string out;
  for (const names::IpNetwork& network : networks)
    if (network.base().is_v4() == v4) out += (out.empty() ? "" : ", ") + network.text();
  return out;
}

// Rules come in lines of one chain each; every rule that looks at where a packet comes from is written once per family
// when networks are given, and once for both when only an interface is.
class Rules {
 public:
  explicit Rules(const FirewallPlan& plan) : plan_(plan) {
    if (!plan.inside_interface.empty()) sources_ = {"iifname \"" + plan.inside_interface + "\" "};
    const std::string arrive = sources_.empty() ? "" : sources_.front();
    if (plan.inside_networks.empty()) return;
    sources_.clear();
    if (!joined(plan.inside_networks, true).empty()) sources_.push_back(arrive + "ip saddr @inside4 ");
    if (!joined(plan.inside_networks, false).empty()) sources_.push_back(arrive + "ip6 saddr @inside6 ");
  }

  std::string text() {
    out_ =
        "#!/usr/sbin/nft -f\n"
        "# Schoolgate: what the school's devices send to the web goes through the filter.\n"
        "# Load with: nft -f FILE. Loading it again replaces it; `nft delete table inet schoolgate` takes it out.\n";
    if (plan_.mode == Interception::tproxy) policy_routing();
    line("");
    line("table inet schoolgate");
    line("delete table inet schoolgate");
    line("");
    line("table inet schoolgate {");
    sets();
    if (plan_.mode == Interception::redirect)
      redirect();
    else
      tproxy();
    forward();
    input();
    line("}");
    return std::move(out_);
  }

 private:
  void line(std::string_view text) { (out_ += text) += '\n'; }
  void from_inside(const std::string& rule) {
    for (const std::string& source : sources_) line("    " + source + rule);
  }

  void policy_routing() {
    const std::string mark = hex(plan_.tproxy_mark), table = std::to_string(plan_.tproxy_table);
    line("#");
    line("# TPROXY also needs these routes, which bring intercepted packets to this machine:");
    for (const char* family : {"-4", "-6"}) {
      line("#   ip " + std::string(family) + " rule add fwmark " + mark + " lookup " + table);
      line("#   ip " + std::string(family) + " route add local default dev lo table " + table);
    }
  }

  void sets() {
    for (const bool v4 : {true, false}) {
      const std::string networks = joined(plan_.inside_networks, v4);
      if (networks.empty()) continue;
      line(std::string("  set inside") + (v4 ? "4 { type ipv4_addr" : "6 { type ipv6_addr") +
           "; flags interval; auto-merge; elements = { " + networks + " } }");
    }
    line("");
  }

  void redirect() {
    line("  chain divert {");
    line("    type nat hook prerouting priority dstnat; policy accept;");
    leave_alone();
    from_inside("tcp dport 80 counter redirect to :" + port_text(plan_.http_port));
    from_inside("tcp dport 443 counter redirect to :" + port_text(plan_.tls_port));
    line("  }");
    line("");
    if (!plan_.filter_own_except_uid) return;
    const std::string uid = std::to_string(*plan_.filter_own_except_uid);
    line(
        "  # This machine's own users are filtered too; the gateway's user is not, or its traffic would come back to "
        "it.");
    line("  chain divert_own {");
    line("    type nat hook output priority -100; policy accept;");
    line("    meta skuid " + uid + " return");
    line("    meta mark " + hex(plan_.gateway_mark) + " return");
    line("    fib daddr type local return");
    line("    tcp dport 80 counter redirect to :" + port_text(plan_.http_port));
    line("    tcp dport 443 counter redirect to :" + port_text(plan_.tls_port));
    line("  }");
    line("");
  }

  void tproxy() {
    const std::string mark = hex(plan_.tproxy_mark);
    line("  chain divert {");
    line("    type filter hook prerouting priority mangle; policy accept;");
    leave_alone();
    line("    # Packets of connections that the gateway already holds.");
    line("    meta l4proto tcp socket transparent 1 meta mark set " + mark + " accept");
    for (const auto& [port, to] : {std::pair{80, plan_.http_port}, std::pair{443, plan_.tls_port}}) {
      const std::string match = "tcp dport " + std::to_string(port) + " ";
      for (const auto& [family, redirect_to] :
           {std::pair{"ipv4", "tproxy ip to 0.0.0.0:"}, std::pair{"ipv6", "tproxy ip6 to [::]:"}})
        from_inside_family(family, match + redirect_to + port_text(to) + " meta mark set " + mark + " counter accept");
    }
    line("  }");
    line("");
  }

  // tproxy statements name their family, so the match must too.
  void from_inside_family(const std::string& family, const std::string& rule) {
    for (const std::string& source : sources_) {
      const bool only_v4 = source.contains("@inside4"), only_v6 = source.contains("@inside6");
      if ((only_v4 && family == "ipv6") || (only_v6 && family == "ipv4")) continue;
      line("    meta nfproto " + family + " " + source + rule);
    }
  }

  void leave_alone() {
    line("    # The gateway's own packets, and what is meant for this machine itself, are left alone.");
    line("    meta mark " + hex(plan_.gateway_mark) + " return");
    if (plan_.mode == Interception::tproxy) {
      line("    # (A connection that is held already has a local socket, whatever its address.)");
      line("    fib daddr type local meta l4proto tcp socket transparent 0 return");
    } else {
      line("    fib daddr type local return");
    }
  }

  void forward() {
    line("  chain refuse {");
    line("    type filter hook forward priority filter; policy accept;");
    line("    meta mark " + hex(plan_.gateway_mark) + " return");
    line(
        "    # QUIC (HTTP/3) would go past the filter. Refused, not dropped, so that browsers fall back to TCP at "
        "once.");
    from_inside("udp dport { 80, 443 } counter reject with icmpx type port-unreachable");
    line("    # DNS over TLS and over QUIC would hide names from the school's own resolver.");
    from_inside("tcp dport 853 counter reject with tcp reset");
    from_inside("udp dport 853 counter reject with icmpx type port-unreachable");
    line("    # Web traffic never passes unfiltered, not even when the rules above are out of place.");
    from_inside("tcp dport { 80, 443 } counter reject with tcp reset");
    line("  }");
    line("");
  }

  void input() {
    const std::string ports = "{ " + port_text(plan_.http_port) + ", " + port_text(plan_.tls_port) + " }";
    line("  # The transparent ports take what was diverted to them, and nobody who asks for them by number.");
    line("  chain guard {");
    line("    type filter hook input priority filter; policy accept;");
    from_inside("tcp dport " + ports + (plan_.mode == Interception::redirect ? " ct status ! dnat" : "") +
                " counter reject with tcp reset");
    line("  }");
  }

  const FirewallPlan& plan_;
  std::vector<std::string> sources_;
  std::string out_;
};

}  // namespace

Result<std::string> firewall_rules(const FirewallPlan& plan) {
  if (plan.inside_interface.empty() && plan.inside_networks.empty())
    return fail(Fault::config, "the firewall rules need to know where the school's devices are",
                "name the inside interface or its networks");
  if (!is_interface_name(plan.inside_interface))
    return fail(Fault::config, "\"" + plan.inside_interface + "\" is not the name of an interface", "see `ip link`");
  if (plan.http_port == 0 || plan.tls_port == 0)
    return fail(Fault::config, "the transparent mode needs a port for HTTP and one for TLS",
                "set listen.http and listen.tls");
  if (plan.mode == Interception::tproxy && plan.filter_own_except_uid)
    return fail(Fault::config, "TPROXY cannot divert what this machine itself sends", "use redirect for that");
  return Rules(plan).text();
}

}  // namespace schoolgate::net
