#include <gtest/gtest.h>

#include "app/known_measures.h"
#include "casework/desk_store.h"
#include "casework/measures.h"
#include "tests/app/scratch_school.h"

namespace schoolgate::app {
namespace {

using test::Ran;
using test::ScratchSchool;

/// One school for all of these tests: they only read.
class ExplainCommand : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    school_ = new ScratchSchool;
    school_->edit("schoolgate.yaml", "inspection: {", "inspection: { mode: \"off\" } #");
    school_->edit(
        "policy.yaml", "members: { networks: [\"127.0.1.0/24\"] }",
        "members: { networks: [\"127.0.1.0/24\"], users: [head.teacher], groups: [Teachers], devices: [staff] }");
    school_->write("rules/90-people.yaml",
                   "allow:\n  - { site: phonics.example, groups: [infants], needs: [cdn.example] }\n");
  }
  static void TearDownTestSuite() {
    delete school_;
    school_ = nullptr;
  }
  static Ran explain(std::string url, std::vector<std::string> options) {
    Ran ran = school_->run({"explain", std::move(url)}, std::move(options));
    EXPECT_EQ(ran.status, 0) << ran.err;
    return ran;
  }
  static ScratchSchool* school_;
};
ScratchSchool* ExplainCommand::school_ = nullptr;

TEST_F(ExplainCommand, NamesTheRuleAndItsLine) {
  const Ran ran = explain("http://FORUM.example/x/../casino/1", {"--group", "pupils"});
  EXPECT_TRUE(ran.out.starts_with("block  http://forum.example/casino/1\n")) << ran.out;
  for (const char* part : {"for       pupils (Pupils), as given", "tier      4 of 6: local", "category  gambling",
                           "by        rule '", "rules/school.yaml:3", "sees      the whole address", "Pupil:      "})
    EXPECT_TRUE(ran.out.contains(part)) << part << " is not in\n" << ran.out;
}

TEST_F(ExplainCommand, NamesTheListAndItsEntry) {
  const Ran ran = explain("http://www.lucky-spins.example/", {"--address", "127.0.1.9"});
  EXPECT_TRUE(ran.out.contains("list demo-gambling, entry lucky-spins.example, from ")) << ran.out;
  EXPECT_TRUE(ran.out.contains("staff (Staff), by the network of 127.0.1.9")) << ran.out;
}

TEST_F(ExplainCommand, OverHttpsTheNameDecidesAndBothAnswersAreGiven) {
  const Ran words = explain("https://forum.example/casino/1", {"--group", "pupils"});
  EXPECT_TRUE(words.out.starts_with("allow  https://forum.example/casino/1\n")) << words.out;
  EXPECT_TRUE(words.out.contains("TLS     not opened: inspection is off")) << words.out;
  EXPECT_TRUE(words.out.contains("The whole address would be: block (gambling), by rule '")) << words.out;

  const Ran json = explain("https://forum.example/casino/1", {"--group", "pupils", "--json"});
  EXPECT_TRUE(json.out.contains(R"("action":"block","inspect":false,)")) << json.out;
  EXPECT_TRUE(
      json.out.contains(R"("in_effect":"allow","opened":false,"inspect_text":"not opened: inspection is off",)"))
      << json.out;
  EXPECT_TRUE(json.out.contains(R"("by_name":{"action":"allow","tier":"unlisted",)")) << json.out;
}

TEST_F(ExplainCommand, WhereTheNameIsEnoughThereIsOneAnswer) {
  const Ran ran = explain("https://www.royal-casino.example/table", {"--group", "pupils"});
  EXPECT_TRUE(ran.out.starts_with("block  https://www.royal-casino.example/table\n")) << ran.out;
  EXPECT_FALSE(ran.out.contains("would be")) << ran.out;
}

TEST_F(ExplainCommand, PlainHttpHasNoAnswerByName) {
  const Ran ran = explain("http://forum.example/casino/1", {"--group", "pupils", "--json"});
  EXPECT_TRUE(ran.out.contains(
      R"("in_effect":"block","opened":false,"inspect_text":null,"group_found":"as given","by_name":null})"))
      << ran.out;
}

