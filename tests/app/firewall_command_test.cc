#include <gtest/gtest.h>

#include "tests/app/scratch_school.h"

namespace schoolgate::app {
namespace {

using test::Ran;
using test::ScratchSchool;

/// The demonstration school with networks and transparent listeners as a real one has them.
class FirewallCommand : public testing::Test {
 protected:
  FirewallCommand() {
    const std::string yaml = school_.read("schoolgate.yaml");
    const std::size_t begin = yaml.find("  http:"), end = yaml.find("  portal:");
    school_.write("schoolgate.yaml",
                  yaml.substr(0, begin) + "  http: [\"0.0.0.0:8081\"]\n  tls: [\"0.0.0.0:8443\"]\n" + yaml.substr(end));
    school_.edit("policy.yaml", R"(["127.0.0.0/8", "::1"])", R"(["10.20.0.0/16"])");
    school_.edit("policy.yaml", "127.0.2.0/24", "10.20.2.0/24");
    school_.edit("policy.yaml", "127.0.1.0/24", "10.21.0.0/24");
  }
  ScratchSchool school_;
};

TEST_F(FirewallCommand, TakesNetworksAndPortsFromTheConfiguration) {
  const Ran ran = school_.run({"firewall"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  for (const char* part : {"#!/usr/sbin/nft -f", "10.20.0.0/16", "10.21.0.0/24",
                           "tcp dport 80 counter redirect to :8081", "tcp dport 443 counter redirect to :8443", "853"})
    EXPECT_TRUE(ran.out.contains(part)) << part << " is not in\n" << ran.out;
}

TEST_F(FirewallCommand, TakesInterfacesAndOpenPortsFromTheConfiguration) {
  school_.edit(
      "schoolgate.yaml", "\ndecisions:",
      "\nfirewall: { inside: [eth1, eth2], topology: one-armed, ports: { staff: [22, udp/123] } }\ndecisions:");
  const Ran ran = school_.run({"firewall"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  for (const char* part : {"iifname \"eth1\" jump web", "iifname \"eth2\" jump leaving",
                           "ip saddr 10.21.0.0/24 tcp dport { 22 }", "udp dport { 123 } counter accept", "nd-redirect"})
    EXPECT_TRUE(ran.out.contains(part)) << part << " is not in\n" << ran.out;
  EXPECT_FALSE(ran.err.contains("firewall.inside"));
}

TEST_F(FirewallCommand, WithoutAnInterfaceItSaysSoAndFiltersWhateverArrives) {
  const Ran ran = school_.run({"firewall"});
  EXPECT_TRUE(ran.err.contains("firewall.inside")) << ran.err;
  EXPECT_TRUE(ran.out.contains("iifname != \"lo\" jump web"));
}

TEST_F(FirewallCommand, AGroupKnownBySignInOnlyHasNoPorts) {
  school_.edit("schoolgate.yaml",
               "\ndecisions:", "\nfirewall: { inside: [eth1], ports: { visitors: [22] } }\ndecisions:");
  const Ran ran = school_.run({"firewall"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_TRUE(ran.err.contains("no port is opened for 'visitors'")) << ran.err;
  EXPECT_FALSE(ran.out.contains("dport { 22 }"));
}

TEST_F(FirewallCommand, ANetworkWhereDevicesSignInHasNoPorts) {
  school_.edit("schoolgate.yaml", "networks: [\"127.0.4.0/24\"]", "networks: [\"10.21.0.0/24\"]");
  school_.edit("schoolgate.yaml", "\ndecisions:", "\nfirewall: { inside: [eth1], ports: { staff: [22] } }\ndecisions:");
  const Ran ran = school_.run({"firewall"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_FALSE(ran.out.contains("dport { 22 }"));
}

TEST_F(FirewallCommand, TakesOptions) {
  EXPECT_TRUE(school_.run({"firewall"}, {"--mode", "tproxy"}).out.contains("tproxy ip to 0.0.0.0:8081"));
  EXPECT_TRUE(school_.run({"firewall"}, {"--interface", "eth1"}).out.contains("iifname \"eth1\""));
  EXPECT_TRUE(school_.run({"firewall"}, {"--own-user", "990"}).out.contains("meta skuid 990 return"));
}

TEST_F(FirewallCommand, WhatCannotWorkIsRefused) {
  EXPECT_EQ(school_.run({"firewall"}, {"--interface", "eth1; drop"}).status, 1);
  EXPECT_EQ(school_.run({"firewall"}, {"--mode", "tproxy", "--own-user", "990"}).status, 1);
  EXPECT_EQ(school_.run({"firewall"}, {"--mode", "bridge"}).status, 2);
  EXPECT_EQ(school_.run({"firewall"}, {"--own-user", "root"}).status, 2);
}

TEST_F(FirewallCommand, WithoutTransparentListenersItSaysWhatIsMissing) {
  school_.edit("schoolgate.yaml", "  tls: [\"0.0.0.0:8443\"]\n", "");
  const Ran ran = school_.run({"firewall"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.out, "");
  EXPECT_TRUE(ran.err.contains("listen.tls")) << ran.err;
}

TEST_F(FirewallCommand, SeveralPortsOfAKindAreRefused) {
  school_.edit("schoolgate.yaml", "tls: [\"0.0.0.0:8443\"]", "tls: [\"0.0.0.0:8443\", \"[::]:8444\"]");
  EXPECT_EQ(school_.run({"firewall"}).status, 1);
}

TEST_F(FirewallCommand, AListenerOnLoopbackIsWarnedOf) {
  school_.edit("schoolgate.yaml", "http: [\"0.0.0.0:8081\"]", "http: [\"127.0.0.1:8081\"]");
  const Ran ran = school_.run({"firewall"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_TRUE(ran.err.contains("warning: ") && ran.err.contains("loopback")) << ran.err;
}

}  // namespace
}  // namespace schoolgate::app
