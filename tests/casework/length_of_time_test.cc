#include "casework/length_of_time.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/clock.h"

namespace schoolgate::casework {
namespace {

using namespace std::chrono_literals;
using Method = LengthOfTime::Method;

const TimePoint kBegin = *from_rfc3339("2026-11-23T09:30:00Z");

TEST(LengthOfTime, ASingleRefusedAttemptLastsNoTime) {
  const LengthOfTime length = length_of_attempts(1, kBegin, kBegin);
  EXPECT_EQ(length.method, Method::single);
  EXPECT_EQ(length.length, 0ms);
  EXPECT_EQ(length.text, "single attempt, refused: no time on the site");
}

TEST(LengthOfTime, SeveralRefusedAttemptsHaveASpan) {
  const LengthOfTime length = length_of_attempts(4, kBegin, kBegin + 260s);
  EXPECT_EQ(length.method, Method::span);
  EXPECT_EQ(length.text, "span of attempts 4 min 20 s, all refused: no time on the site");
}

TEST(LengthOfTime, GapsBetweenRequestsCountAtMostThreeMinutesEach) {
  const std::vector<Visit> visits = {{kBegin + 20min, 5s, false}, {kBegin, 5s, false}, {kBegin + 60s, 5s, false}};
  const LengthOfTime length = length_of_visits(visits);
  EXPECT_EQ(length.method, Method::requests);
  EXPECT_EQ(length.length, 60s + 3min + 10s);
  EXPECT_TRUE(length.text.starts_with("active 4 min 10 s, estimate: ")) << length.text;
}

TEST(LengthOfTime, TunnelsAreAnUpperBoundAndOverlapsCountOnce) {
  const std::vector<Visit> visits = {
      {kBegin, 60s, true}, {kBegin + 30s, 60s, true}, {kBegin + 10min, 20s, true}, {kBegin + 20min, -5s, true}};
  const LengthOfTime length = length_of_visits(visits);
  EXPECT_EQ(length.method, Method::tunnels);
  EXPECT_EQ(length.length, 110s);
  EXPECT_TRUE(length.text.starts_with("at most 1 min 50 s, estimate: ")) << length.text;
}

TEST(LengthOfTime, WithoutADecisionLogItIsNotKnownAndSaysSo) {
  const LengthOfTime length = length_of_visits({});
  EXPECT_EQ(length.method, Method::unknown);
  EXPECT_TRUE(length.text.starts_with("not known")) << length.text;
}

}  // namespace
}  // namespace schoolgate::casework
