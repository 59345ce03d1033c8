#include "base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace schoolgate {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class File : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "schoolgate-file-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] fs::path path(const char* name) const { return folder_ / name; }
  [[nodiscard]] std::size_t count_files() const {
    return std::size_t(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  static unsigned mode_of(const fs::path& path) {
    struct stat about{};
    EXPECT_EQ(::stat(path.c_str(), &about), 0);
    return about.st_mode & 07777u;
  }

  fs::path folder_;
};

TEST_F(File, GivesBackWhatWasWritten) {
  const std::string large(3'000'000, 'x');
  for (const std::string& content : {std::string(), std::string("a\0b\r\n", 5), std::string(511, 'y'),
                                     std::string(512, 'y'), std::string(513, 'y'), large}) {
    ASSERT_TRUE(replace_file(path("f"), content));
    const auto read = read_file(path("f"));
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, content);
  }
}

TEST_F(File, ReplacesInOneStepAndLeavesNothingBeside) {
  ASSERT_TRUE(replace_file(path("f"), "old"));
  std::ifstream reader(path("f"));
  ASSERT_TRUE(replace_file(path("f"), "new"));
  std::string seen;
  reader >> seen;
  EXPECT_EQ(seen, "old") << "who has the old file open keeps it";
  EXPECT_EQ(read_file(path("f")).value(), "new");
  EXPECT_EQ(count_files(), 1u);
}

TEST_F(File, IsPrivateUnlessSaidOtherwise) {
  ASSERT_TRUE(replace_file(path("private"), "x"));
  EXPECT_EQ(mode_of(path("private")), 0600u);
  const mode_t before = ::umask(077);
  ASSERT_TRUE(replace_file(path("public"), "x", 0644));
  ::umask(before);
  EXPECT_EQ(mode_of(path("public")), 0644u) << "the umask has no say";
}

TEST_F(File, TakesTheModeAskedForOverTheOldFiles) {
  ASSERT_TRUE(replace_file(path("f"), "x", 0644));
  ASSERT_TRUE(replace_file(path("f"), "y"));
  EXPECT_EQ(mode_of(path("f")), 0600u);
}

TEST_F(File, AFailedReplacementLeavesNothingBehind) {
  fs::create_directory(path("folder"));
  const auto over_a_folder = replace_file(path("folder"), "x");
  ASSERT_FALSE(over_a_folder);
  EXPECT_EQ(over_a_folder.error().fault, Fault::host);
  EXPECT_TRUE(fs::is_directory(path("folder")));
  EXPECT_EQ(count_files(), 1u);
  EXPECT_FALSE(replace_file(path("missing") / "f", "x"));
}

TEST_F(File, RefusesAMissingFile) {
  const auto read = read_file(path("missing"));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().fault, Fault::host);
  EXPECT_THAT(read.error().what, HasSubstr("No such file"));
  EXPECT_THAT(read.error().what, HasSubstr(path("missing").string()));
}

TEST_F(File, RefusesAFolder) {
  const auto read = read_file(folder_);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().what, HasSubstr("not a regular file"));
}

TEST_F(File, RefusesAPipeAtOnce) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const auto read = read_file(path("pipe"));
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().what, HasSubstr("not a regular file"));
}

TEST_F(File, RefusesADevice) { EXPECT_FALSE(read_file("/dev/zero")); }

TEST_F(File, HoldsItsLimit) {
  ASSERT_TRUE(replace_file(path("f"), std::string(100, 'x')));
  EXPECT_TRUE(read_file(path("f"), 100));
  const auto read = read_file(path("f"), 99);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().what, HasSubstr("larger than 99 bytes"));
}

TEST_F(File, ReadsFilesThatSayTheyAreEmptyAndAreNot) {
  const auto status = read_file("/proc/self/status");
  ASSERT_TRUE(status);
  EXPECT_THAT(*status, HasSubstr("Name:"));
  EXPECT_FALSE(read_file("/proc/self/status", 10)) << "the limit holds for what is read, not for what is said";
}

TEST_F(File, MakesPrivateFoldersWithParents) {
  ASSERT_TRUE(make_private_folder(path("a") / "b" / "c"));
  EXPECT_EQ(mode_of(path("a")), 0700u);
  EXPECT_EQ(mode_of(path("a") / "b" / "c"), 0700u);
  ASSERT_TRUE(make_private_folder(path("a") / "b" / "c" / ""));
}

TEST_F(File, LeavesAnExistingFolderAsItIs) {
  fs::create_directory(path("open"));
  ASSERT_EQ(::chmod(path("open").c_str(), 0755), 0);
  ASSERT_TRUE(make_private_folder(path("open")));
  EXPECT_EQ(mode_of(path("open")), 0755u);
}

TEST_F(File, DoesNotTakeAFileForAFolder) {
  ASSERT_TRUE(replace_file(path("f"), "x"));
  EXPECT_FALSE(make_private_folder(path("f")));
  EXPECT_FALSE(make_private_folder(path("f") / "below"));
}

}  // namespace
}  // namespace schoolgate
