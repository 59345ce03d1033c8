#include "breaches/find_reference.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/uuid.h"
#include "breaches/breach_log.h"
#include "breaches/breach_store.h"
#include "breaches/flat_json.h"
#include "store/sqlite.h"
#include "tests/breaches/support.h"

namespace schoolgate::breaches {
namespace {

TEST(ReadReference, TakesTheNumberAsItIsReadOut) {
  const std::string number = Uuid::v7(at("2026-11-23T09:30:00Z")).reference();
  EXPECT_EQ(read_reference(number), number);
  for (const char* spelling :
       {"01AB-CDEFGH", "01ab-cdefgh", "01ABCDEFGH", "0lab cdefgh", "OiAB-CDEFGH", " 01AB-CDEFGH "})
    EXPECT_EQ(read_reference(spelling), "01AB-CDEFGH") << spelling;
}

TEST(ReadReference, WhatIsNoNumberIsNone) {
  for (const char* text :
       {"", "01AB-CDEFG", "01AB-CDEFGHJ", "01AB-CDEFGU", "casino.example", "01AB_CDEFGH", "%AB-CDEFGHJ"})
    EXPECT_EQ(read_reference(text), std::nullopt) << text;
}

class FindReference : public ::testing::Test {
 protected:
  void write_breaches(const std::vector<Breach>& all) {
    const auto log = open_log(settings_in(folder_.path()));
    for (const Breach& breach : all) ASSERT_TRUE(append_and_wait(*log, breach).durable);
  }
  TemporaryFolder folder_;
  std::filesystem::path decisions_ = folder_.path() / "decisions.jsonl";
};

TEST_F(FindReference, ABreachIsFoundByTheNumberOfItsPage) {
  std::vector<Breach> all;
  for (int i = 0; i < 3; ++i) all.push_back(a_breach());
  write_breaches(all);
  for (const Breach& breach : all) {
    const auto found = find_reference(folder_.path(), {}, breach.id.reference());
    ASSERT_TRUE(found.has_value() && found->has_value());
    EXPECT_TRUE((*found)->is_breach);
    const auto record = FlatJson::parse((*found)->record);
    EXPECT_EQ(record->text("id"), breach.id.text());
    EXPECT_EQ(record->text("reference"), breach.id.reference());
  }
}

TEST_F(FindReference, APageWithoutABreachIsFoundInTheDecisionLogOfItsDay) {
  ASSERT_TRUE(
      replace_file(folder_.path() / "decisions-2026-11-22.jsonl",
                   "{\"time\":\"2026-11-22T09:00:00.000Z\",\"url\":\"http://x.example/"
                   "\\\"reference\\\":\\\"01AB-CDEFGH\\\"\",\"reference\":\"22AB-CDEFGH\"}\n"
                   "{\"time\":\"2026-11-22T09:00:01.000Z\",\"rule\":\"certificate\",\"reference\":\"01AB-CDEFGH\"}\n"));
  ASSERT_TRUE(replace_file(decisions_, "{\"time\":\"2026-11-23T09:00:01.000Z\",\"rule\":\"tier\"}\n"));
  const auto found = find_reference(folder_.path(), decisions_, "01AB-CDEFGH");
  ASSERT_TRUE(found.has_value() && found->has_value());
  EXPECT_FALSE((*found)->is_breach);
  EXPECT_EQ(FlatJson::parse((*found)->record)->text("rule"), "certificate");
}

TEST_F(FindReference, AnAddressThatLooksLikeTheFieldIsNotTheRecord) {
  Breach meant = a_breach(), other = a_breach();
  other.url = "http://a.example/\"reference\":\"" + meant.id.reference() + "\"";
  write_breaches({meant, other});
  const auto found = find_reference(folder_.path(), {}, meant.id.reference());
  ASSERT_TRUE(found.has_value() && found->has_value());
  EXPECT_EQ(FlatJson::parse((*found)->record)->text("id"), meant.id.text());
}

TEST_F(FindReference, OfARecordWithoutTheFieldTheNumberFollowsFromItsId) {
  const Breach old = a_breach();
  write_breaches({old});
  {
    auto database = store::Database::open(folder_.path() / kBreachesFile, store::Database::Access::write);
    const std::string without =
        "UPDATE records SET record = replace(record, ',\"reference\":\"" + old.id.reference() + "\"', '')";
    ASSERT_TRUE(database->run(without.c_str()));
  }
  const auto found = find_reference(folder_.path(), {}, old.id.reference());
  ASSERT_TRUE(found.has_value() && found->has_value());
  EXPECT_EQ(FlatJson::parse((*found)->record)->text("id"), old.id.text());
}

TEST_F(FindReference, ANumberOfNoRecordIsNothingAndNotAnError) {
  for (const std::filesystem::path& decisions : {std::filesystem::path(), decisions_}) {
    const auto found = find_reference(folder_.path(), decisions, "01AB-CDEFGH");
    ASSERT_TRUE(found.has_value()) << found.error().text();
    EXPECT_FALSE(found->has_value());
  }
}

}  // namespace
}  // namespace schoolgate::breaches
