#include "portal/pictures.h"

#include <gtest/gtest.h>

#include <set>

namespace schoolgate::portal {
namespace {

TEST(Pictures, EachHasAnIdASymbolAndAWordOfItsOwn) {
  std::set<std::string_view> ids, symbols, words;
  for (const Picture& picture : pictures()) {
    ids.insert(picture.id);
    symbols.insert(picture.symbol);
    words.insert(picture.word);
  }
  EXPECT_EQ(ids.size(), 12u);
  EXPECT_EQ(symbols.size(), 12u);
  EXPECT_EQ(words.size(), 12u);
  EXPECT_TRUE(is_picture("owl"));
  EXPECT_FALSE(is_picture("dragon"));
}

}  // namespace
}  // namespace schoolgate::portal
