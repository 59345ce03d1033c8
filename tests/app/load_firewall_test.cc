#include "app/load_firewall.h"

#include <gtest/gtest.h>

#include "proxy/net/linux/firewall.h"

namespace schoolgate::app {
namespace {

// Loading itself needs root and nftables: tests/e2e/test_firewall.py.

using Commands = std::vector<std::vector<std::string>>;

TEST(LoadFirewall, ReadsTheCommandsOfTheFirstLines) {
  EXPECT_EQ(
      machine_commands(
          "#!/usr/sbin/nft -f\n# Words.\n#\n# More:\n#   sysctl -w a=1 b=1\n#   ip -4 rule add x\n\ntable inet t {\n"
          "#   rm -rf everything\n}\n"),
      (Commands{{"sysctl", "-w", "a=1", "b=1"}, {"ip", "-4", "rule", "add", "x"}}));
  EXPECT_EQ(machine_commands(""), Commands{});
  EXPECT_EQ(machine_commands("#   sysctl"), (Commands{{"sysctl"}}));
}

TEST(LoadFirewall, EachTopologySaysWhatItNeeds) {
  net::FirewallPlan plan;
  plan.inside = {"eth1"};
  const auto names = [&] {
    std::vector<std::string> out;
    for (const auto& command : machine_commands(net::firewall_rules(plan).value())) out.push_back(command.front());
    return out;
  };
  EXPECT_EQ(names(), (std::vector<std::string>{"sysctl"}));
  plan.mode = net::Interception::tproxy;
  EXPECT_EQ(names(), (std::vector<std::string>{"sysctl", "ip", "ip", "ip", "ip"}));
  plan.mode = net::Interception::redirect;
  plan.topology = net::Topology::bridge;
  EXPECT_EQ(names(), (std::vector<std::string>{"modprobe", "sysctl", "sysctl", "sysctl"}));
}

}  // namespace
}  // namespace schoolgate::app
