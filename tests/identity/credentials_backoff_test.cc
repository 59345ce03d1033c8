#include "identity/credentials_backoff.h"

#include <gtest/gtest.h>

namespace schoolgate::identity {
namespace {

using namespace std::chrono_literals;
constexpr Backoff::Rule kRule{.free_attempts = 3, .first_wait = 1s, .longest_wait = 60s};

class BackoffTest : public ::testing::Test {
 protected:
  Backoff backoff_{kRule};
  Backoff::Clock::time_point now_ = Backoff::Clock::time_point(1000h);
};

TEST_F(BackoffTest, TheFirstFailuresAreFree) {
  EXPECT_EQ(backoff_.failed("amelia", now_), 0s);
  EXPECT_EQ(backoff_.failed("amelia", now_), 0s);
  EXPECT_EQ(backoff_.wait("amelia", now_), 0s);
}

TEST_F(BackoffTest, WaitsDoubleUpToABound) {
  backoff_.failed("amelia", now_);
  backoff_.failed("amelia", now_);
  for (const auto wait : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) EXPECT_EQ(backoff_.failed("amelia", now_), wait);
  for (int i = 0; i < 100; ++i) backoff_.failed("amelia", now_);
  EXPECT_EQ(backoff_.wait("amelia", now_), 60s);
  EXPECT_EQ(backoff_.wait("amelia", now_ + 59s), 1s);
  EXPECT_EQ(backoff_.wait("amelia", now_ + 60s), 0s);
}

TEST_F(BackoffTest, KeysDoNotTouchEachOther) {
  for (int i = 0; i < 10; ++i) backoff_.failed("amelia", now_);
  EXPECT_EQ(backoff_.wait("noah", now_), 0s);
}

TEST_F(BackoffTest, SuccessForgets) {
  for (int i = 0; i < 10; ++i) backoff_.failed("amelia", now_);
  backoff_.succeeded("amelia");
  EXPECT_EQ(backoff_.wait("amelia", now_), 0s);
  EXPECT_EQ(backoff_.failed("amelia", now_), 0s);
}

TEST_F(BackoffTest, AnHourForgets) {
  for (int i = 0; i < 10; ++i) backoff_.failed("amelia", now_);
  EXPECT_EQ(backoff_.failed("amelia", now_ + 61min), 0s);
}

TEST_F(BackoffTest, AFloodOfNamesDoesNotFreeThoseWhoWait) {
  for (int i = 0; i < 10; ++i) backoff_.failed("amelia", now_);
  for (int i = 0; i < 120'000; ++i) backoff_.failed("name" + std::to_string(i), now_);
  EXPECT_GT(backoff_.wait("amelia", now_), 0s);
}

}  // namespace
}  // namespace schoolgate::identity
