#include "config/suggest.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace schoolgate::config {
namespace {

constexpr std::array<std::string_view, 3> kWords{"gambling", "games", "drugs"};

TEST(Suggest, NamesTheNearestWord) {
  EXPECT_EQ(suggest("gamblng", kWords), "did you mean 'gambling'?");
  EXPECT_EQ(suggest("gmaes", kWords), "did you mean 'games'?");
}

TEST(Suggest, ListsAFewWordsWhenNoneIsNear) {
  EXPECT_EQ(suggest("weather", kWords), "one of gambling, games or drugs");
  EXPECT_EQ(suggest("weather", std::span(kWords).first(1)), "only 'gambling' is known here");
}

TEST(Suggest, SaysNothingWhenThereIsNothingToSay) {
  EXPECT_EQ(suggest("weather", {}), "");
  EXPECT_EQ(suggest("weather", std::vector<std::string_view>(21, "gambling")), "");
}

TEST(Suggest, DoesNotCompareOverlongWords) {
  EXPECT_EQ(suggest(std::string(1'000'000, 'g'), std::vector<std::string_view>(21, "gambling")), "");
}

}  // namespace
}  // namespace schoolgate::config
