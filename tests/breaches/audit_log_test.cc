#include "breaches/audit_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include "breaches/line_diff.h"
#include "tests/breaches/support.h"

namespace schoolgate::breaches {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(LineDiff, TheSameTextHasNone) { EXPECT_EQ(line_diff("a\nb\n", "a\nb\n"), ""); }

TEST(LineDiff, AChangedLineComesWithItsContext) {
  EXPECT_EQ(line_diff("1\n2\n3\n4\n5\n6\n7\n", "1\n2\n3\nvier\n5\n6\n7\n"),
            "@@ -2,5 +2,5 @@\n 2\n 3\n-4\n+vier\n 5\n 6\n");
}

TEST(LineDiff, ANewFileIsAllAdded) { EXPECT_EQ(line_diff("", "a\nb\n"), "@@ -1,0 +1,2 @@\n+a\n+b\n"); }

TEST(LineDiff, ARemovedFileIsAllRemoved) { EXPECT_EQ(line_diff("a\nb\n", ""), "@@ -1,2 +1,0 @@\n-a\n-b\n"); }

TEST(LineDiff, ChangesFarApartAreSeparateHunks) {
  std::string before, after;
  for (int i = 0; i < 30; ++i) {
    before += std::to_string(i) + '\n';
    after += (i == 3 || i == 25 ? "x" : std::to_string(i)) + '\n';
  }
  EXPECT_EQ(line_diff(before, after, 1), "@@ -3,3 +3,3 @@\n 2\n-3\n+x\n 4\n@@ -25,3 +25,3 @@\n 24\n-25\n+x\n 26\n");
}

TEST(LineDiff, AMovedBlockKeepsTheLongerPart) {
  EXPECT_EQ(line_diff("a\nb\nc\nd\n", "d\na\nb\nc\n", 0), "@@ -1,0 +1,1 @@\n+d\n@@ -4,1 +5,0 @@\n-d\n");
}

TEST(LineDiff, HugeTextsEndWithinTheLimit) {
  std::string before, after;
  for (int i = 0; i < 9000; ++i) {
    before += "old " + std::to_string(i) + '\n';
    after += "new " + std::to_string(i) + '\n';
  }
  const std::string diff = line_diff(before, after, 2, 10'000);
  EXPECT_LT(diff.size(), 10'200u);
  EXPECT_THAT(diff, HasSubstr("left out"));
}

AuditChange a_change() {
  return {.time = at("2026-11-23T09:30:00Z"),
          .user = {.uid = 1000, .name = "tech", .sudo_user = "tech"},
          .what = "reload",
          .old_version = "v1",
          .new_version = "v2",
          .files = {{"policy.yaml", "groups:\n  ks2:\n    gambling: block\n", "groups:\n  ks2:\n    gambling: allow\n"},
                    {"lists.yaml", "lists: []\n", "lists: []\n"}}};
}

std::vector<std::string> listed(const std::filesystem::path& folder) {
  std::vector<std::string> records;
  EXPECT_TRUE(list_audit(folder, [&](std::string_view record) {
                records.emplace_back(record);
                return true;
              }).has_value());
  return records;
}

TEST(AuditLog, AChangeIsKeptWithUserVersionsAndDiff) {
  const TemporaryFolder folder;
  const auto log = AuditLog::open(folder.path());
  ASSERT_TRUE(log.has_value());
  EXPECT_EQ((*log)->record_change(a_change()).value_or(0), 1u);
  const auto records = listed(folder.path());
  ASSERT_EQ(records.size(), 1u);
  EXPECT_THAT(
      records[0],
      AllOf(
          HasSubstr(
              R"("time":"2026-11-23T09:30:00.000Z","what":"reload","user":{"uid":1000,"name":"tech","sudo_user":"tech"},)"),
          HasSubstr(
              R"("old_version":"v1","new_version":"v2","files":[{"name":"policy.yaml","diff":"@@ -1,3 +1,3 @@\n groups:\n   ks2:\n-    gambling: block\n+    gambling: allow\n"}])"),
          Not(HasSubstr("lists.yaml"))));
}

TEST(AuditLog, TheChainGoesOnAcrossRestartsAndVerifies) {
  const TemporaryFolder folder;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE((*AuditLog::open(folder.path()))->record_change(a_change()).has_value());
  const auto report = verify_audit(folder.path());
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->records, 3u);
  EXPECT_FALSE(report->fault.has_value());
}

TEST(AuditLog, AChangedRecordIsFound) {
  const TemporaryFolder folder;
  {
    for (int i = 0; i < 3; ++i) ASSERT_TRUE((*AuditLog::open(folder.path()))->record_change(a_change()).has_value());
  }
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open((folder.path() / "audit.db").c_str(), &database), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(database, "UPDATE records SET record = replace(record, 'tech', 'boss') WHERE seq = 2", nullptr,
                         nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(database);
  const auto report = verify_audit(folder.path());
  ASSERT_TRUE(report.has_value() && report->fault.has_value());
  EXPECT_EQ(report->fault->seq, 2u);
}

TEST(AuditLog, OldDaysGoAndTheRestVerifies) {
  const TemporaryFolder folder;
  const auto log = AuditLog::open(folder.path());
  AuditChange old = a_change();
  old.time = at("2019-01-01");
  ASSERT_TRUE((*log)->record_change(old).has_value());
  ASSERT_TRUE((*log)->record_change(a_change()).has_value());
  EXPECT_EQ((*log)->remove_before(at("2020-01-01"), at("2026-11-23")).value_or(0), 1u);
  const auto report = verify_audit(folder.path());
  ASSERT_TRUE(report.has_value());
  EXPECT_FALSE(report->fault.has_value());
  EXPECT_EQ(report->first, 2u);
}

TEST(MachineUsers, ThisProcessHasItsNumber) { EXPECT_EQ(current_user().uid, ::getuid()); }

}  // namespace
}  // namespace schoolgate::breaches
