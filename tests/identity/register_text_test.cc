#include "identity/register_text.h"

#include <gtest/gtest.h>

#include "tests/identity/scratch_state.h"

namespace schoolgate::identity {
namespace {

using test::day_at;

const std::vector<AccessGrant> kGrants{{.id = 1,
                                        .user = "amelia",
                                        .name = "Amelia \"A\" Hughes",
                                        .group = "year6,choir",
                                        .granted_by = "office",
                                        .from = day_at(9),
                                        .until = day_at(12)},
                                       {.id = 2,
                                        .user = "visitor:1",
                                        .name = "=HYPERLINK(\"http://evil.example\")",
                                        .role = PersonRole::visitor,
                                        .group = "visitors",
                                        .granted_by = "sign-in page",
                                        .from = day_at(9),
                                        .closed = day_at(10),
                                        .closed_why = "went home"}};

TEST(RegisterText, ARowSaysWhoWhatWhoseWordAndWhen) {
  const auto table = register_table(kGrants, day_at(11));
  ASSERT_EQ(table.rows.size(), 2u);
  ASSERT_EQ(table.columns.size(), table.keys.size());
  ASSERT_EQ(table.rows[0].size(), table.keys.size());
  EXPECT_EQ(table.rows[0][1], "amelia");
  EXPECT_EQ(table.rows[0][4], "year6, choir");
  EXPECT_EQ(table.rows[0][6], "2026-11-23T09:00:00.000Z");
  EXPECT_EQ(table.rows[0][8], "open");
  EXPECT_EQ(table.rows[1][8], "closed");
  EXPECT_EQ(register_table(kGrants, day_at(12)).rows[0][8], "closed");
  EXPECT_EQ(register_table(kGrants, day_at(11), {[](TimePoint) { return std::string("then"); }}).rows[0][6], "then");
}

TEST(RegisterText, CsvIsSafeInASpreadsheet) {
  const std::string csv = to_csv(register_table(kGrants, day_at(11)));
  EXPECT_TRUE(csv.starts_with("No.,Account,Name,Role,"));
  EXPECT_TRUE(csv.contains("1,amelia,\"Amelia \"\"A\"\" Hughes\",pupil,\"year6, choir\",office,"));
  EXPECT_TRUE(csv.contains("\"'=HYPERLINK(\"\"http://evil.example\"\")\""));
  EXPECT_TRUE(csv.ends_with("\r\n"));
}

TEST(RegisterText, JsonHasOneObjectARow) {
  const std::string json = to_json(terms_table({{.user = "amelia",
                                                 .name = "A",
                                                 .version = "1",
                                                 .accepted = true,
                                                 .when = day_at(9),
                                                 .from = test::address("10.20.1.5")}}));
  EXPECT_EQ(
      json,
      R"([{"time":"2026-11-23T09:00:00.000Z","user":"amelia","name":"A","role":"pupil","version":"1","answer":"accepted","from":"10.20.1.5"}])");
  EXPECT_EQ(to_json(devices_table({})), "[]");
}

TEST(RegisterText, NoPasswordIsInAnyTable) {
  const auto table = accounts_table({{.user = "amelia", .password_hash = "$argon2id$secret"},
                                     {.user = "ida", .no_password = true},
                                     {.user = "noah", .disabled = true}},
                                    day_at(9));
  EXPECT_EQ(table.rows[0][4], "set");
  EXPECT_EQ(table.rows[1][4], "needs none");
  EXPECT_EQ(table.rows[2][4], "not set");
  EXPECT_EQ(table.rows[2][7], "off");
  EXPECT_FALSE(to_csv(table).contains("argon2"));
}

TEST(RegisterText, EveryTableIsWhole) {
  for (const RegisterTable& table : {classes_table({{"robins", "Robins", "owl", "eyfs"}}),
                                     visits_table({{.id = 1,
                                                    .name = "Jo",
                                                    .host = "Mrs Oak",
                                                    .purpose = "reading",
                                                    .code = "abcd1234",
                                                    .from = day_at(9),
                                                    .until = day_at(12)}},
                                                  day_at(10)),
                                     devices_table({{"02:00:5e:10:00:01", "hall", "Hall", "console", true, ""}})}) {
    ASSERT_EQ(table.rows.size(), 1u);
    EXPECT_EQ(table.rows[0].size(), table.columns.size());
    EXPECT_EQ(table.keys.size(), table.columns.size());
  }
}

TEST(RegisterText, TheCodeOfAVisitThatIsOverIsNotShown) {
  const Visit visit{.id = 1,
                    .name = "Jo",
                    .host = "Mrs Oak",
                    .purpose = "reading",
                    .code = "abcd1234",
                    .from = day_at(9),
                    .until = day_at(12)};
  EXPECT_EQ(visits_table({visit}, day_at(10)).rows[0][4], "abcd1234");
  EXPECT_EQ(visits_table({visit}, day_at(12)).rows[0][4], "");
}

}  // namespace
}  // namespace schoolgate::identity
