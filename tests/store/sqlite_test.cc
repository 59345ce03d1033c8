#include "store/sqlite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "store/only_ask.h"

namespace schoolgate::store {
namespace {

using testing::HasSubstr;

class DatabaseOnDisk : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "schoolgate-store-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    file_ = folder_ / "kept.db";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void make(std::int64_t format) {
    auto database = Database::open(file_, Database::Access::write);
    ASSERT_TRUE(database) << database.error().text();
    ASSERT_TRUE(database->run("CREATE TABLE words(word TEXT); INSERT INTO words VALUES('kept')"));
    ASSERT_TRUE(database->run(("PRAGMA user_version=" + std::to_string(format)).c_str()));
  }
  static std::int64_t format_of(Database& database) {
    auto asked = database.prepare("PRAGMA user_version");
    return asked && asked->step() == Statement::Step::row ? asked->integer(0) : -1;
  }

  std::filesystem::path folder_, file_;
};

TEST_F(DatabaseOnDisk, IsForItsOwnerAloneAndSaysItsFormat) {
  auto database = Database::open(file_, Database::Access::write);
  ASSERT_TRUE(database) << database.error().text();
  EXPECT_EQ(format_of(*database), Database::kFormat);
  struct stat facts{};
  ASSERT_EQ(::stat(file_.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
}

TEST_F(DatabaseOnDisk, OfALaterFormatIsRefusedUntouched) {
  make(Database::kFormat + 1);
  for (const auto access : {Database::Access::write, Database::Access::read}) {
    const auto opened = Database::open(file_, access);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().fault, Fault::host);
    EXPECT_THAT(opened.error().text(), HasSubstr("kept.db has format 2"));
    EXPECT_THAT(opened.error().text(), HasSubstr("start the release that wrote it"));
  }
}

TEST_F(DatabaseOnDisk, OfANegativeFormatIsNobodysAndRefused) {
  make(-1);
  EXPECT_FALSE(Database::open(file_, Database::Access::read));
}

TEST_F(DatabaseOnDisk, FromBeforeFormatsWereNumberedIsTheFirstFormat) {
  make(0);
  {
    auto reader = Database::open(file_, Database::Access::read);
    ASSERT_TRUE(reader) << reader.error().text();
    EXPECT_EQ(format_of(*reader), 0) << "a reader changes nothing";
  }
  auto database = Database::open(file_, Database::Access::write);
  ASSERT_TRUE(database) << database.error().text();
  EXPECT_EQ(format_of(*database), 1);
  auto words = database->prepare("SELECT word FROM words");
  ASSERT_TRUE(words);
  ASSERT_EQ(words->step(), Statement::Step::row);
  EXPECT_EQ(words->text(0), "kept");
}

TEST_F(DatabaseOnDisk, AReaderNeedsAFileAndMayNotWrite) {
  EXPECT_FALSE(Database::open(file_, Database::Access::read));
  make(Database::kFormat);
  auto reader = Database::open(file_, Database::Access::read);
  ASSERT_TRUE(reader) << reader.error().text();
  const auto written = reader->run("INSERT INTO words VALUES('not')");
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().text(), HasSubstr("cannot use"));
}

TEST_F(DatabaseOnDisk, WhatIsNoDatabaseIsDamagedAndCanBeMovedAside) {
  std::ofstream(file_) << std::string(8192, 'x');
  EXPECT_FALSE(Database::open(file_, Database::Access::write));
  EXPECT_TRUE(is_damaged(file_, {}));
  const auto aside = move_aside(file_);
  ASSERT_TRUE(aside) << aside.error().text();
  EXPECT_FALSE(std::filesystem::exists(file_));
  EXPECT_EQ(std::filesystem::file_size(*aside), 8192u);
}

TEST_F(DatabaseOnDisk, ThatIsNotThereIsReadAsEmptyWithoutBeingMade) {
  auto database = Database::in_place_of(file_);
  ASSERT_TRUE(database) << database.error().text();
  ASSERT_TRUE(database->run("CREATE TABLE words(word TEXT)"));
  auto count = database->prepare("SELECT count(*) FROM words");
  ASSERT_TRUE(count);
  ASSERT_EQ(count->step(), Statement::Step::row);
  EXPECT_EQ(count->integer(0), 0);
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(DatabaseOnDisk, IsAbsentOnlyForAProcessThatOnlyAsks) {
  EXPECT_FALSE(is_absent_for_asker(file_)) << "this process may write: it makes the file";
}

}  // namespace
}  // namespace schoolgate::store
