#include "identity/directory_cache.h"

#include <gtest/gtest.h>

namespace schoolgate::identity {
namespace {

using namespace std::chrono_literals;

class DirectoryCacheTest : public ::testing::Test {
 protected:
  static DirectoryPerson amelia() {
    return {.user = "amelia.hughes", .name = "Amelia Hughes", .dn = "", .groups = {"year-6"}};
  }

  DirectoryCache cache_{10min, 24h};
  DirectoryCache::Clock::time_point now_ = DirectoryCache::Clock::time_point(1000h);
};

TEST_F(DirectoryCacheTest, TheFirstQuestionIsAskedOfTheDirectoryOnce) {
  const auto first = cache_.look_up("amelia.hughes", now_);
  EXPECT_FALSE(first.known);
  EXPECT_TRUE(first.refresh);
  const auto second = cache_.look_up("amelia.hughes", now_);
  EXPECT_FALSE(second.known);
  EXPECT_FALSE(second.refresh);
}

TEST_F(DirectoryCacheTest, AFreshAnswerIsUsedAsItIs) {
  cache_.put("amelia.hughes", amelia(), now_);
  const auto found = cache_.look_up("amelia.hughes", now_ + 10min);
  ASSERT_TRUE(found.known && found.person);
  EXPECT_EQ(found.person->groups, std::vector<std::string>{"year-6"});
  EXPECT_FALSE(found.refresh);
}

TEST_F(DirectoryCacheTest, AnOlderOneIsUsedAndRefreshedByOne) {
  cache_.put("amelia.hughes", amelia(), now_);
  const auto first = cache_.look_up("amelia.hughes", now_ + 11min);
  EXPECT_TRUE(first.known);
  EXPECT_TRUE(first.refresh);
  EXPECT_FALSE(cache_.look_up("amelia.hughes", now_ + 11min).refresh);
}

TEST_F(DirectoryCacheTest, ADirectoryThatIsDownLeavesTheAnswerAndIsTriedAgain) {
  cache_.put("amelia.hughes", amelia(), now_);
  ASSERT_TRUE(cache_.look_up("amelia.hughes", now_ + 11min).refresh);
  cache_.failed("amelia.hughes", now_ + 11min);
  const auto found = cache_.look_up("amelia.hughes", now_ + 11min + 1s);
  EXPECT_TRUE(found.known);
  EXPECT_TRUE(found.refresh);
  EXPECT_TRUE(cache_.look_up("amelia.hughes", now_ + 24h).known);
}

TEST_F(DirectoryCacheTest, WhoeverNeverCameBackDoesNotStopTheOthers) {
  ASSERT_TRUE(cache_.look_up("amelia.hughes", now_).refresh);
  EXPECT_FALSE(cache_.look_up("amelia.hughes", now_ + 59s).refresh);
  EXPECT_TRUE(cache_.look_up("amelia.hughes", now_ + 61s).refresh);
}

TEST_F(DirectoryCacheTest, TooOldIsUnknown) {
  cache_.put("amelia.hughes", amelia(), now_);
  EXPECT_FALSE(cache_.look_up("amelia.hughes", now_ + 24h + 1s).known);
  EXPECT_FALSE(cache_.last_known("amelia.hughes", now_ + 24h + 1s).known);
  EXPECT_TRUE(cache_.last_known("amelia.hughes", now_ + 24h).known);
}

TEST_F(DirectoryCacheTest, NobodyIsAnAnswerForAMinute) {
  cache_.put("nobody", std::nullopt, now_);
  const auto found = cache_.look_up("nobody", now_ + 59s);
  EXPECT_TRUE(found.known);
  EXPECT_FALSE(found.person.has_value());
  EXPECT_FALSE(cache_.look_up("nobody", now_ + 61s).known);
}

TEST_F(DirectoryCacheTest, IsBoundedAndForgetsTheOldestFirst) {
  for (int i = 0; i < 30'000; ++i) {
    const std::string user = "user" + std::to_string(i);
    (void)cache_.look_up(user, now_ + std::chrono::milliseconds(i));
    cache_.put(user, amelia(), now_ + std::chrono::milliseconds(i));
  }
  EXPECT_LE(cache_.size(), 20'000u);
  EXPECT_TRUE(cache_.last_known("user29999", now_ + 1min).known);
  EXPECT_FALSE(cache_.last_known("user0", now_ + 1min).known);
}

}  // namespace
}  // namespace schoolgate::identity