TEST_F(ExplainCommand, ATimeIsTheSites) {
  const auto at = [](std::string time) {
    const Ran ran = explain("http://www.chatterbox.example/", {"--group", "staff", "--at", std::move(time)});
    return ran.out.substr(0, ran.out.find(' '));
  };
  EXPECT_EQ(at("2026-06-15 12:20"), "allow");      // a Monday, summer time
  EXPECT_EQ(at("2026-06-15T11:20:00Z"), "allow");  // the same instant
  EXPECT_EQ(at("2026-06-15T12:20:00Z"), "block");
  EXPECT_EQ(at("2026-06-14 12:20"), "block");  // a Sunday
}

TEST_F(ExplainCommand, APersonIsInTheGroupThatNamesThem) {
  const Ran ran = explain("http://wiki.example/", {"--user", "Head.Teacher"});
  EXPECT_TRUE(ran.out.contains("staff (Staff), which names head.teacher")) << ran.out;
  EXPECT_TRUE(ran.out.contains("person  head.teacher, login, as given")) << ran.out;
}

TEST_F(ExplainCommand, APersonIsInTheGroupThatNamesOneOfTheirs) {
  const Ran ran = explain("http://wiki.example/", {"--user", "a.teacher", "--groups", "Year 5 Staff, TEACHERS"});
  EXPECT_TRUE(ran.out.contains("staff (Staff), by the group 'Teachers' of a.teacher")) << ran.out;
  EXPECT_TRUE(ran.out.contains("in year 5 staff, teachers")) << ran.out;
  const Ran json =
      explain("http://wiki.example/", {"--user", "a.teacher", "--groups", "teachers", "--device", "phone", "--json"});
  EXPECT_TRUE(json.out.contains(R"("person":"a.teacher","source":"as given","measures":null,"device":"phone",)"
                                R"("confidence":"login",)"
                                R"("chosen_by":"directory group",)"))
      << json.out;
}

TEST_F(ExplainCommand, APersonWhomNobodyNamesIsWhereTheirDeviceIs) {
  const Ran nobody = explain("http://wiki.example/", {"--user", "a.teacher"});
  EXPECT_TRUE(
      nobody.out.contains("pupils (Pupils), the fallback: no group names a.teacher, whose groups are not known"))
      << nobody.out;
  const Ran ran = explain("http://wiki.example/", {"--user", "a.child", "--address", "127.0.2.9"});
  EXPECT_TRUE(ran.out.contains("infants (Infants), by the network of 127.0.2.9")) << ran.out;
  EXPECT_TRUE(ran.out.contains("person  a.child")) << ran.out;
}

TEST_F(ExplainCommand, ADeviceIsAKindOrAnAddress) {
  const Ran kind = explain("http://wiki.example/", {"--device", "staff"});
  EXPECT_TRUE(kind.out.contains("staff (Staff), by the kind of device 'staff'")) << kind.out;
  const Ran address = explain("http://wiki.example/", {"--device", "127.0.2.9"});
  EXPECT_TRUE(address.out.contains("infants (Infants), by the network of 127.0.2.9")) << address.out;
  const Ran unknown = school_->run({"explain", "http://wiki.example/"}, {"--device", "02:00:5e:10:00:01"});
  EXPECT_EQ(unknown.status, 1);
  EXPECT_TRUE(unknown.err.contains("no device '02:00:5e:10:00:01' is known")) << unknown.err;
}

TEST_F(ExplainCommand, WhatASiteNeedsDependsOnThePageThatAsks) {
  const Ran page =
      explain("http://cdn.example/app.js", {"--group", "infants", "--from", "http://www.phonics.example/letters"});
  EXPECT_TRUE(page.out.starts_with("allow  ")) << page.out;
  EXPECT_TRUE(page.out.contains("rule 'needed by phonics.example' at ")) << page.out;
  const Ran typed = explain("http://cdn.example/app.js", {"--group", "infants"});
  EXPECT_TRUE(typed.out.starts_with("block  ")) << typed.out;
  EXPECT_TRUE(typed.out.contains("no page of it is known to ask")) << typed.out;
}

