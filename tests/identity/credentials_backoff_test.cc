// What makes a limit on guessing wrong:
//   guesses at once instead of in a row       | they count when they are taken
//   an attempt whose answer never comes       | is given up, and costs nothing
//   a flood of names                          | frees nobody who waits, and a table without room lets nobody in
//   a right answer among wrong ones           | forgets them, but not those that are under way
#include "identity/credentials_backoff.h"

#include <gtest/gtest.h>

#include <optional>

namespace schoolgate::identity {
namespace {

using namespace std::chrono_literals;
using Why = Backoff::HeldUp::Why;
constexpr Backoff::Rule kRule{.free_attempts = 3, .first_wait = 1s, .longest_wait = 60s};

class BackoffTest : public ::testing::Test {
 protected:
  // Waits as long as it must, then is wrong. The wait that follows.
  std::chrono::seconds wrong(std::string_view key) {
    now_ += backoff_.wait(key, now_);
    EXPECT_TRUE(backoff_.take(key, now_));
    return backoff_.failed(key, now_);
  }
  std::optional<Why> why_not(std::string_view key) {
    const auto taken = backoff_.take(key, now_);
    return taken ? std::nullopt : std::optional(taken.error().why);
  }
  Backoff backoff_{kRule};
  Backoff::Clock::time_point now_ = Backoff::Clock::time_point(1000h);
};

TEST_F(BackoffTest, TheFirstFailuresAreFree) {
  EXPECT_EQ(wrong("amelia"), 0s);
  EXPECT_EQ(wrong("amelia"), 0s);
  EXPECT_EQ(backoff_.wait("amelia", now_), 0s);
}

TEST_F(BackoffTest, WaitsDoubleUpToABound) {
  wrong("amelia");
  wrong("amelia");
  for (const auto wait : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) EXPECT_EQ(wrong("amelia"), wait);
  EXPECT_EQ(backoff_.wait("amelia", now_), 60s);
  EXPECT_EQ(why_not("amelia"), Why::failures);
  EXPECT_EQ(backoff_.wait("amelia", now_ + 59s), 1s);
  EXPECT_EQ(backoff_.wait("amelia", now_ + 60s), 0s);
}

TEST_F(BackoffTest, AttemptsThatAreUnderWayCountLikeFailures) {
  int taken = 0;
  while (taken < 200 && backoff_.take("amelia", now_)) ++taken;
  EXPECT_EQ(taken, 3);
  EXPECT_EQ(why_not("amelia"), Why::under_way);
  for (int i = 0; i < 3; ++i) backoff_.failed("amelia", now_);
  EXPECT_EQ(why_not("amelia"), Why::failures);
  now_ += 1s;
  EXPECT_EQ(why_not("amelia"), std::nullopt);
  EXPECT_EQ(why_not("amelia"), Why::under_way) << "behind a wait, one at a time";
}

TEST_F(BackoffTest, WhatIsGivenUpCostsNothing) {
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(backoff_.take("amelia", now_));
    backoff_.given_up("amelia");
  }
  EXPECT_EQ(wrong("amelia"), 0s);
}

TEST_F(BackoffTest, KeysDoNotTouchEachOther) {
  for (int i = 0; i < 10; ++i) wrong("amelia");
  EXPECT_EQ(backoff_.wait("noah", now_), 0s);
}

TEST_F(BackoffTest, SuccessForgetsWhatWasWrongAndNotWhatIsUnderWay) {
  wrong("amelia");
  ASSERT_TRUE(backoff_.take("amelia", now_));
  ASSERT_TRUE(backoff_.take("amelia", now_));
  backoff_.succeeded("amelia");
  EXPECT_EQ(why_not("amelia"), std::nullopt);
  EXPECT_EQ(why_not("amelia"), std::nullopt);
  EXPECT_EQ(why_not("amelia"), Why::under_way);
}

TEST_F(BackoffTest, SuccessForgetsNothingWhereTheRuleSaysSo) {
  Backoff keeps({.free_attempts = 2, .first_wait = 1s, .longest_wait = 60s, .success = Backoff::OnSuccess::keeps});
  ASSERT_TRUE(keeps.take("10.0.0.1", now_));
  keeps.failed("10.0.0.1", now_);
  ASSERT_TRUE(keeps.take("10.0.0.1", now_));
  keeps.succeeded("10.0.0.1");
  ASSERT_TRUE(keeps.take("10.0.0.1", now_));
  EXPECT_EQ(keeps.failed("10.0.0.1", now_), 1s);
}

TEST_F(BackoffTest, AnHourForgets) {
  for (int i = 0; i < 10; ++i) wrong("amelia");
  now_ += 61min;
  EXPECT_EQ(wrong("amelia"), 0s);
}

TEST_F(BackoffTest, AFloodOfNamesDoesNotFreeThoseWhoWait) {
  for (int i = 0; i < 10; ++i) wrong("amelia");
  for (int i = 0; i < 120'000; ++i) {
    ASSERT_TRUE(backoff_.take("name" + std::to_string(i), now_));
    backoff_.failed("name" + std::to_string(i), now_);
  }
  EXPECT_GT(backoff_.wait("amelia", now_), 0s);
}

TEST_F(BackoffTest, ATableWithoutRoomLetsNobodyIn) {
  for (int i = 0; i < 50'000; ++i) ASSERT_TRUE(backoff_.take("name" + std::to_string(i), now_));
  EXPECT_EQ(why_not("amelia"), Why::under_way);
  backoff_.given_up("name7");
  EXPECT_EQ(why_not("amelia"), std::nullopt);
}

TEST(Attempts, AreTakenUnderEveryKeyOrUnderNone) {
  const auto now = Backoff::Clock::time_point(1000h);
  Backoff wide({.free_attempts = 100, .first_wait = 1s, .longest_wait = 60s}), narrow(kRule);
  std::vector<Attempt> under_way;
  for (int i = 0; i < 3; ++i) under_way.push_back(*Attempt::take({{wide, "10.0.0.1"}, {narrow, "amelia"}}, now));
  for (int i = 0; i < 200; ++i) EXPECT_FALSE(Attempt::take({{wide, "10.0.0.1"}, {narrow, "amelia"}}, now));
  int left = 0;
  while (left < 200 && wide.take("10.0.0.1", now)) ++left;
  EXPECT_EQ(left, 97) << "what was refused under one key is not counted under the other";
}

TEST(Attempts, ThatGoUnansweredAreGivenUp) {
  const auto now = Backoff::Clock::time_point(1000h);
  Backoff table(kRule);
  for (int i = 0; i < 20; ++i) {
    auto attempt = Attempt::take({{table, "amelia"}}, now);
    ASSERT_TRUE(attempt) << i;
    const Attempt moved = std::move(*attempt);
  }
  for (int i = 0; i < 3; ++i) {
    auto attempt = Attempt::take({{table, "amelia"}}, now);
    ASSERT_TRUE(attempt);
    EXPECT_EQ(attempt->failed(now), i < 2 ? 0s : 1s);
  }
}

}  // namespace
}  // namespace schoolgate::identity
