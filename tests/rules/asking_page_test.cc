#include <gtest/gtest.h>

#include "rules/request.h"

namespace schoolgate::rules {
namespace {

TEST(AskingPage, IsWhatTheRefererSaysOrElseTheOrigin) {
  EXPECT_EQ(asking_page("", "https://Phonics.example/a?b", "cross-site", "script").host, "phonics.example");
  EXPECT_EQ(asking_page("https://phonics.example", "", "", "").host, "phonics.example");
  EXPECT_EQ(asking_page("https://a.example", "https://b.example/", "", "").host, "b.example");
  EXPECT_TRUE(asking_page("", "https://phonics.example/", "", "").a_page);
}

TEST(AskingPage, AnAddressThatWasTypedComesFromNoPage) {
  EXPECT_FALSE(asking_page("", "", "none", "document").a_page);
  EXPECT_FALSE(asking_page("", "", "", "").a_page);
  EXPECT_FALSE(asking_page("", "", "cross-site", "document").a_page) << "a link that hides where it stands";
}

TEST(AskingPage, APageMayHideItsName) {
  for (const char* site : {"cross-site", "same-site", "same-origin"}) {
    const AskingPage page = asking_page("null", "", site, "font");
    EXPECT_TRUE(page.a_page) << site;
    EXPECT_EQ(page.host, "") << site;
  }
}

TEST(AskingPage, WhatCannotBeReadTellsNothing) {
  for (const std::string& bad : {std::string("about:blank"), std::string("https://"), std::string("android-app://x/"),
                                 "https://a.example/" + std::string(9000, 'x')}) {
    const AskingPage page = asking_page("", bad, "", "");
    EXPECT_EQ(page.host, "");
    EXPECT_FALSE(page.a_page);
  }
}

}  // namespace
}  // namespace schoolgate::rules
