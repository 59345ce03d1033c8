#include "console/last_lists.h"

#include <gtest/gtest.h>

namespace schoolgate::console {
namespace {

TEST(LastLists, AreOfOneSessionEach) {
  LastLists lists;
  EXPECT_EQ(lists.of("a", "/episodes"), "/episodes");
  lists.remember("a", "/episodes?theme=gambling&page=2");
  EXPECT_EQ(lists.of("a", "/episodes"), "/episodes?theme=gambling&page=2");
  EXPECT_EQ(lists.of("b", "/episodes"), "/episodes");
}

TEST(LastLists, AreBounded) {
  LastLists lists;
  for (std::size_t i = 0; i <= LastLists::kMost; ++i) lists.remember(std::to_string(i), "/episodes?page=2");
  EXPECT_EQ(lists.of("0", "/episodes"), "/episodes");
  EXPECT_EQ(lists.of(std::to_string(LastLists::kMost), "/episodes"), "/episodes?page=2");
}

}  // namespace
}  // namespace schoolgate::console
