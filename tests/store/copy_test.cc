// Each case copies in a child: only_ask() holds for the rest of a process.
#include "store/copy.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "base/file.h"
#include "store/only_ask.h"
#include "store/sqlite.h"

namespace schoolgate::store {
namespace {

namespace fs = std::filesystem;

class Copy : public ::testing::Test {
 protected:
  Copy() {
    std::string name = (fs::temp_directory_path() / "schoolgate-copy-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~Copy() override { fs::remove_all(folder_); }

  // 0: copied and whole, 1: not copied, 2: copied and not whole.
  int copy(const std::string& from, const std::string& to) {
    const ::pid_t child = ::fork();
    if (child == 0) {
      only_ask();
      ::_exit(!copy_database(folder_ / from, folder_ / to) ? 1 : !check_database(folder_ / to) ? 2 : 0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WEXITSTATUS(status);
  }

  Database table(const std::string& name) {
    auto database = Database::open(folder_ / name, Database::Access::write).value();
    EXPECT_TRUE(database.run("CREATE TABLE t(x, y)"));
    return database;
  }

  std::int64_t ask(const std::string& name, std::string_view question) {
    auto database = Database::open(folder_ / name, Database::Access::read).value();
    auto statement = database.prepare(question).value();
    EXPECT_EQ(statement.step(), Statement::Step::row);
    return statement.integer(0);
  }

  fs::path folder_;
};

TEST_F(Copy, HoldsWhatIsOnlyInTheLogYet) {
  auto database = table("a.db");
  ASSERT_TRUE(database.run("INSERT INTO t VALUES(1, 2)"));
  ASSERT_EQ(copy("a.db", "b.db"), 0);
  EXPECT_EQ(ask("b.db", "SELECT count(*) FROM t"), 1);
  EXPECT_EQ(fs::status(folder_ / "b.db").permissions(), fs::perms(0600));
}

// Writes in transactions of two rows, until it is ended. A process and not a thread: the copies are made in children of
// the test's process, and a child of a process with threads may inherit a lock of SQLite's that nobody will ever open.
class Writer {
 public:
  explicit Writer(const fs::path& file) : child_(::fork()) {
    if (child_ != 0) {
      // A database whose first writer comes while it is copied is not copied, so the log must be there.
      for (std::error_code none; fs::file_size(file.string() + "-wal", none) == 0 || none; none.clear()) ::usleep(1000);
      return;
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    auto database = Database::open(file, Database::Access::write).value();
    for (int i = 0;; ++i) {
      const std::string value = std::to_string(i);
      (void)database.run(("BEGIN; INSERT INTO t VALUES(" + value + ", zeroblob(5000)); INSERT INTO t VALUES(-" + value +
                          ", 1); COMMIT")
                             .c_str());
      if (i % 50 == 0) (void)database.checkpoint();
    }
  }
  ~Writer() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }

 private:
  ::pid_t child_;
};

TEST_F(Copy, IsOneMomentOfADatabaseThatIsWritten) {
  {
    const auto database = table("a.db");
  }
  const Writer writer(folder_ / "a.db");
  for (int i = 0; i < 10; ++i) {
    const std::string name = "copy" + std::to_string(i) + ".db";
    EXPECT_EQ(copy("a.db", name), 0);
    EXPECT_EQ(ask(name, "SELECT sum(x) FROM t UNION ALL SELECT 0"), 0);  // both rows of each transaction, or neither
  }
}

TEST_F(Copy, LeavesNothingBesideTheDatabase) {
  table("a.db");
  std::size_t before = 0, after = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder_)) ++before;
  ASSERT_EQ(copy("a.db", "b.db"), 0);
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder_)) ++after;
  EXPECT_EQ(after, before + 1);
}

TEST_F(Copy, OverwritesNothingAndLeavesNoHalfCopy) {
  table("a.db");
  std::ofstream(folder_ / "b.db") << "mine";
  EXPECT_EQ(copy("a.db", "b.db"), 1);
  EXPECT_EQ(read_file(folder_ / "b.db").value(), "mine");
  std::ofstream(folder_ / "c.db") << "no database at all, but long enough to be looked at";
  EXPECT_NE(copy("c.db", "d.db"), 0);
  EXPECT_FALSE(fs::exists(folder_ / "d.db"));
}

TEST_F(Copy, ADamagedDatabaseIsFound) {
  {
    auto database = table("a.db");
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(database.run("INSERT INTO t VALUES(1, zeroblob(1000))"));
  }
  std::fstream file(folder_ / "a.db", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096 * 3);
  file << std::string(8192, '\x5a');
  file.close();
  EXPECT_NE(copy("a.db", "b.db"), 0);
}

TEST_F(Copy, KnowsADatabaseByItsFirstBytes) {
  table("a.db");
  std::ofstream(folder_ / "text") << "SQLite format 4, or so";
  EXPECT_TRUE(is_database(folder_ / "a.db"));
  EXPECT_FALSE(is_database(folder_ / "text"));
  EXPECT_FALSE(is_database(folder_ / "absent"));
}

}  // namespace
}  // namespace schoolgate::store
