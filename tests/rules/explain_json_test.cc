// The object that `schoolgate explain --json` prints.
#include "rules/explain.h"

#include "tests/rules/policies.h"
#include "tests/rules/test_lists.h"

namespace schoolgate::rules {
namespace {

using namespace test;

std::string json_of(const PolicySpec& spec, std::string_view url, std::string_view group = "ks2",
                    std::shared_ptr<const blocklists::CategoryDb> lists = nullptr) {
  const auto snapshot = compiled(spec, std::move(lists));
  return explain_json(*snapshot, {.group = *snapshot->find_group(group)}, get(url), Stage::request, sunday_noon(), url);
}

TEST(ExplainJson, HasTheFieldsOfTheContract) {
  EXPECT_EQ(
      json_of(school({block_site("lucky-spins.example")}), "HTTP://Lucky-Spins.example"),
      "{\"url\":\"HTTP://Lucky-Spins.example\",\"canonical\":\"http://lucky-spins.example/\",\"group\":\"ks2\","
      "\"time\":\"2026-11-22T12:00:00.000Z\",\"action\":\"block\",\"inspect\":false,\"inspect_reason\":\"none\","
      "\"categories\":[\"gambling\"],\"named_by\":{\"gambling\":[\"rules/local.yaml:1\"]},"
      "\"reason\":{\"tier\":\"local\",\"rule\":\"block site "
      "lucky-spins.example\",\"list\":null,\"entry\":\"lucky-spins.example\","
      "\"source\":\"rules/local.yaml:1\",\"nested\":false,\"policy_version\":\"v1\"},"
      "\"text\":{\"pupil\":\"This page is about playing for money. That is only for grown-ups. If you need it for your "
      "work, ask your "
      "teacher.\",\"technician\":\"Blocked at tier 4 of 6 (local) by the rule 'block site lucky-spins.example' "
      "(category gambling) at "
      "rules/local.yaml:1. To change it, edit that rule or add a more specific one (a longer URL, or an exact "
      "host).\"},"
      "\"considered\":[{\"tier\":\"local\",\"action\":\"block\",\"category\":\"gambling\",\"rule\":\"block site "
      "lucky-spins.example\","
      "\"list\":null,\"entry\":\"lucky-spins.example\",\"source\":\"rules/local.yaml:1\",\"nested\":false}]}");
}

TEST(ExplainJson, WithoutAMatchTheEvidenceIsNull) {
  const std::string json = json_of(school(), "http://a.example/");
  EXPECT_NE(json.find("\"categories\":[]"), std::string::npos) << json;
  EXPECT_NE(json.find("\"reason\":{\"tier\":\"unlisted\",\"rule\":null,\"list\":null,\"entry\":null,\"source\":null"),
            std::string::npos)
      << json;
  EXPECT_NE(json.find("\"considered\":[]"), std::string::npos) << json;
}

TEST(ExplainJson, EachCategoryIsThereOnceTheDecidingFirst) {
  const TestLists lists({{"games-1", "games", blocklists::Format::domains, "a.example\n"},
                         {"games-2", "games", blocklists::Format::domains, "a.example\n"},
                         {"gambling-1", "gambling", blocklists::Format::domains, "a.example\n"}});
  const std::string json = json_of(school(), "http://a.example/", "ks2", lists.database());
  EXPECT_NE(json.find("\"categories\":[\"gambling\",\"games\"]"), std::string::npos) << json;
}

TEST(ExplainJson, SaysWhetherTheConnectionWouldBeDecrypted) {
  PolicySpec spec = school({block_url("forum.example/casino/")});
  spec.inspection = InspectionMode::selective;
  EXPECT_NE(json_of(spec, "https://forum.example/maths").find("\"inspect\":true"), std::string::npos);
  EXPECT_NE(json_of(spec, "http://forum.example/maths").find("\"inspect\":false"), std::string::npos);
  EXPECT_NE(json_of(spec, "https://other.example/").find("\"inspect\":false"), std::string::npos);
}

TEST(ExplainJson, SaysWhyTheConnectionWouldBeDecryptedOrNot) {
  PolicySpec spec = school({block_url("forum.example/casino/")});
  EXPECT_NE(json_of(spec, "https://forum.example/x").find("\"inspect_reason\":\"off\""), std::string::npos);
  spec.inspection = InspectionMode::selective;
  EXPECT_NE(json_of(spec, "https://forum.example/x").find("\"inspect_reason\":\"url_entry\""), std::string::npos);
  EXPECT_NE(json_of(spec, "https://web.whatsapp.com/").find("\"inspect_reason\":\"never_shipped\""), std::string::npos);
}

TEST(ExplainJson, SaysWhenAnInnerAddressDecided) {
  const std::string json =
      json_of(school({block_site("bad.example")}), "https://web.archive.org/web/1/https://bad.example/");
  EXPECT_NE(json.find("\"entry\":\"bad.example\",\"source\":\"rules/local.yaml:1\",\"nested\":true"), std::string::npos)
      << json;
}

TEST(ExplainJson, SealedEntriesStaySealed) {
  const TestLists lists({{"iwf", "child-abuse", blocklists::Format::urls, "files.example/secret\n", true}});
  const std::string json = json_of(school(), "https://files.example/secret", "ks2", lists.database());
  EXPECT_NE(json.find("\"list\":\"iwf\",\"entry\":\"sealed\",\"source\":\"sealed\""), std::string::npos) << json;
}

}  // namespace
}  // namespace schoolgate::rules
