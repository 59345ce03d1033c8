#include "proxy/net/linux/firewall.h"

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <tuple>

#include "base/digest.h"
#include "proxy/net/linux/firewall_watch.h"

namespace schoolgate::net {
namespace {

using names::IpNetwork;

// What a device inside can only mean the school's own network by: RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291.
// ICMP and ICMPv6 by number: names are looked up in /etc/protocols, which a minimal Debian does not have (netbase).
constexpr std::string_view kErrorsOfConnections = "ct state related meta l4proto { 1, 58 } ";
constexpr std::string_view kPrivate[] = {"10.0.0.0/8",     "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
                                         "169.254.0.0/16", "fc00::/7",      "fe80::/10"};

std::string number(std::uint32_t value) { return std::to_string(value); }

std::string hex(std::uint32_t mark) {
  char out[16];
  std::snprintf(out, sizeof out, "0x%x", unsigned(mark));
  return out;
}

// What the kernel takes as an interface name (dev_valid_name), less what would need quoting.
bool is_interface_name(std::string_view name) noexcept {
  return !name.empty() && name.size() < 16 && name != "." && name != ".." &&
         std::ranges::all_of(
             name,
             [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                      c == '_' || c == '.';
             });
}

std::vector<IpNetwork> private_networks() {
  std::vector<IpNetwork> out;
  for (const std::string_view text : kPrivate) out.push_back(*IpNetwork::parse(text));
  return out;
}

bool is_private(const IpNetwork& network) {
  return std::ranges::any_of(private_networks(), [&](const IpNetwork& each) {
    return each.contains(network.base()) && each.prefix_length() <= network.prefix_length();
  });
}

// A group may be given 0.0.0.0/0 to place every device; that does not make the internet a network of the school.
bool is_of_a_school(const IpNetwork& network) {
  const bool v4 = network.base().is_v4();
  return v4 ? network.prefix_length() >= 96 + 8 : network.prefix_length() >= 7;
}

using Lines = std::vector<std::string>;

class Rules {
 public:
  explicit Rules(const FirewallPlan& plan) : plan_(plan) {
    if (plan.topology == Topology::bridge) {
      arrives_ = {"meta mark " + hex(plan.inside_mark) + " "};
    } else if (plan.inside.empty()) {
      arrives_ = {"iifname != \"lo\" "};
    } else {
      for (const std::string& name : inside_names()) arrives_.push_back("iifname " + name + " ");
    }
    for (const PlacedNetwork& placed : plan.networks)
      if (is_of_a_school(placed.network)) own_.push_back(placed.network);
    if (by_wire())
      for (const IpNetwork& network : private_networks()) own_.push_back(network);
    for (const IpNetwork& network : plan.servers)
      if (is_private(network)) servers_.push_back(network);
  }

  std::string text() {
    out_ =
        "#!/usr/sbin/nft -f\n"
        "# Schoolgate: web traffic of the school's devices goes through the filter; what else leaves is closed unless\n"
        "# opened. Load with: nft -f FILE. Loading it again replaces it; `nft delete table inet schoolgate` takes it "
        "out.\n";
    machine();
    line("");
    line("table inet schoolgate");
    line("delete table inet schoolgate");
    line("");
    line("table inet schoolgate {");
    sets();
    spoofed();
    if (plan_.mode == Interception::redirect)
      redirect();
    else
      tproxy();
    forward();
    leaving();
    input();
    if (plan_.topology == Topology::one_armed) output();
    if (translates()) postrouting();
    const std::size_t end_of_table = out_.size();
    line("}");
    if (plan_.topology == Topology::bridge) bridge();
    out_.insert(end_of_table, marker());
    return std::move(out_);
  }

 private:
  void line(std::string_view text) { (out_ += text) += '\n'; }
  void chain(const std::string& name) {
    line("  chain " + name + " {");
    current_ = &chains_[family_ + name];
  }
  void rule(std::string_view text) {
    line("    " + std::string(text));
    if (!text.starts_with('#') && !text.starts_with("type ")) ++*current_;
  }

