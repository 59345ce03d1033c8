// What is set holds for the rest of a process: each case asks one of its own.
#include "store/only_ask.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>

#include "base/file.h"
#include "store/sqlite.h"
#include "store/state_key.h"

namespace schoolgate::store {
namespace {

namespace fs = std::filesystem;

struct Seen {
  std::string content;
  std::int64_t changed = 0;
  bool operator==(const Seen&) const = default;
};

std::map<std::string, Seen> everything_in(const fs::path& folder) {
  std::map<std::string, Seen> all;
  const auto add = [&](const fs::path& path) {
    struct stat about{};
    EXPECT_EQ(::stat(path.c_str(), &about), 0);
    all[path.string()] = {fs::is_regular_file(path) ? read_file(path).value_or("") : "",
                          about.st_mtim.tv_sec * 1'000'000'000 + about.st_mtim.tv_nsec};
  };
  add(folder);
  for (const auto& entry : fs::directory_iterator(folder)) add(entry.path());
  return all;
}

class OnlyAsk : public ::testing::Test {
 protected:
  OnlyAsk() {
    std::string name = (fs::temp_directory_path() / "schoolgate ask?#%-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    start_asker();
  }
  ~OnlyAsk() override {
    for (const int end : {ask_[0], ask_[1], answer_[0], answer_[1]}) ::close(end);
    ::waitpid(asker_, nullptr, 0);
    fs::remove_all(folder_);
  }

  void write_rows(int count) {
    writer_ = Database::open(folder_ / "x.db", Database::Access::write).value();
    ASSERT_TRUE(writer_->run("CREATE TABLE t(x)"));
    for (int i = 0; i < count; ++i) ASSERT_TRUE(writer_->run("INSERT INTO t VALUES(1)"));
  }
  // How many rows a process that only asks sees; -1: it cannot read, -2: it could write.
  [[nodiscard]] int asked() {
    const std::string path = (folder_ / "x.db").string() + '\n';
    EXPECT_EQ(::write(ask_[1], path.data(), path.size()), ssize_t(path.size()));
    int rows = -3;
    EXPECT_EQ(::read(answer_[0], &rows, sizeof rows), ssize_t(sizeof rows));
    return rows;
  }

 private:
  static int rows_in(const std::string& file) {
    auto database = Database::open(file, Database::Access::write);
    if (!database) return -1;
    if (database->run("INSERT INTO t VALUES(2)")) return -2;
    auto query = database->prepare("SELECT count(*) FROM t");
    return query && query->step() == Statement::Step::row ? int(query->integer(0)) : -1;
  }
  // Forked while this process has no database open: SQLite's knowledge of its own locks is not to be shared.
  void start_asker() {
    EXPECT_EQ(::pipe(ask_), 0);
    EXPECT_EQ(::pipe(answer_), 0);
    asker_ = ::fork();
    if (asker_ != 0) return;
    ::close(ask_[1]);
    only_ask();
    std::string file;
    for (char c = 0; ::read(ask_[0], &c, 1) == 1;) {
      if (c != '\n') {
        file += c;
        continue;
      }
      const int rows = rows_in(file);
      file.clear();
      if (::write(answer_[1], &rows, sizeof rows) != sizeof rows) break;
    }
    ::_exit(0);
  }
  int ask_[2] = {}, answer_[2] = {};
  pid_t asker_ = -1;

 protected:
  fs::path folder_;
  std::optional<Database> writer_;
};

TEST_F(OnlyAsk, ADatabaseThatNobodyHasOpenIsReadAndNothingIsMade) {
  write_rows(3);
  writer_.reset();
  const auto before = everything_in(folder_);
  EXPECT_EQ(asked(), 3);
  EXPECT_EQ(everything_in(folder_), before);
}

TEST_F(OnlyAsk, WhatAWriterHasNotMovedIntoTheFileYetIsSeen) {
  write_rows(3);
  const auto before = everything_in(folder_);
  EXPECT_EQ(asked(), 3);
  EXPECT_EQ(everything_in(folder_), before);
  ASSERT_TRUE(writer_->run("INSERT INTO t VALUES(1)")) << "the question is in the writer's way";
  EXPECT_EQ(asked(), 4);
}

TEST_F(OnlyAsk, ALogThatAKilledWriterLeftIsRead) {
  write_rows(3);
  fs::path of_writer = folder_.string() + "-killed";
  fs::copy(folder_, of_writer);
  std::swap(folder_, of_writer);
  writer_.reset();
  const auto before = everything_in(folder_);
  EXPECT_EQ(asked(), 3);
  EXPECT_EQ(everything_in(folder_), before);
  fs::remove_all(of_writer);
}

TEST_F(OnlyAsk, ADatabaseThatIsNotThereIsNotMade) {
  EXPECT_EQ(asked(), -1);
  EXPECT_TRUE(fs::is_empty(folder_));
}

}  // namespace
}  // namespace schoolgate::store
