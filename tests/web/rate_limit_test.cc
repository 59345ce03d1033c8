#include "web/rate_limit.h"

#include <gtest/gtest.h>

namespace schoolgate::web {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const RateLimit::Clock::time_point kStart{};

TEST(RateLimit, ABurstThenOneEachInterval) {
  RateLimit limit(3, seconds(10));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limit.take("a", kStart), milliseconds(0));
  EXPECT_EQ(limit.take("a", kStart), seconds(10));
  EXPECT_EQ(limit.take("a", kStart + seconds(4)), seconds(6));
  EXPECT_EQ(limit.take("a", kStart + seconds(10)), milliseconds(0));
  EXPECT_EQ(limit.take("a", kStart + seconds(10)), seconds(10));
  EXPECT_EQ(limit.take("b", kStart), milliseconds(0));
}

TEST(RateLimit, RestFillsTheBucketAgain) {
  RateLimit limit(2, seconds(10));
  EXPECT_EQ(limit.take("a", kStart), milliseconds(0));
  EXPECT_EQ(limit.take("a", kStart), milliseconds(0));
  EXPECT_EQ(limit.take("a", kStart + seconds(100)), milliseconds(0));
  EXPECT_EQ(limit.take("a", kStart + seconds(100)), milliseconds(0));
  EXPECT_NE(limit.take("a", kStart + seconds(100)), milliseconds(0));
}

TEST(RateLimit, AFloodOfKeysDoesNotOpenTheGate) {
  RateLimit limit(1, seconds(10), 100);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(limit.take(std::to_string(i), kStart), milliseconds(0));
  EXPECT_NE(limit.take("one more", kStart), milliseconds(0));
  EXPECT_EQ(limit.keys(), 100u);
  EXPECT_EQ(limit.take("later", kStart + seconds(11)), milliseconds(0));
  EXPECT_EQ(limit.keys(), 1u);
}

}  // namespace
}  // namespace schoolgate::web