  // Where an inside interface has its wire for itself, that wire tells what is inside.
  [[nodiscard]] bool by_wire() const { return plan_.topology == Topology::routed && !plan_.inside.empty(); }
  [[nodiscard]] bool translates() const {
    return plan_.masquerade && plan_.topology != Topology::bridge && !plan_.inside.empty();
  }

  // "eth1" and, by wildcard, its VLANs. A name that leaves no room for ".N" has no VLANs named so.
  [[nodiscard]] Lines inside_names() const {
    Lines out;
    for (const std::string& name : plan_.inside) {
      out.push_back('"' + name + '"');
      if (name.size() + 2 < 16) out.push_back('"' + name + ".*\"");
    }
    return out;
  }

  void from_inside(const std::string& what) {
    for (const std::string& arrives : arrives_) rule(arrives + what);
  }

  // Says in the kernel what was loaded; see firewall_watch.h.
  [[nodiscard]] std::string marker() const {
    if (plan_.made_from.empty()) return {};
    return "\n  # By its name the gateway knows whether these rules are whole and of its configuration.\n  chain " +
           marker_chain(plan_.made_from, shape_of(chains_)) + " {\n  }\n";
  }

  // What has to hold of the machine besides the table.
  void machine() {
    if (plan_.topology == Topology::bridge) {
      line("#");
      line("# The bridge has to hand its packets to these rules (until it does, nothing of the devices' passes):");
      line("#   modprobe br_netfilter");
      for (const char* name : {"call-iptables", "call-ip6tables", "filter-vlan-tagged"})
        line("#   sysctl -w net.bridge.bridge-nf-" + std::string(name) + "=1");
    } else {
      line("#");
      line("# The machine has to forward what is open and what goes between networks inside:");
      line("#   sysctl -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
      if (!translates())
        line("# Addresses are not translated: the router beyond needs a route back to the school's networks.");
    }
    if (plan_.mode != Interception::tproxy) return;
    const std::string mark = hex(plan_.tproxy_mark), table = number(plan_.tproxy_table);
    line("#");
    line("# TPROXY also needs these routes, which bring intercepted packets to this machine:");
    for (const char* family : {"-4", "-6"}) {
      line("#   ip " + std::string(family) + " rule add fwmark " + mark + " lookup " + table);
      line("#   ip " + std::string(family) + " route add local default dev lo table " + table);
    }
  }

  static std::string elements(const std::vector<IpNetwork>& networks, bool v4) {
    std::string out;
    for (const IpNetwork& network : networks)
      if (network.base().is_v4() == v4) out += (out.empty() ? "" : ", ") + network.text();
    return out;
  }

  void set(std::string_view name, const std::vector<IpNetwork>& networks) {
    for (const bool v4 : {true, false}) {
      const std::string all = elements(networks, v4);
      if (all.empty()) continue;
      line("  set " + std::string(name) + (v4 ? "4 { type ipv4_addr" : "6 { type ipv6_addr") +
           "; flags constant, interval; auto-merge; elements = { " + all + " } }");
    }
  }

  void sets() {
    set("own", own_);
    set("servers", servers_);
    std::vector<IpNetwork> resolvers;
    for (const names::IpAddress& address : plan_.resolvers)
      if (!address.is_loopback()) resolvers.push_back(*IpNetwork::parse(address.text()));
    set("resolvers", resolvers);
    resolvers_ = std::move(resolvers);
    line("");
  }

  // Once for each family that these networks have.
  static void each_family(const std::vector<IpNetwork>& networks, auto&& rule) {
    if (!elements(networks, true).empty()) rule(std::string("ip "), std::string("4"));
    if (!elements(networks, false).empty()) rule(std::string("ip6 "), std::string("6"));
  }

  // What stays among the school's networks and servers, so that it is neither diverted nor closed.
  void stays_inside(bool routed_already, const std::string& verdict) {
    each_family(own_, [&](const std::string& ip, const std::string& family) {
      const std::string to = ip + "daddr @own" + family + " ";
      if (by_wire())
        for (const std::string& name : inside_names())
          rule((routed_already ? "oifname " : "fib daddr oifname ") + name + " " + to + verdict);
      else if (plan_.topology == Topology::bridge)
        rule(to + verdict);
      else
        rule(ip + "saddr @own" + family + " " + to + verdict);
    });
    each_family(servers_, [&](const std::string& ip, const std::string& family) {
      rule(ip + "daddr @servers" + family + " " + verdict);
    });
  }

  void spoofed() {
    if (plan_.inside.empty() || plan_.topology == Topology::bridge) return;
    line("  # A device speaks under an address that lies behind its interface, or not at all.");
    chain("spoofed");
    rule("type filter hook prerouting priority raw; policy accept;");
    rule("ip saddr 0.0.0.0 accept");
    rule("ip6 saddr { ::, fe80::/10 } accept");
    from_inside("fib saddr . iif oif missing counter drop");
    line("  }");
    line("");
  }

  void redirect() {
    chain("divert");
    rule("type nat hook prerouting priority dstnat; policy accept;");
    rule("# The gateway's own packets, and what is meant for this machine itself, are left alone.");
    rule("meta mark " + hex(plan_.gateway_mark) + " return");
    rule("fib daddr type local return");
    from_inside("jump web");
    line("  }");
    line("");
    chain("web");
    stays_inside(false, "return");
    to_listeners("");
    line("  }");
    line("");
    if (!plan_.filter_own_except_uid) return;
    line("  # This machine's own users are filtered too; the gateway's user is not, or its traffic would come back.");
    chain("divert_own");
    rule("type nat hook output priority -100; policy accept;");
    rule("meta skuid " + number(*plan_.filter_own_except_uid) + " return");
    rule("meta mark " + hex(plan_.gateway_mark) + " return");
    rule("fib daddr type local return");
    to_listeners("");
    line("  }");
    line("");
  }

  void to_listeners(const std::string& match) {
    rule(match + "tcp dport 80 counter redirect to :" + number(plan_.http_port));
    rule(match + "tcp dport 443 counter redirect to :" + number(plan_.tls_port));
  }

  void tproxy() {
    const std::string mark = hex(plan_.tproxy_mark);
    chain("divert");
    rule("type filter hook prerouting priority mangle; policy accept;");
    rule("meta mark " + hex(plan_.gateway_mark) + " return");
    rule("# Packets of connections that the gateway already holds.");
    rule("meta l4proto tcp socket transparent 1 meta mark set " + mark + " accept");
    rule("# What is meant for this machine itself is left alone.");
    rule("fib daddr type local return");
    from_inside("jump web");
    line("  }");
    line("");
    chain("web");
    stays_inside(false, "return");
    for (const auto& [port, to] : {std::pair{80, plan_.http_port}, std::pair{443, plan_.tls_port}})
      for (const auto& [family, tproxy_to] :
           {std::pair{"ipv4", "tproxy ip to 0.0.0.0:"}, std::pair{"ipv6", "tproxy ip6 to [::]:"}})
        rule("meta nfproto " + std::string(family) + " tcp dport " + number(std::uint32_t(port)) + " " + tproxy_to +
             number(to) + " meta mark set " + mark + " counter accept");
    line("  }");
    line("");
  }

  // In the bridge's own table a packet passes only with this mark.
  [[nodiscard]] std::string pass() const {
    return plan_.topology == Topology::bridge ? "meta mark set " + hex(plan_.passed_mark) + " accept" : "accept";
  }

  void forward() {
    chain("forward");
    rule("type filter hook forward priority filter; policy accept;");
    rule("meta mark " + hex(plan_.gateway_mark) + " return");
    rule("# Answers to what was let in. A device's own packets are looked at one by one, also on old connections.");
    from_inside("ct direction reply ct state established " + pass());
    rule("ct direction reply ct state established accept");
    // On one wire for both sides, what does not stay among the school's own networks is leaving, whoever sent it.
    from_inside("jump leaving");
    if (by_wire()) entering();
    if (plan_.topology == Topology::bridge) rule("jump entering");
    line("  }");
    line("");
    if (plan_.topology == Topology::bridge) {
      chain("entering");
      each_family(own_, [&](const std::string& ip, const std::string& family) {
        rule(ip + "saddr @own" + family + " accept");
      });
      refuse();
      line("  }");
      line("");
    }
  }

  // A connection from beyond to a device would be answered, and so be a way out.
  void entering() {
    rule(std::string(kErrorsOfConnections) + "accept");
    for (const std::string& name : inside_names()) {
      const std::string to = "oifname " + name + " ";
      each_family(servers_, [&](const std::string& ip, const std::string& family) {
        rule(to + ip + "saddr @servers" + family + " accept");
      });
      rule(to + "meta l4proto tcp counter reject with tcp reset");
      rule(to + "counter reject with icmpx type admin-prohibited");
    }
  }

  void refuse() {
    rule("meta l4proto tcp counter reject with tcp reset");
    rule("counter reject with icmpx type admin-prohibited");
  }

  void leaving() {
    chain("leaving");
    stays_inside(true, pass());
    rule("# Errors that belong to a connection, such as \"packet too big\".");
    rule(std::string(kErrorsOfConnections) + pass());
    rule("# QUIC (HTTP/3) would go past the filter. Refused, not dropped, so that browsers fall back to TCP at once.");
    rule("udp dport { 80, 443 } counter reject with icmpx type port-unreachable");
    rule("# DNS over TLS and over QUIC would hide names from the school's own resolver.");
    rule("tcp dport 853 counter reject with tcp reset");
    rule("udp dport 853 counter reject with icmpx type port-unreachable");
    rule("# Names are asked of the gateway or its name servers, of no other.");
    each_family(resolvers_, [&](const std::string& ip, const std::string& family) {
      for (const char* protocol : {"udp", "tcp"})
        rule(ip + "daddr @resolvers" + family + " " + protocol + " dport 53 counter " + pass());
    });
    rule("tcp dport 53 counter reject with tcp reset");
    rule("udp dport 53 counter reject with icmpx type port-unreachable");
    rule("# Web traffic never passes unfiltered, not even when the rules above are out of place.");
    rule("tcp dport { 80, 443 } counter reject with tcp reset");
    opened();
    rule("# Everything else is closed.");
    refuse();
    line("  }");
    line("");
  }

  // The longest network decides, so the longest comes first; each ends the search.
  void opened() {
    std::vector<const PlacedNetwork*> order;
    for (const PlacedNetwork& placed : plan_.networks) order.push_back(&placed);
    if (std::ranges::all_of(order, [](const PlacedNetwork* each) { return each->ports.empty(); })) return;
    rule("# Ports opened for a group; of two networks that hold a device the longer one is its group's.");
    std::ranges::sort(order, [](const PlacedNetwork* a, const PlacedNetwork* b) {
      return std::tuple(-a->network.prefix_length(), a->network, !a->ports.empty()) <
             std::tuple(-b->network.prefix_length(), b->network, !b->ports.empty());
    });
    for (const PlacedNetwork* placed : order) {
      const std::string from = (placed->network.base().is_v4() ? "ip saddr " : "ip6 saddr ") + placed->network.text();
      for (const bool udp : {false, true}) {
        std::string ports;
        for (const OpenPort& port : placed->ports)
          if (port.udp == udp) ports += (ports.empty() ? "" : ", ") + number(port.number);
        if (!ports.empty()) rule(from + (udp ? " udp" : " tcp") + " dport { " + ports + " } counter " + pass());
      }
      rule(from + " meta l4proto tcp counter reject with tcp reset");
      rule(from + " counter reject with icmpx type admin-prohibited");
    }
  }

  void input() {
    const std::string ports = "{ " + number(plan_.http_port) + ", " + number(plan_.tls_port) + " }";
    line("  # The transparent ports take what was diverted to them, and no connection that names them itself.");
    chain("guard");
    rule("type filter hook input priority filter; policy accept;");
    from_inside("tcp dport " + ports + (plan_.mode == Interception::redirect ? " ct status ! dnat" : "") +
                " counter reject with tcp reset");
    line("  }");
  }

  void output() {
    line("");
    line("  # The router is on the same wire: the kernel would tell devices to go there directly (RFC 792, RFC 4861).");
    chain("no_shortcut");
    rule("type filter hook output priority filter; policy accept;");
    rule("icmp type redirect counter drop");
    rule("icmpv6 type nd-redirect counter drop");
    line("  }");
  }

  void postrouting() {
    line("");
    line("  # What leaves under a private address could not be answered.");
    chain("translate");
    rule("type nat hook postrouting priority srcnat; policy accept;");
    rule("fib saddr type local return");
    if (by_wire())
      for (const std::string& name : inside_names()) rule("oifname " + name + " return");
    else if (!elements(own_, true).empty())
      rule("ip daddr @own4 return");
    if (!elements(servers_, true).empty()) rule("ip daddr @servers4 return");
    rule("ip saddr { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10 } masquerade");
    line("  }");
  }

  void bridge() {
    line("");
    line("table bridge schoolgate");
    line("delete table bridge schoolgate");
    line("");
    line("table bridge schoolgate {");
    family_ = "bridge/";
    line("  # Tells the rules above which packets came from the devices.");
    chain("arriving");
    rule("type filter hook prerouting priority -300; policy accept;");
    for (const std::string& name : inside_names()) rule("iifname " + name + " meta mark set " + hex(plan_.inside_mark));
    line("  }");
    line("");
    line("  # What the rules above have not let pass, or have not seen, does not cross the bridge.");
    chain("crossing");
    rule("type filter hook forward priority 300; policy accept;");
    rule("meta mark " + hex(plan_.passed_mark) + " accept");
    for (const std::string& name : inside_names()) rule("iifname " + name + " ether type != arp counter drop");
    line("  }");
    line("}");
  }

  const FirewallPlan& plan_;
  Lines arrives_;
  std::vector<IpNetwork> own_, servers_, resolvers_;
  std::string out_;
  std::string family_ = "inet/";
  RulesOfChains chains_;
  std::size_t* current_ = nullptr;
};

}  // namespace

Result<std::string> firewall_rules(const FirewallPlan& plan) {
  for (const std::string& name : plan.inside)
    if (!is_interface_name(name))
      return fail(Fault::config, "\"" + name + "\" is not the name of an interface", "see `ip link`");
  if (plan.http_port == 0 || plan.tls_port == 0)
    return fail(Fault::config, "the transparent mode needs a port for HTTP and one for TLS",
                "set listen.http and listen.tls");
  if (plan.topology == Topology::bridge && plan.inside.empty())
    return fail(Fault::config, "a bridge needs to know which of its ports leads to the devices",
                "name it in firewall.inside");
  if (plan.topology == Topology::bridge && plan.mode == Interception::tproxy)
    return fail(Fault::config, "TPROXY cannot divert what crosses a bridge", "use redirect for that");
  if (plan.mode == Interception::tproxy && plan.filter_own_except_uid)
    return fail(Fault::config, "TPROXY cannot divert what this machine itself sends", "use redirect for that");
  return Rules(plan).text();
}

std::string fingerprint(const FirewallPlan& plan) {
  FirewallPlan unmarked = plan;
  unmarked.made_from.clear();
  const auto rules = firewall_rules(unmarked);
  return rules ? to_hex(sha256(*rules)).substr(0, 12) : std::string();
}

}  // namespace schoolgate::net
