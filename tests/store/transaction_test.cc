#include "store/transaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "store/sql.h"

namespace schoolgate::store {
namespace {

using testing::HasSubstr;

class TransactionOnDisk : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "schoolgate-transaction-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    database_ = Database::open(folder_ / "kept.db", Database::Access::write).value();
    ASSERT_TRUE(database_.run("CREATE TABLE words(word TEXT UNIQUE)"));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Result<void> add(std::string_view word) {
    if (auto put = execute(database_, "INSERT INTO words VALUES(?1)", word); !put) return std::unexpected(put.error());
    return {};
  }
  // As another process sees it: what is committed.
  std::int64_t words() {
    auto reader = Database::open(folder_ / "kept.db", Database::Access::read).value();
    return select_number(reader, "SELECT count(*) FROM words").value();
  }

  std::filesystem::path folder_;
  Database database_;
};

TEST_F(TransactionOnDisk, IsThereForOthersOnceItIsCommitted) {
  auto transaction = Transaction::begin(database_);
  ASSERT_TRUE(transaction) << transaction.error().text();
  ASSERT_TRUE(add("one"));
  EXPECT_EQ(words(), 0);
  ASSERT_TRUE(transaction->commit());
  EXPECT_EQ(words(), 1);
}

TEST_F(TransactionOnDisk, LeavesNothingWhenItGoesOutOfScope) {
  {
    auto transaction = Transaction::begin(database_);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(add("one"));
  }
  EXPECT_EQ(words(), 0);
  ASSERT_TRUE(add("two")) << "the connection is free again";
  EXPECT_EQ(words(), 1);
}

TEST_F(TransactionOnDisk, MovedFromEndsNothing) {
  auto transaction = Transaction::begin(database_);
  ASSERT_TRUE(transaction);
  ASSERT_TRUE(add("one"));
  {
    Transaction kept = *std::move(transaction);
    ASSERT_TRUE(kept.commit());
  }
  ASSERT_TRUE(add("two"));
  EXPECT_EQ(words(), 2);
}

TEST_F(TransactionOnDisk, DoesNotNest) {
  auto outer = Transaction::begin(database_);
  ASSERT_TRUE(outer);
  ASSERT_TRUE(add("one"));
  const auto inner = Transaction::begin(database_);
  ASSERT_FALSE(inner);
  EXPECT_EQ(inner.error().fault, Fault::host);
  ASSERT_TRUE(outer->commit()) << "the outer one goes on";
  EXPECT_EQ(words(), 1);
}

TEST_F(TransactionOnDisk, ThatCannotTakeTheLockSaysSo) {
  auto other = Database::open(folder_ / "kept.db", Database::Access::write).value();
  ASSERT_TRUE(other.run("PRAGMA busy_timeout=0"));
  auto transaction = Transaction::begin(database_);
  ASSERT_TRUE(transaction);
  const auto second = Transaction::begin(other);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().text(), HasSubstr("another process holds it"));
}

TEST_F(TransactionOnDisk, OfAReaderSeesOneMoment) {
  ASSERT_TRUE(add("one"));
  auto reader = Database::open(folder_ / "kept.db", Database::Access::read).value();
  const auto moment = Transaction::begin(reader, Transaction::Kind::deferred);
  ASSERT_TRUE(moment);
  EXPECT_EQ(select_number(reader, "SELECT count(*) FROM words").value(), 1);
  ASSERT_TRUE(add("two")) << "a reader does not hold up the writer";
  EXPECT_EQ(select_number(reader, "SELECT count(*) FROM words").value(), 1);
}

TEST_F(TransactionOnDisk, OfWorkThatFailsLeavesNothingAndGivesTheErrorOfTheWork) {
  ASSERT_TRUE(add("one"));
  const auto done = in_transaction(database_, [&]() -> Result<void> {
    if (auto added = add("two"); !added) return added;
    return add("one");  // is there already
  });
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().text(), HasSubstr("UNIQUE"));
  EXPECT_EQ(words(), 1);
}

TEST_F(TransactionOnDisk, OfWorkThatSucceedsIsCommitted) {
  ASSERT_TRUE(in_transaction(database_, [&] { return add("one"); }));
  EXPECT_EQ(words(), 1);
}

// A deferred constraint fails at the commit itself, as a full disk does.
TEST_F(TransactionOnDisk, WhoseCommitFailsIsRolledBack) {
  ASSERT_TRUE(
      database_.run("PRAGMA foreign_keys=1; CREATE TABLE of(word TEXT REFERENCES words(word)"
                    " DEFERRABLE INITIALLY DEFERRED)"));
  {
    auto transaction = Transaction::begin(database_);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(add("one"));
    ASSERT_TRUE(database_.run("INSERT INTO of VALUES('nowhere')"));
    const auto committed = transaction->commit();
    ASSERT_FALSE(committed);
    EXPECT_THAT(committed.error().text(), HasSubstr("FOREIGN KEY"));
    EXPECT_THAT(database_.error("write").text(), HasSubstr("FOREIGN KEY")) << "until the rollback";
  }
  EXPECT_EQ(words(), 0);
  EXPECT_TRUE(add("two"));
}

}  // namespace
}  // namespace schoolgate::store
