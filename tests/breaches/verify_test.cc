#include "breaches/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "base/digest.h"
#include "tests/breaches/support.h"

namespace schoolgate::breaches {
namespace {

using ::testing::HasSubstr;
using Kind = ChainFault::Kind;

// A closed log of `count` records that the test then tampers with, as somebody with access to the disk would.
class Verify : public ::testing::Test {
 protected:
  void write(int count) {
    const auto log = open_log(settings_in(folder_.path()));
    for (int i = 0; i < count; ++i) ASSERT_TRUE(append_and_wait(*log, a_breach()).durable);
  }

  void tamper(const std::string& sql) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open((folder_.path() / "breaches.db").c_str(), &database), SQLITE_OK);
    ASSERT_EQ(sqlite3_create_function(database, "sha256_hex", 1, SQLITE_UTF8, nullptr, sha256_hex, nullptr, nullptr),
              SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
    sqlite3_close(database);
  }

  ChainReport verify() {
    auto report = verify_breaches(folder_.path());
    if (!report) throw std::runtime_error(report.error().text());
    return *std::move(report);
  }

  void expect_fault(Kind kind, std::uint64_t seq) {
    const ChainReport report = verify();
    ASSERT_TRUE(report.fault.has_value());
    EXPECT_EQ(report.fault->kind, kind) << report.fault->text;
    EXPECT_EQ(report.fault->seq, seq) << report.fault->text;
  }

  TemporaryFolder folder_;

 private:
  static void sha256_hex(sqlite3_context* context, int, sqlite3_value** values) {
    const std::string hex = to_hex(sha256(reinterpret_cast<const char*>(sqlite3_value_text(values[0]))));
    sqlite3_result_text(context, hex.data(), int(hex.size()), SQLITE_TRANSIENT);
  }
};

TEST_F(Verify, AnUntouchedLogIsWhole) {
  write(7);
  const ChainReport report = verify();
  EXPECT_FALSE(report.fault.has_value());
  EXPECT_EQ(report.records, 7u);
  EXPECT_EQ(report.first, 1u);
  EXPECT_EQ(report.last, 7u);
}

TEST_F(Verify, ItWorksWhileTheGatewayWrites) {
  const auto log = open_log(settings_in(folder_.path()));
  ASSERT_TRUE(append_and_wait(*log, a_breach()).durable);
  EXPECT_EQ(verify().records, 1u);
  ASSERT_TRUE(append_and_wait(*log, a_breach()).durable);
  EXPECT_EQ(verify().records, 2u);
}

TEST_F(Verify, AChangedRecordIsNamed) {
  write(5);
  tamper("UPDATE records SET record = replace(record, 'lucky-spins', 'maths-frame') WHERE seq = 3");
  expect_fault(Kind::changed, 3);
}

TEST_F(Verify, ARecordChangedTogetherWithItsHashIsFoundByTheNext) {
  write(5);
  tamper(
      "UPDATE records SET record = replace(record, 'lucky-spins', 'maths-frame') WHERE seq = 3;"
      "UPDATE records SET hash = sha256_hex(record) WHERE seq = 3");
  expect_fault(Kind::replaced, 4);
}

TEST_F(Verify, TheLastRecordChangedTogetherWithItsHashIsFoundByTheHead) {
  write(5);
  tamper(
      "UPDATE records SET record = replace(record, 'lucky-spins', 'maths-frame') WHERE seq = 5;"
      "UPDATE records SET hash = sha256_hex(record) WHERE seq = 5");
  expect_fault(Kind::replaced, 5);
}

TEST_F(Verify, AMissingRecordIsNamed) {
  write(5);
  tamper("DELETE FROM records WHERE seq = 2");
  expect_fault(Kind::missing, 2);
}

TEST_F(Verify, AMissingBeginningIsNamed) {
  write(5);
  tamper("DELETE FROM records WHERE seq <= 2");
  expect_fault(Kind::missing, 1);
}

TEST_F(Verify, TwoRecordsExchangedAreNamed) {
  write(5);
  tamper(
      "UPDATE records SET seq = 99 WHERE seq = 2; UPDATE records SET seq = 2 WHERE seq = 3;"
      "UPDATE records SET seq = 3 WHERE seq = 99");
  expect_fault(Kind::reordered, 2);
}

TEST_F(Verify, ATailCutOffIsNamed) {
  write(5);
  tamper("DELETE FROM records WHERE seq > 3");
  expect_fault(Kind::cut, 4);
}

TEST_F(Verify, ATailCutOffStaysVisibleWhenTheGatewayGoesOn) {
  write(5);
  tamper("DELETE FROM records WHERE seq > 3");
  write(2);
  expect_fault(Kind::missing, 4);
}

TEST_F(Verify, AHeadRewrittenWithoutTheKeyIsFound) {
  write(5);
  tamper(
      "DELETE FROM records WHERE seq > 3;"
      "UPDATE head SET seq = 3, hash = (SELECT hash FROM records WHERE seq = 3)");
  expect_fault(Kind::unsigned_, 0);
}

TEST_F(Verify, AHeadRewrittenWithoutTheKeyStaysVisibleWhenTheGatewayGoesOn) {
  write(5);
  tamper(
      "DELETE FROM records WHERE seq > 3;"
      "UPDATE head SET seq = 3, hash = (SELECT hash FROM records WHERE seq = 3)");
  write(2);
  const ChainReport report = verify();
  ASSERT_TRUE(report.fault.has_value());
  EXPECT_THAT(report.fault->text, HasSubstr("broken"));
}

TEST_F(Verify, ARecordAddedByHandIsFound) {
  write(3);
  tamper(
      "INSERT INTO records(seq, time, record, hash) SELECT 4, time,"
      " replace(replace(record, '\"seq\":3', '\"seq\":4'), substr(record, -66, 64), hash), '' FROM records WHERE seq = "
      "3;"
      "UPDATE records SET hash = sha256_hex(record) WHERE seq = 4");
  expect_fault(Kind::unsigned_, 4);
}

TEST_F(Verify, AnotherGatewaysKeyDoesNotFit) {
  write(3);
  const TemporaryFolder other;
  {
    open_log(settings_in(other.path()));
  }
  std::filesystem::copy_file(other.path() / "state.key", folder_.path() / "state.key",
                             std::filesystem::copy_options::overwrite_existing);
  expect_fault(Kind::unsigned_, 0);
}

TEST_F(Verify, RetentionLeavesAChainThatVerifies) {
  auto settings = settings_in(folder_.path());
  settings.retention = std::chrono::hours(24 * 30);
  const TimePoint now = wall_now();
  {
    const auto log = open_log(settings_in(folder_.path()));
    for (int age : {90, 60, 40, 29, 1})
      ASSERT_TRUE(append_and_wait(*log, a_breach(now - std::chrono::hours(24 * age))).durable);
  }
  {
    // Retention runs after the first write that finds it due, before the log closes.
    const auto log = open_log(settings);
    ASSERT_TRUE(append_and_wait(*log, a_breach(now)).durable);
    ASSERT_TRUE(append_and_wait(*log, a_breach(now)).durable);
  }
  const ChainReport report = verify();
  EXPECT_FALSE(report.fault.has_value()) << report.fault->text;
  EXPECT_EQ(report.removed, 3u);
  EXPECT_EQ(report.first, 4u);
  EXPECT_EQ(report.last, 7u);
  tamper("DELETE FROM records WHERE seq = 4");
  expect_fault(Kind::missing, 4);
}

}  // namespace
}  // namespace schoolgate::breaches
