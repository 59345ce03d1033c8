#include "rules/near_match.h"

#include <gtest/gtest.h>

#include <vector>

namespace schoolgate::rules {
namespace {

const std::vector<std::string> kWords{"gambling", "games", "chat", "social-media"};

TEST(NearMatch, FindsWhatWasMeant) {
  EXPECT_EQ(near_match_hint("gamblng", kWords), "did you mean 'gambling'?");
  EXPECT_EQ(near_match_hint("gmaes", kWords), "did you mean 'games'?");
  EXPECT_EQ(near_match_hint("social_media", kWords), "did you mean 'social-media'?");
  EXPECT_EQ(near_match_hint("cat", kWords), "did you mean 'chat'?");
}

TEST(NearMatch, DoesNotGuessWildly) {
  EXPECT_EQ(near_match_hint("weapons", kWords), "");
  EXPECT_EQ(near_match_hint("x", kWords), "");
  EXPECT_EQ(near_match_hint("games", {}), "");
}

}  // namespace
}  // namespace schoolgate::rules
