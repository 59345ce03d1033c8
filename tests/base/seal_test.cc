#include "base/seal.h"

#include <gtest/gtest.h>

namespace schoolgate {
namespace {

const Sha256 kKey = sha256("key"), kOtherKey = sha256("other");

TEST(Seal, OpensWithTheSameKeyAndSubjectOnly) {
  const std::string box = seal(kKey, "http://a.example/x", "id-1");
  EXPECT_EQ(open_sealed(kKey, box, "id-1"), "http://a.example/x");
  EXPECT_FALSE(open_sealed(kOtherKey, box, "id-1").has_value());
  EXPECT_FALSE(open_sealed(kKey, box, "id-2").has_value());
}

TEST(Seal, AnyChangedByteIsNoticed) {
  const std::string box = seal(kKey, "text", "about");
  for (std::size_t i = 0; i < box.size(); ++i) {
    std::string changed = box;
    changed[i] = char(changed[i] ^ 1);
    EXPECT_FALSE(open_sealed(kKey, changed, "about").has_value()) << i;
  }
  for (std::size_t size = 0; size < box.size(); ++size)
    EXPECT_FALSE(open_sealed(kKey, box.substr(0, size), "about").has_value()) << size;
}

TEST(Seal, TheSameTextLooksDifferentEachTime) {
  EXPECT_NE(seal(kKey, "text", ""), seal(kKey, "text", ""));
  EXPECT_EQ(seal(kKey, "text", "").find("text"), std::string::npos);
  EXPECT_EQ(open_sealed(kKey, seal(kKey, "", ""), ""), "");
}

}  // namespace
}  // namespace schoolgate
