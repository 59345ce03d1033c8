#include "rules/measures.h"

#include "base/uuid.h"
#include "rules/explain.h"
#include "tests/rules/policies.h"
#include "tests/rules/test_lists.h"

namespace schoolgate::rules {
namespace {

using namespace test;
using namespace std::chrono_literals;

const TimePoint kNow = sunday_noon();

Measure measure(Measure::Kind kind, std::vector<std::string> groups, std::vector<std::string> sites) {
  return {.kind = kind,
          .id = "0193a5b0-7c1d-7abc-8def-0123456789ab",
          .groups = std::move(groups),
          .networks = {},
          .sites = std::move(sites),
          .list = {},
          .by = "j.smith",
          .why = "lesson 3",
          .from = kNow - 1min,
          .until = kNow + 30min};
}

std::string refusal(const Measure& asked, const PolicySpec& spec = school()) {
  const auto checked = check_measure(asked, spec);
  return checked ? "" : checked.error().text();
}

std::shared_ptr<const PolicySnapshot> with(PolicySpec spec, const std::vector<Measure>& measures,
                                           std::shared_ptr<const blocklists::CategoryDb> lists = nullptr) {
  EXPECT_TRUE(apply_measures(spec, measures, kNow).empty());
  return compiled(spec, std::move(lists));
}

Action answer(const PolicySnapshot& snapshot, std::string_view url, std::string_view group, TimePoint now = kNow,
              const char* address = "10.20.1.9") {
  const Request request = get(url);
  return snapshot
      .decide({.address = *names::IpAddress::parse(address), .group = *snapshot.find_group(group)}, request,
              Stage::request, now)
      .action;
}

TEST(Measure, KindsReadBackAsWritten) {
  for (const auto kind : {Measure::Kind::emergency, Measure::Kind::supervised, Measure::Kind::exam})
    EXPECT_EQ(measure_kind_from(to_string(kind)), kind);
  EXPECT_EQ(measure_kind_from("drill"), std::nullopt);
}

TEST(CheckMeasure, ASupervisedSessionLastsAnHourAndAnExamHalfADay) {
  Measure session = measure(Measure::Kind::supervised, {"ks1"}, {"phonics.example"});
  session.from = kNow;
  session.until = kNow + 1h;
  EXPECT_EQ(refusal(session), "");
  session.until = kNow + 1h + 1ms;
  EXPECT_EQ(refusal(session), "a supervised session lasts an hour at most; open it again when the hour is over");
  Measure exam = measure(Measure::Kind::exam, {"ks2"}, {});
  exam.from = kNow;
  exam.until = kNow + 12h;
  EXPECT_EQ(refusal(exam), "");
  exam.until = kNow + 12h + 1ms;
  EXPECT_EQ(refusal(exam), "an exam lasts 12 hours at most; open one for each day");
  Measure emergency = measure(Measure::Kind::emergency, {}, {"craze.example"});
  emergency.until = TimePoint::max();
  EXPECT_EQ(refusal(emergency), "");
  emergency.until = emergency.from;
  EXPECT_EQ(refusal(emergency), "it ends before it begins; give a time that is yet to come");
}

TEST(CheckMeasure, WhomAndWhatItIsAboutMustBeThere) {
  EXPECT_EQ(refusal(measure(Measure::Kind::supervised, {"ks11"}, {"a.example"})),
            "there is no group 'ks11'; did you mean 'ks1'?");
  EXPECT_EQ(refusal(measure(Measure::Kind::supervised, {}, {"a.example"})),
            "no group is named; name the groups it is for");
  EXPECT_EQ(refusal(measure(Measure::Kind::supervised, {"ks1"}, {})),
            "no site is named; name at least one, such as example.org");
  EXPECT_EQ(refusal(measure(Measure::Kind::emergency, {"ks1"}, {"a.example"})),
            "an emergency block is for every group; leave groups and networks out");
  EXPECT_NE(refusal(measure(Measure::Kind::emergency, {}, {"a b"})), "");
  Measure nobody = measure(Measure::Kind::emergency, {}, {"a.example"});
  nobody.by.clear();
  EXPECT_EQ(refusal(nobody), "no author is named; name the person who opens it");
}

TEST(SitesOfList, AreFoundByName) {
  PolicySpec spec = school();
  spec.lists["phonics"] = {.sites = {"a.example", "b.example/games"}, .positions = {}, .at = {}};
  EXPECT_EQ(*sites_of_list(spec, "phonics"), (std::vector<std::string>{"a.example", "b.example/games"}));
  EXPECT_EQ(sites_of_list(spec, "fonics").error().text(), "there is no list 'fonics'; did you mean 'phonics'?");
}

TEST(Emergency, ClosesTheSiteForEveryGroup) {
  const auto snapshot = with(school({allow_site("craze.example")}),
                             {measure(Measure::Kind::emergency, {}, {"craze.example", "video.example/watch"})});
  for (const char* group : {"ks1", "ks2", "staff"}) {
    EXPECT_EQ(answer(*snapshot, "https://www.craze.example/x", group), Action::block) << group;
    EXPECT_EQ(answer(*snapshot, "https://video.example/watch/7", group), Action::block) << group;
  }
  EXPECT_EQ(answer(*snapshot, "https://video.example/about", "ks2"), Action::allow);
  EXPECT_EQ(answer(*snapshot, "https://craze.example/", "ks2", kNow + 30min), Action::allow) << "it ends by itself";
}

TEST(Emergency, RecordsNameTheMeasureAndWhoOpenedIt) {
  const auto snapshot = with(school(), {measure(Measure::Kind::emergency, {}, {"craze.example"})});
  const Request request = get("https://craze.example/");
  const Verdict verdict = ask(*snapshot, request);
  const Citation citation = snapshot->cite(verdict);
  const std::string reference = Uuid::from_text("0193a5b0-7c1d-7abc-8def-0123456789ab")->reference();
  EXPECT_EQ(citation.source, "measure emergency " + reference + " by j.smith");
  EXPECT_EQ(citation.rule, "emergency site craze.example");
  EXPECT_EQ(citation.tier, "emergency");
  const std::string words = explain(*snapshot, {.group = 1}, request, verdict, kNow).technician;
  EXPECT_NE(words.find("of measure emergency " + reference + " by j.smith (why: lesson 3; approved by j.smith)"),
            std::string::npos)
      << words;
  EXPECT_NE(words.find("It ends by itself at 2026-11-22 12:30, or when the measure is closed."), std::string::npos)
      << words;
}

TEST(Supervised, OpensItsSitesForItsGroupsUntilItEnds) {
  const auto snapshot = with(school(), {measure(Measure::Kind::supervised, {"ks1"}, {"phonics.example"})});
  EXPECT_EQ(answer(*snapshot, "https://phonics.example/", "ks1"), Action::allow);
  EXPECT_EQ(answer(*snapshot, "https://else.example/", "ks1"), Action::block);
  EXPECT_EQ(answer(*snapshot, "https://phonics.example/", "ks1", kNow + 30min), Action::block);
}

TEST(Supervised, IsForItsRoomOnly) {
  Measure session = measure(Measure::Kind::supervised, {"ks1"}, {"phonics.example"});
  session.networks = {*names::IpNetwork::parse("10.20.1.0/28")};
  const auto snapshot = with(school(), {session});
  EXPECT_EQ(answer(*snapshot, "https://phonics.example/", "ks1", kNow, "10.20.1.9"), Action::allow);
  EXPECT_EQ(answer(*snapshot, "https://phonics.example/", "ks1", kNow, "10.20.1.99"), Action::block);
  const Request request = get("https://phonics.example/");
  const Subject elsewhere{.address = *names::IpAddress::parse("10.20.1.99"), .group = 0};
  const Verdict verdict = snapshot->decide(elsewhere, request, Stage::request, kNow);
  EXPECT_NE(explain(*snapshot, elsewhere, request, verdict, kNow).technician.find("is for another room"),
            std::string::npos);
}

TEST(Supervised, BringsTheHelpersThatTheSchoolsRulesKnow) {
  RuleSpec rule = allow_site("phonics.example", {"ks2"});
  rule.needs = {{"cdn.example", {}}};
  const auto snapshot = with(school({rule}), {measure(Measure::Kind::supervised, {"ks1"}, {"phonics.example"})});
  Request request = get("https://cdn.example/a.js");
  request.comes_from({"phonics.example", true});
  const Verdict verdict = ask(*snapshot, request, "ks1");
  EXPECT_EQ(verdict.action, Action::allow);
  EXPECT_TRUE(snapshot->cite(verdict).source.starts_with("measure supervised "));
}

TEST(Supervised, OpensNothingIllegalAndNoEmergency) {
  const TestLists lists({{"bad", "terrorism", blocklists::Format::domains, "bad.example\n"}});
  const auto snapshot =
      with(school({emergency_site("craze.example")}),
           {measure(Measure::Kind::supervised, {"ks1"}, {"bad.example", "craze.example"})}, lists.database());
  EXPECT_EQ(answer(*snapshot, "https://bad.example/", "ks1"), Action::block);
  EXPECT_EQ(answer(*snapshot, "https://craze.example/", "ks1"), Action::block);
}

TEST(Exam, ClosesEverythingButItsSites) {
  const auto snapshot = with(school({allow_site("maths.example"), allow_url("maths.example/deep/x")}),
                             {measure(Measure::Kind::exam, {"ks2"}, {"exam.example", "paper.example/sats"})});
  EXPECT_EQ(answer(*snapshot, "https://www.exam.example/q1", "ks2"), Action::allow);
  EXPECT_EQ(answer(*snapshot, "https://paper.example/sats/1", "ks2"), Action::allow);
  EXPECT_EQ(answer(*snapshot, "https://paper.example/news", "ks2"), Action::block);
  EXPECT_EQ(answer(*snapshot, "https://maths.example/deep/x", "ks2"), Action::block) << "own allow rules do not reach";
  EXPECT_EQ(answer(*snapshot, "https://else.example/", "ks2"), Action::block);
  EXPECT_EQ(answer(*snapshot, "https://childline.org.uk/", "ks2"), Action::allow) << "help does";
  EXPECT_EQ(answer(*snapshot, "https://maths.example/", "staff"), Action::allow) << "others go on";
  EXPECT_EQ(answer(*snapshot, "https://else.example/", "ks2", kNow + 30min), Action::allow) << "it ends by itself";
}

TEST(Exam, ASessionOfTheSameGroupDoesNotReachThrough) {
  Measure session = measure(Measure::Kind::supervised, {"ks2"}, {"phonics.example"});
  session.id = "0193a5b0-7c1d-7abc-8def-0123456789ff";
  const auto apart = with(school(), {measure(Measure::Kind::exam, {"ks2"}, {"exam.example"}), session});
  EXPECT_EQ(answer(*apart, "https://phonics.example/", "ks2"), Action::block);
  EXPECT_EQ(answer(*apart, "https://exam.example/", "ks2"), Action::allow);
}

TEST(Exam, WhatTheSchoolBlocksStaysBlockedAndIllegalAsEver) {
  const TestLists lists({{"bad", "terrorism", blocklists::Format::urls, "exam.example/bad\n"}});
  const auto snapshot = with(school({block_url("exam.example/chat")}),
                             {measure(Measure::Kind::exam, {"ks2"}, {"exam.example"})}, lists.database());
  EXPECT_EQ(answer(*snapshot, "https://exam.example/chat/1", "ks2"), Action::block);
  EXPECT_EQ(answer(*snapshot, "https://exam.example/bad", "ks2"), Action::block);
  EXPECT_EQ(answer(*snapshot, "https://exam.example/paper", "ks2"), Action::allow);
}

TEST(Exam, WithoutASiteClosesTheWeb) {
  const auto snapshot = with(school(), {measure(Measure::Kind::exam, {"ks2"}, {})});
  EXPECT_EQ(answer(*snapshot, "https://a.example/", "ks2"), Action::block);
  EXPECT_EQ(answer(*snapshot, "https://childline.org.uk/", "ks2"), Action::allow);
}

TEST(Exam, SaysSoInTheWordsOfEachReader) {
  const auto snapshot = with(school(), {measure(Measure::Kind::exam, {"ks2"}, {"exam.example"})});
  const Request request = get("https://a.example/");
  const Verdict verdict = ask(*snapshot, request, "ks2");
  EXPECT_EQ(snapshot->cite(verdict).rule, "block everything but the exam");
  const Explanation words = explain(*snapshot, {.group = 1}, request, verdict, kNow);
  EXPECT_EQ(words.pupil,
            "There is a test going on. Only the pages for the test are open now. If something is wrong, put your hand "
            "up.");
  EXPECT_NE(words.technician.find("'block everything but the exam' of measure exam "), std::string::npos);
}

TEST(Exam, AHostOfWhichAPartIsOpenIsOpenedToSeeThatPart) {
  PolicySpec spec = school({allow_url("own.example/x")});
  spec.inspection = InspectionMode::selective;
  const auto snapshot = with(spec, {measure(Measure::Kind::exam, {"ks2"}, {"paper.example/sats"})});
  const Verdict paper = ask(*snapshot, connect("paper.example"), "ks2");
  EXPECT_EQ(paper.action, Action::block);
  EXPECT_TRUE(paper.inspect);
  EXPECT_FALSE(ask(*snapshot, connect("own.example"), "ks2").inspect) << "a rule that cannot reach through the exam";
}

TEST(ApplyMeasures, OnlyThoseInForceAndNeverAPolicyThatDoesNotCompile) {
  Measure later = measure(Measure::Kind::emergency, {}, {"a.example"});
  later.from = kNow + 1ms;
  Measure over = measure(Measure::Kind::emergency, {}, {"b.example"});
  over.until = kNow;
  const Measure gone = measure(Measure::Kind::supervised, {"year-9"}, {"c.example"});
  const Measure closed_for_nobody = measure(Measure::Kind::exam, {"year-9"}, {"c.example"});
  const Measure odd = measure(Measure::Kind::emergency, {}, {"no site", "d.example"});
  PolicySpec spec = school();
  const Problems problems = apply_measures(spec, std::vector{later, over, gone, closed_for_nobody, odd}, kNow);
  ASSERT_EQ(spec.rules.size(), 1u) << "a group that is gone must not make a rule for everybody";
  EXPECT_EQ(spec.rules[0].text, "d.example");
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_FALSE(has_errors(problems));
  EXPECT_NE(problems[0].text().find("there is no group 'year-9' any more"), std::string::npos) << problems[0].text();
  EXPECT_TRUE(problems[0].text().starts_with("measure supervised "));
  (void)compiled(spec);
}

TEST(NextChange, IsTheNearestBeginningOrEndToCome) {
  Measure a = measure(Measure::Kind::emergency, {}, {"a.example"});
  a.until = TimePoint::max();
  EXPECT_EQ(next_change(std::vector{a}, kNow), std::nullopt) << "open-ended";
  Measure b = a, c = a;
  b.from = kNow + 10min;
  b.until = kNow + 20min;
  c.from = kNow - 20min;
  c.until = kNow + 5min;
  EXPECT_EQ(next_change(std::vector{a, b, c}, kNow), kNow + 5min);
  EXPECT_EQ(next_change(std::vector{a, b, c}, kNow + 5min), kNow + 10min);
  EXPECT_EQ(next_change(std::vector{a, b, c}, kNow + 20min), std::nullopt);
  EXPECT_EQ(next_change({}, kNow), std::nullopt);
}

}  // namespace
}  // namespace schoolgate::rules
