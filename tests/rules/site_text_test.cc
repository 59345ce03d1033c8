#include "rules/site_text.h"

#include <gtest/gtest.h>

namespace schoolgate::rules {
namespace {

using Kind = RuleSpec::Kind;

TEST(SiteText, IsASiteOrAPartOfOne) {
  for (const char* text : {"bbc.example", "BBC.example", "192.0.2.7"}) {
    const auto site = read_site_text(text);
    ASSERT_TRUE(site) << text;
    EXPECT_EQ(site->kind, Kind::site) << text;
    EXPECT_EQ(site->text, text);
  }
  for (const char* text :
       {"bbc.example/bitesize", "https://bbc.example/bitesize", "bbc.example:8443/", "bbc.example/?a"}) {
    const auto site = read_site_text(text);
    ASSERT_TRUE(site) << text;
    EXPECT_EQ(site->kind, Kind::url) << text;
  }
}

TEST(SiteText, AnAddressCopiedFromABrowserIsTheWholeSite) {
  const auto site = read_site_text("https://WWW.bbc.example/");
  ASSERT_TRUE(site);
  EXPECT_EQ(site->kind, Kind::site);
  EXPECT_EQ(site->text, "www.bbc.example");
}

TEST(SiteText, WhatIsNoneIsRefusedWithAReason) {
  for (const char* text : {"", "*.bbc.example", ".bbc.example", "bbc", "bbc example", "http://", "*", "."})
    EXPECT_FALSE(read_site_text(text)) << text;
  EXPECT_EQ(read_site_text("*.bbc.example").error().next, "write bbc.example: a site covers everything under it");
}

}  // namespace
}  // namespace schoolgate::rules
