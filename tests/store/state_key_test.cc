#include "store/state_key.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>

namespace schoolgate::store {
namespace {

class StateKeyOnDisk : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "schoolgate-key-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
};

TEST_F(StateKeyOnDisk, IsMadeOnceAndReadAgain) {
  const auto made = StateKey::load_or_create(folder_);
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_TRUE(made->is_new());
  const auto again = StateKey::load_or_create(folder_);
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_FALSE(again->is_new());
  EXPECT_EQ(made->sign("test", "bytes"), again->sign("test", "bytes"));
}

TEST_F(StateKeyOnDisk, IsForItsOwnerAlone) {
  ASSERT_TRUE(StateKey::load_or_create(folder_));
  struct stat facts{};
  ASSERT_EQ(::stat((folder_ / "state.key").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
}

TEST_F(StateKeyOnDisk, ASignatureHoldsForOnePurpose) {
  const auto key = StateKey::load_or_create(folder_);
  ASSERT_TRUE(key);
  EXPECT_NE(key->sign("one", "bytes"), key->sign("other", "bytes"));
}

TEST_F(StateKeyOnDisk, LoadDoesNotMakeOne) { EXPECT_FALSE(StateKey::load(folder_)); }

}  // namespace
}  // namespace schoolgate::store
