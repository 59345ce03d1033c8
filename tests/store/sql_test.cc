#include "store/sql.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

namespace schoolgate::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

enum class Colour : std::uint8_t { red, green };

struct Kept {
  std::string word;
  std::int64_t number = 0;
  bool good = false;
  Colour colour = Colour::red;
  TimePoint time;
  std::optional<TimePoint> until;
  std::string bytes;
  bool operator==(const Kept&) const = default;
};

Kept read_kept(Statement& row) {
  return {.word = row.take<std::string>(),
          .number = row.take<std::int64_t>(),
          .good = row.take<bool>(),
          .colour = row.take<Colour>(),
          .time = row.take<TimePoint>(),
          .until = row.take<std::optional<TimePoint>>(),
          .bytes = row.take<std::string>()};
}

class Sql : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "schoolgate-sql-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    database_ = Database::open(folder_ / "kept.db", Database::Access::write).value();
    ASSERT_TRUE(
        database_.run("CREATE TABLE kept(word TEXT, number INTEGER, good INTEGER, colour INTEGER,"
                      " time INTEGER, until INTEGER, bytes BLOB)"));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Result<std::uint64_t> put(const Kept& kept) {
    return execute(database_, "INSERT INTO kept VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)", kept.word, kept.number, kept.good,
                   kept.colour, kept.time, kept.until, Bytes{kept.bytes});
  }

  std::filesystem::path folder_;
  Database database_;
};

const TimePoint kTime = from_stored(1'790'000'000'123);

TEST_F(Sql, ReadsInTheOrderOfTheQueryWhatWasBoundInTheOrderOfTheParameters) {
  const Kept first{"one", -7, true, Colour::green, kTime, kTime, std::string("a\0b", 3)};
  const Kept second{"", 0, false, Colour::red, from_stored(0), std::nullopt, ""};
  EXPECT_EQ(put(first).value(), 1u);
  EXPECT_EQ(put(second).value(), 1u);
  const auto all = select_all(database_, "SELECT * FROM kept ORDER BY word DESC", read_kept);
  ASSERT_TRUE(all) << all.error().text();
  EXPECT_THAT(*all, ElementsAre(first, second)) << "each row begins at the first column again";
}

TEST_F(Sql, AColumnThatMayBeNullIsTakenLikeTheOthers) {
  ASSERT_TRUE(put({.word = "one", .number = 3, .until = std::nullopt}));
  const auto found = select_first(database_, "SELECT until, number, NULL, word FROM kept", [](Statement& row) {
    EXPECT_EQ(row.take<std::optional<TimePoint>>(), std::nullopt);
    EXPECT_EQ(row.take<std::optional<int>>(), 3);
    EXPECT_EQ(row.take<std::optional<std::string>>(), std::nullopt);
    return row.take<std::string>();
  });
  EXPECT_EQ(found.value(), "one");
}

TEST_F(Sql, ZeroIsNotYetWhereATableSaysSo) {
  const auto of = [&](const char* sql) { return select_first(database_, sql, time_unless_zero).value().value(); };
  EXPECT_EQ(of("SELECT 0"), std::nullopt);
  EXPECT_EQ(of("SELECT NULL"), std::nullopt);
  EXPECT_EQ(of("SELECT 5"), from_stored(5));
}

TEST_F(Sql, ColumnsOfAnotherReaderArePassedOver) {
  const auto found = select_first(database_, "SELECT 1, 2, 3, 'four'", [](Statement& row) {
    row.skip_to(3);
    return row.take<std::string>();
  });
  EXPECT_EQ(found.value(), "four");
}

TEST_F(Sql, ATimeComesBackAsItWasStored) {
  for (const TimePoint time : {kTime, TimePoint{}, TimePoint(std::chrono::milliseconds(-1))})
    EXPECT_EQ(from_stored(to_stored(time)), time);
}

TEST_F(Sql, TheFirstOfNoRowsIsNothing) {
  const auto none = select_first(database_, "SELECT word FROM kept", [](Statement& row) { return row.integer(0); });
  ASSERT_TRUE(none);
  EXPECT_EQ(*none, std::nullopt);
}

TEST_F(Sql, AQueryThatFailsIsAnErrorOfThisMachine) {
  const auto number = select_number(database_, "SELECT nothing FROM nowhere");
  ASSERT_FALSE(number);
  EXPECT_EQ(number.error().fault, Fault::host);
  const auto rows =
      select_all(database_, "SELECT abs(-9223372036854775808)", [](Statement& row) { return row.integer(0); });
  ASSERT_FALSE(rows) << "fails at its first step";
  EXPECT_THAT(rows.error().text(), HasSubstr("integer overflow"));
}

}  // namespace
}  // namespace schoolgate::store
