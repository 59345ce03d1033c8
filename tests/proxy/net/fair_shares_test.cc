#include "proxy/net/fair_shares.h"

#include <gtest/gtest.h>

namespace schoolgate::net {
namespace {

names::IpAddress client(std::string_view text) { return names::IpAddress::parse(text).value(); }

std::size_t take_all(FairShares& shares, const names::IpAddress& who) {
  std::size_t got = 0;
  while (shares.take(who)) ++got;
  return got;
}

TEST(FairShares, OneTakesAFifthAndLeavesTheRest) {
  FairShares shares(2000);
  EXPECT_EQ(take_all(shares, client("10.0.0.1")), 400u);  // as many as a quarter of the 1,600 that are free then
  EXPECT_EQ(take_all(shares, client("10.0.0.2")), 320u);
  EXPECT_TRUE(shares.take(client("10.0.0.3")));
}

TEST(FairShares, ManyGreedyOnesLeaveSomethingForTheNext) {
  FairShares shares(2000);
  for (int i = 1; i <= 20; ++i) (void)take_all(shares, names::IpAddress::v4(0x0A000000u + unsigned(i)));
  EXPECT_EQ(take_all(shares, client("10.0.1.1")), FairShares::kLeast);
}

TEST(FairShares, WhatIsGivenBackIsFree) {
  FairShares shares(4);
  const auto one = client("10.0.0.1"), two = client("10.0.0.2");
  EXPECT_EQ(take_all(shares, one), 4u);
  EXPECT_FALSE(shares.take(two));
  shares.give_back(one);
  EXPECT_TRUE(shares.take(two));
  EXPECT_EQ(shares.taken(), 4u);
}

TEST(FairShares, AnIpv6ClientIsItsNetwork) {
  FairShares shares(2000);
  EXPECT_EQ(take_all(shares, client("2001:db8:0:1::1")), 400u);
  EXPECT_FALSE(shares.take(client("2001:db8:0:1::2")));
  EXPECT_TRUE(shares.take(client("2001:db8:0:2::1")));
  shares.give_back(client("2001:db8:0:1::ffff"));
  EXPECT_EQ(shares.taken(), 400u);
}

}  // namespace
}  // namespace schoolgate::net
