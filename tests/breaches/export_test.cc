#include "breaches/export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "breaches/csv.h"
#include "breaches/record.h"
#include "tests/breaches/support.h"

namespace schoolgate::breaches {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string cell(std::string_view text) {
  std::string out;
  append_csv_cell(out, text);
  return out;
}

TEST(Csv, PlainTextStaysAsItIs) { EXPECT_EQ(cell("ks2"), "ks2"); }

TEST(Csv, SeparatorsAndQuotesAreQuoted) {
  EXPECT_EQ(cell("a,b"), R"("a,b")");
  EXPECT_EQ(cell("say \"hi\"\r\n"), "\"say \"\"hi\"\"\r\n\"");
}

TEST(Csv, FormulasAreNeutralised) {
  for (const std::string formula : {"=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\tx"})
    EXPECT_EQ(cell(formula), "'" + formula) << formula;
  EXPECT_EQ(cell("=a,b"), R"("'=a,b")");
}

TEST(Export, ATimeRangeIncludesItsBeginningAndNotItsEnd) {
  const TemporaryFolder folder;
  const auto log = open_log(settings_in(folder.path()));
  for (const char* time :
       {"2026-11-22T23:59:59.999Z", "2026-11-23T00:00:00Z", "2026-11-23T12:00:00Z", "2026-11-24T00:00:00Z"})
    ASSERT_TRUE(append_and_wait(*log, a_breach(at(time))).durable);
  const auto lines = lines_of(exported(folder.path(), ExportFormat::jsonl, {at("2026-11-23"), at("2026-11-24")}));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(field(lines[0], "seq"), "2");
  EXPECT_EQ(field(lines[1], "seq"), "3");
}

TEST(Export, MoreRecordsThanOneStepComeWholeAndInOrder) {
  const TemporaryFolder folder;
  {
    const auto log = open_log(settings_in(folder.path()));
    for (int i = 0; i < 2500; ++i) log->append(a_breach(), {});
  }
  const auto lines = lines_of(exported(folder.path()));
  ASSERT_EQ(lines.size(), 2500u);
  for (std::size_t i = 0; i < lines.size(); ++i) ASSERT_EQ(field(lines[i], "seq"), std::to_string(i + 1));
}

TEST(Export, AReaderThatGoesAwayEndsIt) {
  const TemporaryFolder folder;
  const auto log = open_log(settings_in(folder.path()));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(append_and_wait(*log, a_breach()).durable);
  int calls = 0;
  const auto done =
      export_breaches(folder.path(), {}, ExportFormat::csv, [&](std::string_view) { return ++calls < 1; });
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(calls, 1);
}

TEST(Export, CsvHasAHeaderAndAFlatReason) {
  const TemporaryFolder folder;
  const auto log = open_log(settings_in(folder.path()));
  Breach breach = a_breach();
  breach.person = "=HYPERLINK(\"x\")";
  ASSERT_TRUE(append_and_wait(*log, breach).durable);
  const auto lines = lines_of(exported(folder.path(), ExportFormat::csv));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0], StartsWith("id,seq,school,gateway,time,group,person,"));
  EXPECT_THAT(lines[0], HasSubstr(",reason_tier,reason_rule,"));
  EXPECT_THAT(lines[1], HasSubstr(R"csv("'=HYPERLINK(""x"")")csv"));
  EXPECT_EQ(lines[1].back(), '\r');
}

TEST(Export, AnAbsentLogIsAnErrorThatNamesIt) {
  const TemporaryFolder folder;
  const auto done = export_breaches(folder.path(), {}, ExportFormat::jsonl, [](std::string_view) { return true; });
  ASSERT_FALSE(done.has_value());
  EXPECT_THAT(done.error().text(), HasSubstr("breaches.db"));
}

class Withheld : public ::testing::TestWithParam<bool> {};

TEST_P(Withheld, NothingOfAnIllegalOrSealedAddressIsInAnyFile) {
  const TemporaryFolder folder;
  {
    const auto log = open_log(settings_in(folder.path()));
    Breach breach = a_breach();
    breach.site = "withheld-site.example";
    breach.url = "http://withheld-site.example/secretpath?q=secretquery";
    breach.search = "secretquery";
    breach.reason.entry = "withheld-site.example/secretpath";
    breach.reason.source = "/secure/withheld-list.txt";
    breach.reason.category = "child-abuse";
    breach.reason.illegal = GetParam();
    breach.reason.sealed = !GetParam();
    ASSERT_TRUE(append_and_wait(*log, breach).durable);
  }
  const std::string line = lines_of(exported(folder.path())).at(0);
  EXPECT_EQ(field(line, "site"), R"("sealed")");
  EXPECT_EQ(field(line, "url"), R"("sealed")");
  EXPECT_EQ(field(line, "entry"), R"("sealed")");
  EXPECT_EQ(field(line, "source"), R"("sealed")");
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    const auto content = read_file(entry.path());
    ASSERT_TRUE(content.has_value());
    for (const char* secret : {"withheld-site", "secretpath", "secretquery", "withheld-list"})
      EXPECT_THAT(*content, Not(HasSubstr(secret))) << entry.path();
  }
  // Whoever holds the key can compare a named address with what was kept, and nobody else.
  const auto key = store::StateKey::load(folder.path());
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(field(line, "site_hash"), '"' + sealed_hash(*key, "withheld-site.example") + '"');
  EXPECT_EQ(field(line, "url_hash"),
            '"' + sealed_hash(*key, "http://withheld-site.example/secretpath?q=secretquery") + '"');
}

INSTANTIATE_TEST_SUITE_P(IllegalOrSealed, Withheld, ::testing::Bool());

TEST(Record, AnIllegalRuleOfTheSchoolKeepsItsLineButNotItsText) {
  const TemporaryFolder folder;
  const auto log = open_log(settings_in(folder.path()));
  Breach breach = a_breach();
  breach.reason.rule = "block site withheld-site.example";
  breach.reason.source = "rules/block.yaml:3";
  breach.reason.illegal = true;
  ASSERT_TRUE(append_and_wait(*log, breach).durable);
  const std::string line = exported(folder.path());
  EXPECT_EQ(field(line, "rule"), R"("sealed")");
  EXPECT_EQ(field(line, "source"), R"("rules/block.yaml:3")");
}

TEST(Record, HostileTextCannotForgeAFieldOrALine) {
  const TemporaryFolder folder;
  const auto log = open_log(settings_in(folder.path()));
  Breach breach = a_breach();
  breach.person = "jo\",\"urgency\":1,\"x\":\"\r\n\x1b[2J\xff";
  breach.url = "http://lucky-spins.example/\xe2\x80\xaegnp.exe";
  ASSERT_TRUE(append_and_wait(*log, breach).durable);
  const auto lines = lines_of(exported(folder.path()));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0], HasSubstr(R"("person":"jo\",\"urgency\":1,\"x\":\"\r\n\u001b[2J\ufffd")"));
  EXPECT_THAT(lines[0], HasSubstr(R"(\u202egnp.exe)"));
}

