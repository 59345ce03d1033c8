#include "rules/inspection.h"

#include <gtest/gtest.h>

#include <set>

namespace schoolgate::rules {
namespace {

TEST(InspectReason, EachHasAWordOfItsOwnAndOneOfThreeMeanings) {
  std::set<std::string_view> words;
  int open = 0, forbidden = 0;
  for (int i = 0; i <= int(InspectReason::pattern); ++i) {
    const auto reason = InspectReason(i);
    EXPECT_TRUE(words.insert(to_string(reason)).second) << i;
    EXPECT_FALSE(opens(reason) && must_not_open(reason)) << to_string(reason);
    open += opens(reason);
    forbidden += must_not_open(reason);
  }
  EXPECT_EQ(open, 9);
  EXPECT_EQ(forbidden, 7);
  EXPECT_FALSE(opens(InspectReason::none) || must_not_open(InspectReason::none));
}

}  // namespace
}  // namespace schoolgate::rules
