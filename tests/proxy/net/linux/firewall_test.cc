#include "proxy/net/linux/firewall.h"

#include <gtest/gtest.h>

namespace schoolgate::net {
namespace {

FirewallPlan plan(Interception mode = Interception::redirect) {
  FirewallPlan out;
  out.mode = mode;
  out.inside_interface = "eth1";
  return out;
}

bool has(const std::string& rules, std::string_view line) { return rules.find(line) != std::string::npos; }

TEST(Firewall, RedirectsTheWebToTheListeners) {
  FirewallPlan redirect = plan();
  redirect.http_port = 18081;
  redirect.tls_port = 18443;
  const std::string rules = firewall_rules(redirect).value();
  EXPECT_TRUE(has(rules, "iifname \"eth1\" tcp dport 80 counter redirect to :18081"));
  EXPECT_TRUE(has(rules, "iifname \"eth1\" tcp dport 443 counter redirect to :18443"));
  EXPECT_TRUE(has(rules, "udp dport { 80, 443 } counter reject"));
  EXPECT_FALSE(has(rules, "tproxy"));
}

TEST(Firewall, NetworksAreMatchedInTheirFamily) {
  FirewallPlan both = plan();
  both.inside_networks = {*names::IpNetwork::parse("10.20.0.0/16"), *names::IpNetwork::parse("fd00:20::/32"),
                          *names::IpNetwork::parse("10.30.0.0/16")};
  const std::string rules = firewall_rules(both).value();
  EXPECT_TRUE(has(rules, "elements = { 10.20.0.0/16, 10.30.0.0/16 }"));
  EXPECT_TRUE(has(rules, "elements = { fd00:20::/32 }"));
  EXPECT_TRUE(has(rules, "iifname \"eth1\" ip saddr @inside4 tcp dport 80"));
  EXPECT_TRUE(has(rules, "iifname \"eth1\" ip6 saddr @inside6 tcp dport 443"));
}

TEST(Firewall, TproxyCarriesItsRoutesAsComments) {
  const std::string rules = firewall_rules(plan(Interception::tproxy)).value();
  EXPECT_TRUE(has(rules, "#   ip -6 rule add fwmark 0x1 lookup 100"));
  EXPECT_TRUE(has(rules, "tproxy ip6 to [::]:8443"));
  EXPECT_FALSE(has(rules, "redirect to"));
}

TEST(Firewall, RefusesPlansThatCannotWork) {
  EXPECT_EQ(firewall_rules({}).error().fault, Fault::config);
  FirewallPlan odd = plan();
  odd.inside_interface = "eth1\"; flush ruleset; #";
  EXPECT_FALSE(firewall_rules(odd));
  odd.inside_interface = "an-interface-name-too-long";
  EXPECT_FALSE(firewall_rules(odd));
  odd = plan();
  odd.tls_port = 0;
  EXPECT_FALSE(firewall_rules(odd));
  odd = plan(Interception::tproxy);
  odd.filter_own_except_uid = 990;
  EXPECT_FALSE(firewall_rules(odd));
}

}  // namespace
}  // namespace schoolgate::net
