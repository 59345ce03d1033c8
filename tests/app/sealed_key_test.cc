#include "app/sealed_key.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/app/scratch_school.h"

namespace schoolgate::app {
namespace {

using test::ScratchSchool;

TEST(SealedKey, IsMadeOnceAndForItsOwnerOnly) {
  const ScratchSchool school;
  const auto path = school.folder() / "list.key";
  const auto first = read_or_make_sealed_key(path);
  ASSERT_TRUE(first);
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0600));
  EXPECT_EQ(*read_or_make_sealed_key(path), *first);
  EXPECT_EQ(*read_sealed_key(path), *first);
  EXPECT_NE(*first, blocklists::SealedKey{});
}

TEST(SealedKey, AFileOfAnotherSizeIsRefusedAndLeftAsItIs) {
  const ScratchSchool school;
  const auto path = school.folder() / "list.key";
  std::ofstream(path) << "short";
  EXPECT_FALSE(read_or_make_sealed_key(path));
  EXPECT_FALSE(read_sealed_key(path));
  EXPECT_EQ(std::filesystem::file_size(path), 5u);
}

TEST(SealedKey, ReadingDoesNotMakeOne) {
  const ScratchSchool school;
  EXPECT_FALSE(read_sealed_key(school.folder() / "list.key"));
  EXPECT_FALSE(std::filesystem::exists(school.folder() / "list.key"));
}

}  // namespace
}  // namespace schoolgate::app
