#include <gtest/gtest.h>

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

TEST_F(ExplainCommand, SaysThatUserNamesAreNotKnown) {
  const Ran ran = explain("http://wiki.example/", {"--user", "a.teacher"});
  EXPECT_TRUE(ran.out.contains("pupils (Pupils), the fallback: this gateway knows no user names")) << ran.out;
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
  EXPECT_EQ(school_->run({"explain", "http://a.example/"}, {"--at", "lunchtime"}).status, 2);
}

}  // namespace
}  // namespace schoolgate::app
