#include "names/ip_address.h"

#include <gtest/gtest.h>

#include <random>

namespace schoolgate::names {
namespace {

IpAddress ip(std::string_view text) {
  const auto address = IpAddress::parse(text);
  EXPECT_TRUE(address) << text;
  return address.value_or(IpAddress{});
}

TEST(IpAddress, ReadsDottedQuads) {
  EXPECT_EQ(ip("192.0.2.1").v4_host_order(), 0xC0000201u);
  EXPECT_EQ(ip("0.0.0.0").v4_host_order(), 0u);
  EXPECT_EQ(ip("255.255.255.255").v4_host_order(), 0xFFFFFFFFu);
  EXPECT_TRUE(ip("192.0.2.1").is_v4());
}

TEST(IpAddress, RefusesLenientQuads) {
  for (const char* text :
       {"", "1", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3.4", "1..2.3", "01.2.3.4", "1.2.3.04", "1.2.3.256", "1.2.3.-4",
        "+1.2.3.4", "1.2.3.4 ", " 1.2.3.4", "0x1.2.3.4", "1.2.3.4/8", "1.2.3.999999999999", "a.b.c.d", "1.2.3.4."})
    EXPECT_FALSE(IpAddress::parse(text)) << text;
}

TEST(IpAddress, WritesIpv6AsRfc5952Says) {
  const struct {
    const char *text, *canonical;
  } cases[] = {
      {"::", "::"},
      {"::1", "::1"},
      {"1::", "1::"},
      {"2001:DB8::1", "2001:db8::1"},
      {"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},  // one zero group is not shortened
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},           // the longest run
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},     // the first of equals
      {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
      {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
      {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
      {"1:0:0:0:0:0:0:0", "1::"},
      {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
      {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
      {"fe80::abcd:ef01", "fe80::abcd:ef01"},
  };
  for (const auto& c : cases) EXPECT_EQ(ip(c.text).text(), c.canonical);
}

TEST(IpAddress, RefusesBrokenIpv6) {
  for (const char* text : {":",
                           ":::",
                           "::1::",
                           "1::2::3",
                           "1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:8:9",
                           "1:2:3:4:5:6:7:8::",
                           "::1:2:3:4:5:6:7:8",
                           ":1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:",
                           "12345::",
                           "::g",
                           "::00001",
                           "::1.2.3",
                           "::1.2.3.4.5",
                           "::01.2.3.4",
                           "1.2.3.4::",
                           "::1.2.3.4:5",
                           "1:2:3:4:5:6:7:1.2.3.4",
                           "[::1]",
                           "fe80::1%eth0",
                           "fe80::1%25eth0",
                           "::1/128",
                           " ::1",
                           "::-1",
                           "::+1",
                           "::0x1",
                           "1:"})
    EXPECT_FALSE(IpAddress::parse(text)) << text;
}

TEST(IpAddress, AMappedAddressIsTheIpv4Address) {
  for (const char* text : {"::ffff:192.0.2.1", "::FFFF:c000:201", "0:0:0:0:0:ffff:192.0.2.1"}) {
    EXPECT_TRUE(ip(text).is_v4());
    EXPECT_EQ(ip(text), ip("192.0.2.1"));
    EXPECT_EQ(ip(text).text(), "192.0.2.1");
  }
  EXPECT_FALSE(ip("::fffe:192.0.2.1").is_v4());
}

TEST(IpAddress, BytesAreInNetworkOrder) {
  const auto bytes = ip("2001:db8::ff").bytes();
  EXPECT_EQ(bytes[0], 0x20);
  EXPECT_EQ(bytes[3], 0xB8);
  EXPECT_EQ(bytes[15], 0xFF);
  EXPECT_EQ(IpAddress::v6(bytes), ip("2001:db8::ff"));
  EXPECT_EQ(IpAddress::v6(ip("192.0.2.1").bytes()), IpAddress::v4(0xC0000201));
}

TEST(IpAddress, NoneIsTheUnspecifiedAddress) {
  EXPECT_EQ(IpAddress{}.text(), "::");
  EXPECT_TRUE(IpAddress{}.is_special());
}

TEST(IpAddress, TextReadsBackForAnyBytes) {
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::array<std::uint8_t, 16> bytes{};
    // Half of the groups are zero, so that every shape of "::" comes up.
    for (std::size_t g = 0; g < 16; g += 2)
      if (random() % 2 != 0)
        bytes[g] = std::uint8_t(random() % 3 != 0 ? 0 : random()), bytes[g + 1] = std::uint8_t(random());
    const IpAddress address = IpAddress::v6(bytes);
    ASSERT_EQ(IpAddress::parse(address.text()), address) << address.text();
  }
}

TEST(IpAddress, LooksThroughTransitionForms) {
  const IpAddress loopback = ip("127.0.0.1");
  for (const char* text :
       {"64:ff9b::127.0.0.1", "2002:7f00:1::", "2002:7f00:1:2:3:4:5:6", "::127.0.0.1", "::ffff:0:127.0.0.1",
        "::ffff:127.0.0.1", "127.0.0.1", "2001:db8::5efe:127.0.0.1", "fe80::200:5efe:127.0.0.1"})
    EXPECT_EQ(ip(text).embedded(), loopback) << text;
  for (const char* text :
       {"::", "::1", "2001:db8::7f00:1", "64:ff9b:1::127.0.0.1", "64:ff9b::1:127.0.0.1", "0:0:1::127.0.0.1"})
    EXPECT_EQ(ip(text).embedded(), ip(text)) << text;
}

TEST(IpAddress, WhatIsNotGloballyReachableIsSpecial) {
  for (const char* text : {"0.0.0.0",
                           "0.1.2.3",
                           "10.0.0.1",
                           "10.255.255.255",
                           "100.64.0.1",
                           "100.127.255.255",
                           "127.0.0.1",
                           "127.255.255.255",
                           "169.254.169.254",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.0.0.1",
                           "192.0.0.170",
                           "192.0.2.1",
                           "192.88.99.1",
                           "192.168.0.1",
                           "192.168.255.255",
                           "198.18.0.1",
                           "198.19.255.255",
                           "198.51.100.1",
                           "203.0.113.1",
                           "224.0.0.1",
                           "239.255.255.255",
                           "240.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "::ffff:10.0.0.1",
                           "64:ff9b::10.0.0.1",
                           "64:ff9b:1::1",
                           "100::1",
                           "100:0:0:1::1",
                           "2001::1",
                           "2001:2::1",
                           "2001:10::1",
                           "2001:db8::1",
                           "2001:db8:ffff::1",
                           "2002:a00:1::1",
                           "2002:c0a8:1::1",
                           "3fff::1",
                           "3fff:fff::1",
                           "5f00::1",
                           "fc00::1",
                           "fd00::1",
                           "fdff::1",
                           "fe80::1",
                           "febf::1",
                           "fec0::1",
                           "ff02::1",
                           "ff0e::1",
                           "4000::1",
                           "::10.1.2.3"})
    EXPECT_TRUE(ip(text).is_special()) << text;
}

TEST(IpAddress, WhatIsGloballyReachableIsNot) {
  for (const char* text :
       {"1.1.1.1",         "8.8.8.8",         "9.255.255.255",   "11.0.0.0",         "100.63.255.255",
        "100.128.0.0",     "126.255.255.255", "128.0.0.0",       "169.253.255.255",  "169.255.0.0",
        "172.15.255.255",  "172.32.0.0",      "192.0.0.9",       "192.0.0.10",       "192.0.1.0",
        "192.0.3.0",       "192.31.196.1",    "192.52.193.1",    "192.88.98.255",    "192.88.100.0",
        "192.167.255.255", "192.169.0.0",     "192.175.48.1",    "198.17.255.255",   "198.20.0.0",
        "198.51.99.255",   "198.51.101.0",    "203.0.112.255",   "203.0.114.0",      "223.255.255.255",
        "2001:1::1",       "2001:1::2",       "2001:1::3",       "2001:3::1",        "2001:4:112::1",
        "2001:20::1",      "2001:2f:ffff::1", "2001:30::1",      "2001:200::1",      "2001:4860:4860::8888",
        "2001:db7::1",     "2001:db9::1",     "2002:808:808::1", "2600::1",          "2620:4f:8000::1",
        "2a00::1",         "3ffe::1",         "3fff:1000::1",    "64:ff9b::8.8.8.8", "::ffff:8.8.8.8"})
    EXPECT_FALSE(ip(text).is_special()) << text;
}

TEST(IpAddress, TheExceptionsAreSingleAddresses) {
  for (const char* text : {"192.0.0.8", "192.0.0.11", "2001:1::", "2001:1::4", "2001:1::1:1", "2001:1::1:0:1",
                           "2001:1:1::1", "2001:1:0:1::1", "2001:4:113::1", "2001:1f::1", "2001:40::1"})
    EXPECT_TRUE(ip(text).is_special()) << text;
}

}  // namespace
}  // namespace schoolgate::names
