// The chain over its own tables: what it goes on with when somebody touched them. The walk over all records is
// tests/breaches/verify_test.cc.
//
//   goes wrong when                                                      | then
//   another connection appends between open() and remove_before()        | its records stay, and nothing is called
//   broken another connection appends while open() reads                        | nothing is called broken the cut is
//   part of a transaction of its caller's                     | it is undone with it
#include "store/chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "store/transaction.h"

namespace schoolgate::store {
namespace {

using testing::HasSubstr;

TimePoint day(int number) {
  return TimePoint(std::chrono::milliseconds(std::int64_t(20'000 + number) * 86'400'000 + 3'600'000));
}

class ChainOnDisk : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "schoolgate-chain-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    auto key = StateKey::load_or_create(folder_);
    ASSERT_TRUE(key);
    key_.emplace(*std::move(key));
    auto database = Database::open(folder_ / "chain.db", Database::Access::write);
    ASSERT_TRUE(database) << database.error().text();
    database_.emplace(*std::move(database));
  }
  void TearDown() override {
    database_.reset();
    std::filesystem::remove_all(folder_);
  }

  Chain open() {
    auto chain = Chain::open(*database_, *key_);
    if (!chain) throw std::runtime_error(chain.error().text());
    return *std::move(chain);
  }
  static void append(Chain& chain, int records, int on_day = 0) {
    for (int i = 0; i < records; ++i) {
      std::string record = R"({"n":)" + std::to_string(chain.next_seq());
      chain.close_record(record);
      ASSERT_TRUE(chain.append(day(on_day), record));
    }
    ASSERT_TRUE(chain.store_head());
  }
  void run(const char* sql) { ASSERT_TRUE(database_->run(sql)) << sql; }

  std::filesystem::path folder_;
  std::optional<StateKey> key_;
  std::optional<Database> database_;
};

TEST_F(ChainOnDisk, GoesOnWhereItEnded) {
  std::string id, hash;
  {
    Chain chain = open();
    EXPECT_EQ(chain.next_seq(), 1u);
    append(chain, 3);
    id = chain.head().chain, hash = chain.head().hash;
  }
  const Chain again = open();
  EXPECT_EQ(again.next_seq(), 4u);
  EXPECT_EQ(again.head().chain, id);
  EXPECT_EQ(again.head().hash, hash);
  EXPECT_EQ(again.head().broken, "");
}

TEST_F(ChainOnDisk, RecordsBehindTheSignedHeadBreakIt) {
  {
    Chain chain = open();
    append(chain, 2);
    std::string unsigned_record = R"({"n":3)";
    chain.close_record(unsigned_record);
    ASSERT_TRUE(chain.append(day(0), unsigned_record));  // and the head is never stored
  }
  Chain again = open();
  EXPECT_THAT(again.head().broken, HasSubstr("there were records after the signed head"));
  EXPECT_EQ(again.next_seq(), 4u) << "no number is given twice";
  append(again, 1);
  EXPECT_THAT(open().head().broken, HasSubstr("there were records after the signed head")) << "that stays said";
}

TEST_F(ChainOnDisk, WhatAnotherConnectionAppendsWhileRetentionCutsIsNoBreak) {
  {
    Chain chain = open();
    append(chain, 3, 0);
    append(chain, 2, 40);
  }
  Chain retention = open();
  auto other = Database::open(folder_ / "chain.db", Database::Access::write);
  ASSERT_TRUE(other);
  ASSERT_TRUE(in_transaction(*other, [&]() -> Result<void> {
    auto chain = Chain::open(*other, *key_);
    if (!chain) return std::unexpected(chain.error());
    append(*chain, 1, 40);
    return {};
  }));
  EXPECT_EQ(retention.remove_before(day(30), day(40), 100), 3u);
  EXPECT_EQ(retention.head().seq, 6u);
  const Chain again = open();
  EXPECT_EQ(again.head().broken, "");
  EXPECT_EQ(again.next_seq(), 7u);
  EXPECT_EQ(again.head().cut_seq, 3u);
}

TEST_F(ChainOnDisk, OneThatIsOpenedWhileAnotherAppendsIsNotBroken) {
  std::atomic<bool> over = false;
  std::thread writer([&] {
    auto other = Database::open(folder_ / "chain.db", Database::Access::write);
    while (other && !over)
      (void)in_transaction(*other, [&]() -> Result<void> {
        auto chain = Chain::open(*other, *key_);
        if (!chain) return std::unexpected(chain.error());
        append(*chain, 1);
        return {};
      });
  });
  std::string broken;
  for (int i = 0; i < 400 && broken.empty(); ++i)
    if (const auto chain = Chain::open(*database_, *key_)) broken = chain->head().broken;
  over = true;
  writer.join();
  EXPECT_EQ(broken, "");
  EXPECT_EQ(open().head().broken, "");
}

TEST_F(ChainOnDisk, ACutIsUndoneWithItsCallersTransaction) {
  {
    Chain chain = open();
    append(chain, 3, 0);
    append(chain, 2, 40);
  }
  EXPECT_FALSE(in_transaction(*database_, [&]() -> Result<void> {
    auto chain = Chain::open(*database_, *key_);
    EXPECT_EQ(chain->remove_before(day(30), day(40), 100), 3u);
    return fail(Fault::host, "the rest did not succeed");
  }));
  EXPECT_EQ(open().head().cut_seq, 0u);
  EXPECT_EQ(open().remove_before(day(30), day(40), 100), 3u);
}

TEST_F(ChainOnDisk, AHeadThatIsGoneBreaksIt) {
  std::string id;
  {
    Chain chain = open();
    append(chain, 2);
    id = chain.head().chain;
  }
  run("DELETE FROM head");
  const Chain again = open();
  EXPECT_THAT(again.head().broken, HasSubstr("not signed by this gateway's key"));
  EXPECT_NE(again.head().chain, id);
  EXPECT_EQ(again.next_seq(), 3u);
}

TEST_F(ChainOnDisk, AHeadThatWasChangedBreaksItAndTheFirstReasonStays) {
  {
    Chain chain = open();
    append(chain, 2);
  }
  run("UPDATE head SET cut_seq = 1");
  const std::string why = open().head().broken;
  EXPECT_THAT(why, HasSubstr("not signed by this gateway's key"));
  run("UPDATE head SET cut_seq = 1");
  EXPECT_EQ(open().head().broken, why);
}

TEST_F(ChainOnDisk, RemovesOnlyABeginningAndSignsIt) {
  Chain chain = open();
  append(chain, 3, 0);
  append(chain, 2, 1);
  append(chain, 1, 2);
  EXPECT_EQ(*chain.remove_before(day(1), day(9), 2), 2u) << "in steps";
  EXPECT_EQ(*chain.remove_before(day(1), day(9), 1000), 1u);
  EXPECT_EQ(*chain.remove_before(day(1), day(9), 1000), 0u);
  EXPECT_EQ(chain.head().cut_seq, 3u);
  EXPECT_EQ(*chain.remove_before(day(9), day(9), 1000), 3u) << "all of it, when no later day is there";
  EXPECT_EQ(chain.next_seq(), 7u);
  EXPECT_EQ(open().head().broken, "");
}

// Records of a clock that was wrong for a while, among right ones. Days are counted from one that is called today.
TEST_F(ChainOnDisk, RecordsOfAWrongClockNeitherGoEarlyNorHoldBackTheOthers) {
  const TimePoint today = day(3000);
  const auto write = [today](Chain& chain, int day, std::optional<int> likely = {}) {
    const auto at = [today](int days) { return today + std::chrono::hours(24 * days); };
    std::string record = R"({"n":)" + std::to_string(chain.next_seq());
    chain.close_record(record);
    ASSERT_TRUE(chain.append(at(day), record, likely ? std::optional(at(*likely)) : std::nullopt));
    ASSERT_TRUE(chain.store_head());
  };
  const TimePoint year_ago = today - std::chrono::hours(24 * 365);
  Chain chain = open();
  write(chain, -2000, -10);  // the battery was flat when the gateway was new
  write(chain, 400, -9);     // the wrong year
  EXPECT_EQ(*chain.remove_before(year_ago, today, 1000), 0u) << "they were written ten days ago";
  write(chain, 400);  // by a release that did not know: nothing is sure, it stays
  EXPECT_EQ(*chain.remove_before(today, today, 1000), 1u);
  write(chain, -1);
  EXPECT_EQ(*chain.remove_before(today - std::chrono::hours(24 * 2), today, 1000), 2u) << "a right day follows them";
  EXPECT_EQ(*chain.remove_before(today + std::chrono::hours(24), today, 1000), 1u);
}

TEST_F(ChainOnDisk, RemovesNothingWhereTheRecordOfTheCutIsMissing) {
  Chain chain = open();
  append(chain, 3, 0);
  append(chain, 1, 1);
  run("DELETE FROM records WHERE seq = 3");
  const auto removed = chain.remove_before(day(1), day(9), 1000);
  ASSERT_FALSE(removed);
  EXPECT_THAT(removed.error().text(), HasSubstr("record 3 of"));
  EXPECT_EQ(chain.head().cut_seq, 0u);
}

TEST_F(ChainOnDisk, ARemovalThatFailsChangesNothing) {
  Chain chain = open();
  append(chain, 3, 0);
  append(chain, 1, 1);
  for (const char* table : {"removals", "days"}) {
    run((std::string("ALTER TABLE ") + table + " RENAME TO away").c_str());
    EXPECT_FALSE(chain.remove_before(day(1), day(9), 1000)) << table;
    run((std::string("ALTER TABLE away RENAME TO ") + table).c_str());
    EXPECT_EQ(chain.head().cut_seq, 0u) << table;
  }
  EXPECT_EQ(*chain.remove_before(day(1), day(9), 1000), 3u);
}

TEST_F(ChainOnDisk, FindsTheNumbersOfDays) {
  Chain chain = open();
  append(chain, 3, 0);
  append(chain, 2, 2);
  const auto first = records_between(*database_, day(0), day(1)), none = records_between(*database_, day(4), day(5)),
             all = records_between(*database_, day(0), day(5));
  ASSERT_TRUE(first && none && all);
  EXPECT_EQ(first->first, 1u);
  EXPECT_EQ(first->last, 3u);
  EXPECT_GT(none->first, none->last);
  EXPECT_EQ(all->last, 5u);
}

TEST_F(ChainOnDisk, TablesOfAnotherShapeAreRefused) {
  run("CREATE TABLE head(something INTEGER)");
  EXPECT_FALSE(Chain::open(*database_, *key_));
}

}  // namespace
}  // namespace schoolgate::store
