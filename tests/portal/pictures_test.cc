#include "portal/pictures.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "web/assets.h"

namespace schoolgate::portal {
namespace {

TEST(Pictures, EachHasAnIdAWordAndADrawing) {
  std::set<std::string_view> ids, words;
  for (const Picture& picture : pictures()) {
    ids.insert(picture.id);
    EXPECT_NE(web::find_asset("picture-" + std::string(picture.id) + ".svg"), nullptr) << picture.id;
    words.insert(picture.word);
  }
  EXPECT_EQ(ids.size(), 12u);
  EXPECT_EQ(words.size(), 12u);
  EXPECT_TRUE(is_picture("owl"));
  EXPECT_FALSE(is_picture("dragon"));
}

}  // namespace
}  // namespace schoolgate::portal
