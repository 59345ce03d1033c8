#include "proxy/net/linux/firewall.h"

#include <gtest/gtest.h>

namespace schoolgate::net {
namespace {

FirewallPlan plan(Interception mode = Interception::redirect) {
  FirewallPlan out;
  out.mode = mode;
  out.inside = {"eth1"};
  return out;
}

bool has(const std::string& rules, std::string_view line) { return rules.find(line) != std::string::npos; }

names::IpNetwork network(std::string_view text) { return *names::IpNetwork::parse(text); }

/// Of two texts that are both there, whether `first` comes first.
bool before(const std::string& rules, std::string_view first, std::string_view second) {
  const auto a = rules.find(first), b = rules.find(second);
  return a != std::string::npos && b != std::string::npos && a < b;
}

// What nftables makes of the text is tried by tests/e2e/test_firewall.py.

TEST(Firewall, DivertsTheWebOfEverySourceOnAnInsideInterface) {
  FirewallPlan redirect = plan();
  redirect.http_port = 18081;
  redirect.tls_port = 18443;
  redirect.networks = {{network("10.20.0.0/16"), {}}};
  const std::string rules = firewall_rules(redirect).value();
  EXPECT_TRUE(has(rules, "    iifname \"eth1\" jump web"));
  EXPECT_TRUE(has(rules, "    tcp dport 80 counter redirect to :18081"));
  EXPECT_TRUE(has(rules, "    tcp dport 443 counter redirect to :18443"));
  EXPECT_FALSE(has(rules, "ip saddr @own"));
  EXPECT_FALSE(has(rules, "tproxy"));
}

TEST(Firewall, NamesNoProtocolThatEtcProtocolsWouldHaveToKnow) {
  const std::string rules = firewall_rules(plan()).value();
  EXPECT_TRUE(has(rules, "meta l4proto { 1, 58 }"));
  EXPECT_FALSE(has(rules, "ipv6-icmp")) << "nft refuses all of it on a machine without the file";
}

TEST(Firewall, AnInterfaceStandsForItsVlans) {
  EXPECT_TRUE(has(firewall_rules(plan()).value(), "iifname \"eth1.*\" jump leaving"));
  FirewallPlan longest = plan();
  longest.inside = {"enp0s31f6np0n12"};
  EXPECT_FALSE(has(firewall_rules(longest).value(), ".*"));
}

TEST(Firewall, EverythingElseThatLeavesIsClosedAtTheEnd) {
  for (const Topology topology : {Topology::routed, Topology::bridge, Topology::one_armed}) {
    FirewallPlan closed = plan();
    closed.topology = topology;
    const std::string rules = firewall_rules(closed).value();
    const std::size_t begin = rules.find("  chain leaving {"), end = rules.find("  }", begin);
    const std::string last =
        "    meta l4proto tcp counter reject with tcp reset\n"
        "    counter reject with icmpx type admin-prohibited\n";
    EXPECT_EQ(rules.substr(end - last.size(), last.size()), last);
  }
}

TEST(Firewall, TheLongestNetworkDecidesWhatIsOpen) {
  FirewallPlan open = plan();
  open.networks = {{network("10.20.0.0/16"), {{22, false}, {123, true}}}, {network("10.20.2.0/24"), {}}};
  const std::string rules = firewall_rules(open).value();
  EXPECT_TRUE(has(rules, "ip saddr 10.20.0.0/16 tcp dport { 22 } counter accept"));
  EXPECT_TRUE(has(rules, "ip saddr 10.20.0.0/16 udp dport { 123 } counter accept"));
  EXPECT_TRUE(
      before(rules, "ip saddr 10.20.2.0/24 meta l4proto tcp counter reject", "ip saddr 10.20.0.0/16 tcp dport"));
}

TEST(Firewall, OfTwoEqualNetworksTheClosedOneDecides) {
  FirewallPlan open = plan();
  open.networks = {{network("10.20.0.0/16"), {{22, false}}}, {network("10.20.0.0/16"), {}}};
  const std::string rules = firewall_rules(open).value();
  EXPECT_TRUE(before(rules, "ip saddr 10.20.0.0/16 counter reject", "ip saddr 10.20.0.0/16 tcp dport"));
}

TEST(Firewall, OnlyPrivateServersAreReachedDirectly) {
  FirewallPlan servers = plan();
  servers.servers = {network("10.20.0.10/32"), network("198.51.100.0/24"), network("0.0.0.0/0")};
  EXPECT_TRUE(has(firewall_rules(servers).value(),
                  "set servers4 { type ipv4_addr; flags constant, interval; auto-merge; "
                  "elements = { 10.20.0.10/32 } }"));
}

TEST(Firewall, AGroupOfAllAddressesDoesNotMakeTheInternetTheSchools) {
  for (const Topology topology : {Topology::routed, Topology::bridge, Topology::one_armed}) {
    FirewallPlan all = plan();
    all.topology = topology;
    all.networks = {
        {network("0.0.0.0/0"), {}}, {network("::/0"), {}}, {network("128.0.0.0/1"), {}}, {network("2000::/3"), {}}};
    const std::string rules = firewall_rules(all).value();
    for (const char* text : {"0.0.0.0/0", "::/0", "128.0.0.0/1", "2000::/3"}) EXPECT_FALSE(has(rules, text)) << text;
  }
}

TEST(Firewall, AResolverOnThisMachineOpensNothing) {
  FirewallPlan local = plan();
  local.resolvers = {*names::IpAddress::parse("127.0.0.53"), *names::IpAddress::parse("::1")};
  EXPECT_FALSE(has(firewall_rules(local).value(), "@resolvers"));
  local.resolvers.push_back(*names::IpAddress::parse("192.0.2.53"));
  EXPECT_TRUE(has(firewall_rules(local).value(), "ip daddr @resolvers4 udp dport 53 counter accept"));
}

TEST(Firewall, TranslatesWhereItIsTheRouter) {
  EXPECT_TRUE(has(firewall_rules(plan()).value(), "masquerade"));
  FirewallPlan other = plan();
  other.masquerade = false;
  EXPECT_FALSE(has(firewall_rules(other).value(), "masquerade"));
  EXPECT_TRUE(has(firewall_rules(other).value(), "needs a route back"));
  other = plan();
  other.topology = Topology::bridge;
  EXPECT_FALSE(has(firewall_rules(other).value(), "masquerade"));
}

TEST(Firewall, TproxyCarriesItsRoutesAsComments) {
  const std::string rules = firewall_rules(plan(Interception::tproxy)).value();
  EXPECT_TRUE(has(rules, "#   ip -6 rule add fwmark 0x1 lookup 100"));
  EXPECT_TRUE(has(rules, "tproxy ip6 to [::]:8443"));
  EXPECT_FALSE(has(rules, "redirect to"));
}

TEST(Firewall, RefusesPlansThatCannotWork) {
  FirewallPlan odd = plan();
  odd.inside = {"eth1\"; flush ruleset; #"};
  EXPECT_EQ(firewall_rules(odd).error().fault, Fault::config);
  odd.inside = {"an-interface-name-too-long"};
  EXPECT_FALSE(firewall_rules(odd));
  odd.inside = {""};
  EXPECT_FALSE(firewall_rules(odd));
  odd = plan();
  odd.tls_port = 0;
  EXPECT_FALSE(firewall_rules(odd));
  odd = plan(Interception::tproxy);
  odd.filter_own_except_uid = 990;
  EXPECT_FALSE(firewall_rules(odd));
  odd = plan(Interception::tproxy);
  odd.topology = Topology::bridge;
  EXPECT_FALSE(firewall_rules(odd));
  odd = {};
  odd.topology = Topology::bridge;
  EXPECT_FALSE(firewall_rules(odd));
}

}  // namespace
}  // namespace schoolgate::net
