#include "web/tokens.h"

#include <gtest/gtest.h>

#include <set>

namespace schoolgate::web {
namespace {

using std::chrono::minutes;

const TimePoint kTokensNow = *from_rfc3339("2026-11-23T09:00:00Z");

TEST(Tokens, WhatWasSignedIsRead) {
  const Tokens tokens(std::string(32, 'k'));
  const std::string token = tokens.sign("mail", "episode 7 \xC3\xAB", kTokensNow + minutes(5));
  EXPECT_EQ(tokens.verify("mail", token, kTokensNow), "episode 7 \xC3\xAB");
  EXPECT_EQ(tokens.verify("mail", token, kTokensNow + minutes(5)), std::nullopt);
}

TEST(Tokens, AnotherPurposeOrKeyDoesNotRead) {
  const Tokens tokens(std::string(32, 'k')), others(std::string(32, 'o'));
  const std::string token = tokens.sign("mail", "7", kTokensNow + minutes(5));
  EXPECT_EQ(tokens.verify("form", token, kTokensNow), std::nullopt);
  EXPECT_EQ(others.verify("mail", token, kTokensNow), std::nullopt);
  // Purpose and payload cannot be shifted against each other.
  EXPECT_EQ(tokens.verify("mai", tokens.sign("mail", "", kTokensNow + minutes(5)), kTokensNow), std::nullopt);
}

TEST(Tokens, EveryChangedByteIsSeen) {
  const Tokens tokens(std::string(32, 'k'));
  const std::string token = tokens.sign("mail", "7", kTokensNow + minutes(5));
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(tokens.verify("mail", changed, kTokensNow), std::nullopt) << i;
    EXPECT_EQ(tokens.verify("mail", token.substr(0, i), kTokensNow), std::nullopt) << i;
  }
  EXPECT_EQ(tokens.verify("mail", token + "A", kTokensNow), std::nullopt);
}

TEST(Tokens, RandomOnesDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(random_token());
  EXPECT_EQ(seen.size(), 100u);
  EXPECT_EQ(random_token(32).size(), 43u);
}

}  // namespace
}  // namespace schoolgate::web
