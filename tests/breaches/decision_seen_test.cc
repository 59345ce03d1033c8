#include "breaches/decision_seen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "breaches/decision_line.h"
#include "breaches/flat_json.h"
#include "tests/breaches/support.h"

namespace schoolgate::breaches {
namespace {

using ::testing::ElementsAre;

std::string line_of(const Decision& decision) {
  std::string out;
  TimeText time_text;
  append_decision_line(out, decision, time_text);
  out.pop_back();
  return out;
}

TEST(DecisionSeen, ReadsWhatTheLogWrites) {
  const std::vector<std::string> groups{"year 6", R"(a "choir", with a comma)", "ünïcode\\"};
  const Decision written{.time = at("2026-11-23T09:30:00.007Z"),
                         .group = "ks2",
                         .device = "10.20.2.7",
                         .method = "GET",
                         .host = "maths.example",
                         .url = "https://maths.example/a\"b\\",
                         .action = "allow",
                         .category = "games",
                         .stage = "request",
                         .rule = "local",
                         .search = "what's \"this\"",
                         .person = "jo.oak",
                         .confidence = "login",
                         .source = "basic",
                         .page = "www.maths.example",
                         .reference = "K7QF-2M9XPT",
                         .groups = groups,
                         .kind = "school",
                         .by_name_only = true,
                         .query = true,
                         .inspected = true,
                         .ms = 3};
  const std::string line = line_of(written);
  DecisionSeen seen;
  ASSERT_TRUE(read_decision_line(line, seen)) << line;
  EXPECT_EQ(seen.time, written.time);
  for (const auto& [got, want] : {std::pair{seen.group, written.group},
                                  {seen.device, written.device},
                                  {seen.method, written.method},
                                  {seen.host, written.host},
                                  {seen.action, written.action},
                                  {seen.stage, written.stage},
                                  {seen.rule, written.rule},
                                  {seen.person, written.person},
                                  {seen.confidence, written.confidence},
                                  {seen.page, written.page},
                                  {seen.kind, written.kind}})
    EXPECT_EQ(plain_text(got), want);
  EXPECT_EQ(plain_text(seen.url), written.url);
  EXPECT_EQ(group_names(seen.groups), groups);
  EXPECT_TRUE(seen.by_name_only && seen.query && seen.inspected && seen.has_kind);
  EXPECT_FALSE(seen.groups_cut);
}

TEST(DecisionSeen, KnowsALineOfAnEarlierRelease) {
  DecisionSeen seen;
  ASSERT_TRUE(read_decision_line(
      R"({"time":"2026-11-23T09:30:00.007Z","group":"ks2","device":"10.20.2.7","method":"GET","host":"a.example",)"
      R"("url":"http://a.example/","action":"allow","category":"","stage":"request","inspected":false,"bytes_in":4,)"
      R"("bytes_out":1,"ms":2.000,"rule":"unlisted"})",
      seen));
  EXPECT_FALSE(seen.has_kind);
  EXPECT_EQ(seen.url, "http://a.example/");
}

TEST(DecisionSeen, GroupsThatWereTooManyAreNotTakenForNone) {
  const std::vector<std::string> groups(100, "a group of the directory");
  Decision written{.time = at("2026-11-23T09:30:00Z"), .group = "ks2"};
  written.groups = groups;
  const std::string line = line_of(written);
  DecisionSeen seen;
  ASSERT_TRUE(read_decision_line(line, seen));
  EXPECT_TRUE(seen.groups_cut);
}

// Whatever a disk that was full, or an editor, left of a line: no guess, no read beyond it.
TEST(DecisionSeen, EveryTornLineIsNone) {
  const std::vector<std::string> groups{"year 6"};
  Decision written{.time = at("2026-11-23T09:30:00Z"), .group = "k\\s", .url = "http://a.example/"};
  written.groups = groups;
  const std::string line = line_of(written);
  DecisionSeen seen;
  for (std::size_t size = 0; size < line.size(); ++size)
    EXPECT_FALSE(read_decision_line(std::string(line.substr(0, size)), seen)) << size;
  for (const char* other :
       {"{}", "[]", R"({"group":"ks2"})", R"({"time":"yesterday"})", R"({"time":"2026-13-40T99:99:99.000Z"})",
        R"({"time":"2026-11-23T09:30:00.000Z","a":[1})", "\xff\xfe", R"({"time":1})"})
    EXPECT_FALSE(read_decision_line(other, seen)) << other;
}

TEST(DecisionSeen, GroupNamesOfDamagedTextEnd) {
  EXPECT_THAT(group_names(R"("a","b)"), ElementsAre("a"));
  EXPECT_THAT(group_names(R"(a)"), ElementsAre());
  EXPECT_THAT(group_names(R"("a",)"), ElementsAre("a"));
}

}  // namespace
}  // namespace schoolgate::breaches
