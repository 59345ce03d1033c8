#include "proxy/flow/warning_passes.h"

#include <gtest/gtest.h>

namespace schoolgate::flow {
namespace {

using namespace std::literals;

const TimePoint kNoon = *from_rfc3339("2026-11-23T12:00:00Z");
const names::IpAddress kPupil = *names::IpAddress::parse("10.20.2.7");
const names::IpAddress kOther = *names::IpAddress::parse("10.20.2.8");

TEST(WarningPasses, ATokenLeavesAPassForAnHour) {
  WarningPasses passes;
  const std::string token = passes.token(kPupil, "games.example", kNoon);
  EXPECT_FALSE(passes.has(kPupil, "games.example", kNoon));
  EXPECT_TRUE(passes.redeem(token, kPupil, "games.example", kNoon + 59min));
  EXPECT_TRUE(passes.has(kPupil, "games.example", kNoon + 118min));
  EXPECT_FALSE(passes.has(kPupil, "games.example", kNoon + 119min));
}

TEST(WarningPasses, ATokenIsForOneDeviceOneSiteAndSoon) {
  WarningPasses passes;
  const std::string token = passes.token(kPupil, "games.example", kNoon);
  EXPECT_FALSE(passes.redeem(token, kOther, "games.example", kNoon));
  EXPECT_FALSE(passes.redeem(token, kPupil, "www.games.example", kNoon));
  EXPECT_FALSE(passes.redeem(token, kPupil, "games.example", kNoon + 121min));
  EXPECT_FALSE(passes.redeem(token, kPupil, "games.example", kNoon - 1min));
  EXPECT_FALSE(passes.redeem("", kPupil, "games.example", kNoon));
  EXPECT_FALSE(passes.has(kPupil, "games.example", kNoon));
}

TEST(WarningPasses, AnotherProcesssTokensAreNotThisOnes) {
  WarningPasses passes, before_the_restart;
  EXPECT_FALSE(passes.redeem(before_the_restart.token(kPupil, "games.example", kNoon), kPupil, "games.example", kNoon));
}

TEST(WarningPasses, TheTokenIsTakenOutOfTheTargetAgain) {
  for (const std::string_view target : {"/", "/play", "/play?level=1", "/?x=schoolgate-continue"}) {
    const std::string continued = with_continue(target, "0123abcd");
    const ContinuedTarget split = split_continue(continued);
    EXPECT_EQ(split.token, "0123abcd") << continued;
    EXPECT_EQ(split.target, target) << continued;
  }
}

TEST(WarningPasses, WhatOnlyLooksLikeATokenIsNone) {
  for (const std::string_view target :
       {"/", "/schoolgate-continue=ab", "/?schoolgate-continue=", "/?schoolgate-continue=ab&x=1",
        "/?schoolgate-continue=xyz", "/?not-schoolgate-continue=ab"})
    EXPECT_TRUE(split_continue(target).token.empty()) << target;
}

}  // namespace
}  // namespace schoolgate::flow
