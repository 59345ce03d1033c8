#include "rules/network_table.h"

#include <gtest/gtest.h>

namespace schoolgate::rules {
namespace {

NetworkTable table(std::initializer_list<std::pair<const char*, GroupIndex>> networks) {
  NetworkTable made;
  GroupIndex other = 0;
  for (const auto& [text, group] : networks)
    EXPECT_TRUE(made.add(*names::IpNetwork::parse(text), group, other)) << text;
  return made;
}

int group_of(const NetworkTable& networks, const char* address) {
  const auto found = networks.find(*names::IpAddress::parse(address));
  return found ? found->group : -1;
}

TEST(NetworkTable, TheLongestNetworkWins) {
  const NetworkTable networks = table({{"10.0.0.0/8", 1}, {"10.20.0.0/16", 2}, {"10.20.3.0/24", 3}, {"10.20.3.7", 4}});
  EXPECT_EQ(group_of(networks, "10.9.9.9"), 1);
  EXPECT_EQ(group_of(networks, "10.20.4.1"), 2);
  EXPECT_EQ(group_of(networks, "10.20.3.255"), 3);
  EXPECT_EQ(group_of(networks, "10.20.3.7"), 4);
  EXPECT_EQ(group_of(networks, "11.0.0.1"), -1);
}

TEST(NetworkTable, KnowsPrefixesThatEndInsideAByte) {
  const NetworkTable networks = table({{"10.20.2.0/23", 1}, {"192.0.2.128/25", 2}});
  EXPECT_EQ(group_of(networks, "10.20.3.255"), 1);
  EXPECT_EQ(group_of(networks, "10.20.4.0"), -1);
  EXPECT_EQ(group_of(networks, "192.0.2.128"), 2);
  EXPECT_EQ(group_of(networks, "192.0.2.127"), -1);
}

TEST(NetworkTable, KnowsBothFamiliesAndMappedAddresses) {
  const NetworkTable networks = table({{"10.20.0.0/16", 1}, {"2001:db8::/32", 2}});
  EXPECT_EQ(group_of(networks, "::ffff:10.20.1.1"), 1);
  EXPECT_EQ(group_of(networks, "2001:db8:1::1"), 2);
  EXPECT_EQ(group_of(networks, "2001:db9::1"), -1);
}

TEST(NetworkTable, TheSameNetworkTwiceIsRefused) {
  NetworkTable networks = table({{"10.20.0.0/16", 3}});
  GroupIndex other = 0;
  EXPECT_FALSE(networks.add(*names::IpNetwork::parse("10.20.0.0/16"), 4, other));
  EXPECT_EQ(other, 3);
}

TEST(NetworkTable, EmptyFindsNobody) { EXPECT_EQ(group_of({}, "10.0.0.1"), -1); }

}  // namespace
}  // namespace schoolgate::rules
