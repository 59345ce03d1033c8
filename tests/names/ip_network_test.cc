#include <gtest/gtest.h>

#include "names/ip_address.h"

namespace schoolgate::names {
namespace {

bool holds(std::string_view network, std::string_view address) {
  const auto n = IpNetwork::parse(network);
  const auto a = IpAddress::parse(address);
  EXPECT_TRUE(n && a) << network << ' ' << address;
  return n && a && n->contains(*a);
}

TEST(IpNetwork, HoldsWhatSharesItsPrefix) {
  EXPECT_TRUE(holds("10.20.2.0/23", "10.20.2.0"));
  EXPECT_TRUE(holds("10.20.2.0/23", "10.20.3.255"));
  EXPECT_FALSE(holds("10.20.2.0/23", "10.20.1.255"));
  EXPECT_FALSE(holds("10.20.2.0/23", "10.20.4.0"));
  EXPECT_TRUE(holds("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(holds("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(holds("192.0.2.1", "192.0.2.1"));
  EXPECT_FALSE(holds("192.0.2.1", "192.0.2.2"));
  EXPECT_TRUE(holds("192.0.2.1/32", "::ffff:192.0.2.1"));
  EXPECT_TRUE(holds("::ffff:10.0.0.0/104", "10.9.8.7"));
}

TEST(IpNetwork, EveryPrefixLengthEndsWhereItSays) {
  for (int bits = 1; bits <= 32; ++bits) {
    const std::uint32_t first_bit_past = bits == 32 ? 0 : 1u << (31 - bits);
    const std::uint32_t last_bit_in = 1u << (32 - bits);
    const auto network = IpNetwork::parse("0.0.0.0/" + std::to_string(bits));
    ASSERT_TRUE(network);
    EXPECT_TRUE(network->contains(IpAddress::v4(first_bit_past))) << bits;
    EXPECT_FALSE(network->contains(IpAddress::v4(last_bit_in))) << bits;
  }
}

TEST(IpNetwork, AllOfAFamilyIsThatFamilyOnly) {
  EXPECT_TRUE(holds("0.0.0.0/0", "203.0.113.9"));
  EXPECT_FALSE(holds("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(holds("::/0", "2001:db8::1"));
  EXPECT_FALSE(holds("::/0", "203.0.113.9"));
}

TEST(IpNetwork, PrefixLengthsCompareBetweenFamilies) {
  EXPECT_EQ(IpNetwork::parse("10.0.0.0/24")->prefix_length(), 120);
  EXPECT_EQ(IpNetwork::parse("10.0.0.1")->prefix_length(), 128);
  EXPECT_EQ(IpNetwork::parse("fd00::/8")->prefix_length(), 8);
  EXPECT_EQ(IpNetwork::parse("0.0.0.0/0")->prefix_length(), 96);
}

TEST(IpNetwork, TextReadsBack) {
  const struct {
    const char *text, *canonical;
  } cases[] = {
      {"10.20.0.0/16", "10.20.0.0/16"},
      {"10.20.0.1", "10.20.0.1/32"},
      {"0.0.0.0/0", "0.0.0.0/0"},
      {"FD00::/8", "fd00::/8"},
      {"::1", "::1/128"},
      {"::/0", "::/0"},
      {"::ffff:10.0.0.0/104", "10.0.0.0/8"},
      {"2001:db8:0:0::/64", "2001:db8::/64"},
  };
  for (const auto& c : cases) {
    const auto network = IpNetwork::parse(c.text);
    ASSERT_TRUE(network) << c.text;
    EXPECT_EQ(network->text(), c.canonical);
    EXPECT_EQ(IpNetwork::parse(network->text()), network);
  }
}

TEST(IpNetwork, RefusesBitsPastThePrefix) {
  for (const char* text : {"10.20.1.7/16", "10.0.0.1/31", "128.0.0.0/0", "fd00::1/8", "2001:db8::/28", "::1/127"})
    EXPECT_FALSE(IpNetwork::parse(text)) << text;
}

TEST(IpNetwork, RefusesWhatIsNotANetwork) {
  for (const char* text : {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/+8",
                           "10.0.0.0/08", "10.0.0.0/8/8", "10.0.0.0/8 ", "10.0.0/8", "10.0.0.0/255.0.0.0",
                           "10.0.0.0/99999999999", "host/8", "[::1]/128", "fe80::%1/64"})
    EXPECT_FALSE(IpNetwork::parse(text)) << text;
}

}  // namespace
}  // namespace schoolgate::names
