#include "changes/answer_cache.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace schoolgate::changes {
namespace {

TEST(AnswerCache, FindsWhatWasPutAndForgetsWhenFull) {
  const QuestionHasher hasher;
  AnswerCache cache(10'000);
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    const QuestionHash hash = hasher({1, 2}, std::to_string(i));
    EXPECT_EQ(cache.find(hash), AnswerCache::kUnknown);
    cache.put(hash, i % 7);
  }
  for (std::uint32_t i = 0; i < 10'000; ++i) EXPECT_EQ(cache.find(hasher({1, 2}, std::to_string(i))), i % 7);
  cache.put(hasher({1, 2}, "one more"), 3);
  EXPECT_EQ(cache.find(hasher({1, 2}, "5")), AnswerCache::kUnknown);
  EXPECT_EQ(cache.find(hasher({1, 2}, "one more")), 3u);
}

TEST(QuestionHasher, TellsApartWhatDiffersInOneByteLengthOrSeed) {
  const QuestionHasher hasher;
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
  const auto is_new = [&](QuestionHash hash) { return seen.insert({hash.a, hash.b}).second; };
  std::string text(40, '\0');
  EXPECT_TRUE(is_new(hasher({0, 0}, text)));
  for (std::size_t size = 0; size < text.size(); ++size) EXPECT_TRUE(is_new(hasher({0, 0}, text.substr(0, size))));
  for (char& c : text) {
    c = 1;
    EXPECT_TRUE(is_new(hasher({0, 0}, text)));
    EXPECT_TRUE(is_new(hasher({0, 1}, text)));
    EXPECT_TRUE(is_new(hasher({1, 0}, text)));
    c = 0;
  }
  EXPECT_NE(QuestionHasher()({0, 0}, text).a, hasher({0, 0}, text).a) << "the key is random";
}

}  // namespace
}  // namespace schoolgate::changes
