#include "rules/category.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace schoolgate::rules {
namespace {

TEST(CategoryTable, HasEveryBuiltInCategory) {
  const CategoryTable table;
  for (const char* id :
       {"child-abuse",      "terrorism",   "extremism",      "discrimination", "hate",     "self-harm", "suicide",
        "eating-disorders", "pornography", "violence",       "drugs",          "gambling", "malware",   "hacking",
        "phishing",         "piracy",      "bypass",         "social-media",   "chat",     "games",     "adverts",
        "generative-ai",    "search",      "misinformation", "weapons",        "dating",   "support"}) {
    const CategoryId found = table.find(id);
    ASSERT_NE(found, kNoCategory) << id;
    EXPECT_FALSE(table[found].title.empty()) << id;
    EXPECT_FALSE(table[found].theme.empty()) << id;
    EXPECT_TRUE(table[found].urgency >= 1 && table[found].urgency <= 5) << id;
  }
  EXPECT_EQ(table.find("no-such"), kNoCategory);
}

TEST(CategoryTable, OnlyAbuseAndTerrorismAreIllegalAndOnlySupportIsSupport) {
  const CategoryTable table;
  for (const Category& category : table.all()) {
    EXPECT_EQ(category.illegal, category.id == "child-abuse" || category.id == "terrorism") << category.id;
    EXPECT_EQ(category.support, category.id == "support") << category.id;
  }
}

TEST(CategoryTable, LifeAndAbuseAreTheMostUrgent) {
  const CategoryTable table;
  for (const Category& category : table.all())
    EXPECT_EQ(category.urgency == 5, category.id == "child-abuse" || category.id == "suicide") << category.id;
}

TEST(CategoryTable, AddsANewOne) {
  CategoryTable table;
  EXPECT_TRUE(table.add({.id = "webmail", .title = "Web mail", .theme = "contact", .urgency = 2}));
  EXPECT_EQ(table[table.find("webmail")].theme, "contact");
  EXPECT_TRUE(table.add({.id = "plain"}));
  EXPECT_EQ(table[table.find("plain")].title, "plain");
}

TEST(CategoryTable, ReplacesTitleThemeAndUrgencyOfAKnownOne) {
  CategoryTable table;
  const std::size_t before = table.all().size();
  EXPECT_TRUE(table.add({.id = "games", .title = "Play", .theme = "play", .urgency = 2}));
  EXPECT_EQ(table.all().size(), before);
  EXPECT_EQ(table[table.find("games")].title, "Play");
  EXPECT_EQ(table[table.find("games")].urgency, 2);
}

TEST(CategoryTable, WhatTheLawOrAChildNeedsCannotBeTakenAway) {
  CategoryTable table;
  EXPECT_FALSE(table.add({.id = "child-abuse", .title = "x", .theme = "x", .urgency = 1, .illegal = false}));
  EXPECT_TRUE(table.add({.id = "child-abuse", .title = "x", .theme = "x", .urgency = 5, .illegal = true}));
  EXPECT_TRUE(table[table.find("child-abuse")].illegal);
  EXPECT_FALSE(table.add({.id = "support", .title = "x", .theme = "x", .urgency = 1, .illegal = true}));
  EXPECT_TRUE(table.add({.id = "support", .title = "Help", .theme = "support", .urgency = 1}));
  EXPECT_TRUE(table[table.find("support")].support);
}

TEST(CategoryTable, NobodyElseBecomesSupport) {
  CategoryTable table;
  EXPECT_FALSE(table.add({.id = "games", .urgency = 1, .support = true}));
  EXPECT_FALSE(table.add({.id = "brand-new", .urgency = 1, .support = true}));
  EXPECT_EQ(table.find("brand-new"), kNoCategory);
}

TEST(CategoryTable, UrgencyIsOneToFive) {
  CategoryTable table;
  EXPECT_FALSE(table.add({.id = "a", .urgency = 0}));
  EXPECT_FALSE(table.add({.id = "a", .urgency = 6}));
}

}  // namespace
}  // namespace schoolgate::rules
