#include "web/cookie.h"

#include <gtest/gtest.h>

namespace schoolgate::web {
namespace {

TEST(Cookies, PairsAreReadAndJunkIsLeftOut) {
  const Cookies cookies = Cookies::parse("a=1; b=\"two\";c=x=y ; junk; =z; bad name=1; d=a,b; e=");
  EXPECT_EQ(cookies.get("a"), "1");
  EXPECT_EQ(cookies.get("b"), "two");
  EXPECT_EQ(cookies.get("c"), "x=y");
  EXPECT_EQ(cookies.get("d"), "");
  EXPECT_EQ(cookies.get("e"), "");
  EXPECT_EQ(cookies.size(), 4u);
}

TEST(Cookies, ANameThatStandsTwiceCountsNotAtAll) { EXPECT_EQ(Cookies::parse("sid=mine; sid=planted").get("sid"), ""); }

TEST(Cookies, OnlySoManyAreLookedAt) {
  std::string header;
  for (int i = 0; i < 200; ++i) header += "c" + std::to_string(i) + "=1; ";
  EXPECT_EQ(Cookies::parse(header).size(), 50u);
}

TEST(SetCookie, OverTlsItIsBoundToHostAndPath) {
  const SetCookie cookie{.name = "sid", .value = "abc", .max_age = std::chrono::minutes(30)};
  EXPECT_EQ(cookie.header(), "__Host-sid=abc; Path=/; HttpOnly; Max-Age=1800; SameSite=Lax; Secure");
}

TEST(SetCookie, WithoutTlsItHasNeitherPrefixNorSecure) {
  const SetCookie cookie{.name = "sid", .value = "abc", .secure = false, .same_site = SetCookie::SameSite::strict};
  EXPECT_EQ(cookie.header(), "sid=abc; Path=/; HttpOnly; SameSite=Strict");
}

TEST(SetCookie, WhatWouldSplitTheHeaderIsRefused) {
  EXPECT_FALSE((SetCookie{.name = "sid", .value = "a; Domain=evil.example"}).header());
  EXPECT_FALSE((SetCookie{.name = "sid", .value = "a\r\nX: y"}).header());
  EXPECT_FALSE((SetCookie{.name = "si d", .value = "a"}).header());
  EXPECT_FALSE((SetCookie{.name = "", .value = "a"}).header());
}

}  // namespace
}  // namespace schoolgate::web