TEST_F(ExplainCommand, AnUnknownAddressIsInTheFallback) {
  const Ran ran = explain("http://wiki.example/", {"--address", "203.0.113.9"});
  EXPECT_TRUE(ran.out.contains("the fallback: no group has a network with 203.0.113.9")) << ran.out;
}

TEST_F(ExplainCommand, ASealedEntryIsNotShown) {
  const Ran words = explain("http://www.sealed-sample.example/album/1", {"--group", "staff"});
  EXPECT_TRUE(words.out.contains("tier      1 of 6: illegal")) << words.out;
  EXPECT_TRUE(words.out.contains("list demo-sealed, a sealed entry")) << words.out;
  const Ran json = explain("http://www.sealed-sample.example/album/1", {"--group", "staff", "--json"});
  EXPECT_TRUE(json.out.contains(R"("entry":"sealed","source":"sealed")")) << json.out;
}

TEST(ExplainWithMeasures, ASessionIsInForceUntilItEnds) {
  const ScratchSchool school;
  config::Settings settings;
  settings.state = school.state();
  const TimePoint now = wall_now();
  ASSERT_TRUE(known_measures(settings, now)) << "nobody ever opened one";
  EXPECT_TRUE(known_measures(settings, now)->empty());

  const auto desk = casework::DeskStore::open(school.state());
  ASSERT_TRUE(desk) << desk.error().text();
  const auto id = casework::MeasureStore(**desk, nullptr)
                      .open({.kind = rules::Measure::Kind::supervised,
                             .id = {},
                             .groups = {"infants"},
                             .networks = {},
                             .sites = {"lesson.example"},
                             .list = {},
                             .by = "j.smith",
                             .why = "letters",
                             .from = now,
                             .until = now + std::chrono::minutes(30)},
                            breaches::current_user(), now);
  ASSERT_TRUE(id) << id.error().text();
  ASSERT_EQ(known_measures(settings, now)->size(), 1u);
  EXPECT_TRUE(known_measures(settings, now + std::chrono::minutes(30))->empty());

  const auto explain = [&](TimePoint time) {
    return school.run({"explain", "http://lesson.example/"}, {"--group", "infants", "--at", to_rfc3339(time)}).out;
  };
  const std::string during = explain(now + std::chrono::minutes(1));
  EXPECT_TRUE(during.starts_with("allow  ")) << during;
  EXPECT_TRUE(during.contains("rule 'allow site lesson.example' of measure supervised ")) << during;
  EXPECT_TRUE(during.contains("; with measure supervised ")) << during;
  EXPECT_TRUE(explain(now + std::chrono::minutes(31)).starts_with("block  "));
}

TEST_F(ExplainCommand, WhatCannotBeAnsweredIsSaid) {
  const Ran group = school_->run({"explain", "http://wiki.example/"}, {"--group", "pupls"});
  EXPECT_EQ(group.status, 1);
  EXPECT_TRUE(group.err.contains("pupls") && group.err.contains("pupils, infants, staff")) << group.err;
  EXPECT_EQ(school_->run({"explain", "http://"}).status, 1);
  EXPECT_EQ(school_->run({"explain", "http://wiki.example/"}, {"--address", "127.0.0.0.1"}).status, 1);
}

TEST_F(ExplainCommand, WrongUsage) {
  EXPECT_EQ(school_->run({"explain"}).status, 2);
  EXPECT_EQ(school_->run({"explain", "http://a.example/", "http://b.example/"}).status, 2);
  EXPECT_EQ(school_->run({"explain", "http://a.example/"}, {"--group", "staff", "--user", "x"}).status, 2);
  EXPECT_EQ(school_->run({"explain", "http://a.example/"}, {"--group", "staff", "--device", "phone"}).status, 2);
  EXPECT_EQ(school_->run({"explain", "http://a.example/"}, {"--groups", "teachers"}).status, 2);
  EXPECT_EQ(school_->run({"explain", "http://a.example/"}, {"--from", "nowhere"}).status, 2);
  EXPECT_EQ(school_->run({"explain", "http://a.example/"}, {"--at", "lunchtime"}).status, 2);
}

}  // namespace
}  // namespace schoolgate::app