TEST(Record, WhatWasSearchedForIsKeptAndTheQueryIsNot) {
  const TemporaryFolder folder;
  const auto log = open_log(settings_in(folder.path()));
  Breach breach = a_breach();
  breach.url = "https://www.google.example/search?q=how+to+win&sid=secret";
  breach.search = "how to \"win\"";
  ASSERT_TRUE(append_and_wait(*log, breach).durable);
  const std::string record = lines_of(exported(folder.path())).at(0);
  EXPECT_NE(record.find(R"("search":"how to \"win\"")"), std::string::npos) << record;
  EXPECT_EQ(record.find("secret"), std::string::npos) << record;
  const auto csv = lines_of(exported(folder.path(), ExportFormat::csv));
  EXPECT_NE(csv.at(0).find(",url,search,"), std::string::npos) << csv.at(0);
}

TEST(Record, AVeryLongAddressIsCut) {
  const TemporaryFolder folder;
  const auto log = open_log(settings_in(folder.path()));
  Breach breach = a_breach();
  breach.url = "http://lucky-spins.example/" + std::string(60'000, 'a');
  ASSERT_TRUE(append_and_wait(*log, breach).durable);
  EXPECT_LT(exported(folder.path()).size(), 6000u);
}

}  // namespace
}  // namespace schoolgate::breaches
