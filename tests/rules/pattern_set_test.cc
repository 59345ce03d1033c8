#include "rules/pattern_set.h"

#include <gtest/gtest.h>
#include <re2/re2.h>

#include <random>

namespace schoolgate::rules {
namespace {

PatternSet built(const std::vector<std::string>& patterns) {
  PatternSet set;
  if (const auto fault = set.build(patterns)) ADD_FAILURE() << fault->message;
  return set;
}

std::vector<std::size_t> found_in(const PatternSet& set, std::string_view text) {
  std::vector<std::size_t> found;
  EXPECT_TRUE(set.for_each_candidate(text, [&](std::size_t number) {
    if (set.search(number, text) == PatternSet::Answer::yes) found.push_back(number);
  }));
  return found;
}

using Numbers = std::vector<std::size_t>;

TEST(PatternSet, FindsPatternsWithAndWithoutLiterals) {
  const PatternSet set = built({"(?i)free[-_]?spins", "\\d{6}", "^https?://a\\.example/", "^.$"});
  EXPECT_EQ(found_in(set, "http://x.example/FREE_spins"), (Numbers{0}));
  EXPECT_EQ(found_in(set, "https://a.example/123456"), (Numbers{1, 2}));
  EXPECT_EQ(found_in(set, "https://b.example/"), Numbers{});
}

TEST(PatternSet, EmptyFindsNothing) { EXPECT_EQ(found_in(PatternSet(), "http://a.example/"), Numbers{}); }

TEST(PatternSet, AgreesWithRunningEveryPattern) {
  const std::vector<std::string> patterns{"casino",       "(?i)BET(ting)?", "a.*b",         "[0-9]+",
                                          "spin(s|ner)$", "^http:",         "(poker|slot)", "(?i)x{2,3}",
                                          "q?",           "\\bwin\\b",      "(?i:win)-big", "lot.o"};
  const std::vector<std::string> usable(patterns.begin(), patterns.end());
  std::vector<std::string> checked;
  for (const std::string& pattern : usable)
    if (!PatternSet::check(pattern)) checked.push_back(pattern);
  EXPECT_EQ(checked.size(), patterns.size() - 1) << "q? matches everything";
  const PatternSet set = built(checked);
  const char* const pieces[] = {"casino", "BET",   "betting", "a",  "b",   "42",   "spins", "spinner", "http:",
                                "/",      "poker", "slot",    "xx", "win", "-big", "lotto", "."};
  std::mt19937 random(11);
  for (int round = 0; round < 2'000; ++round) {
    std::string text;
    for (auto n = random() % 6; n > 0; --n) text += pieces[random() % std::size(pieces)];
    Numbers expected;
    for (std::size_t i = 0; i < checked.size(); ++i)
      if (RE2::PartialMatch(text, checked[i])) expected.push_back(i);
    ASSERT_EQ(found_in(set, text), expected) << text;
  }
}

TEST(PatternSet, APatternThatOutgrowsItsMemoryStillAnswersRightly) {
  // Remembering which of the last fourteen letters was an 'a' takes 2^14 states: the automaton cannot be kept whole.
  std::vector<std::string> patterns(1000, "zzz[0-9]");
  patterns[0] = "a[ab]{14}c";
  const PatternSet set = built(patterns);
  std::mt19937 random(3);
  std::string text;
  for (int i = 0; i < 60'000; ++i) text += random() % 2 ? 'a' : 'b';
  EXPECT_EQ(set.search(0, text), PatternSet::Answer::no);
  EXPECT_EQ(set.search(0, text + "aaaaaaaaaaaaaaaac"), PatternSet::Answer::yes);
}

TEST(PatternSet, SaysWhatIsWrongAndWhere) {
  const auto unbalanced = PatternSet::check("abc(def");
  ASSERT_TRUE(unbalanced);
  EXPECT_NE(unbalanced->message.find("missing )"), std::string::npos);
  const auto look_ahead = PatternSet::check("casino(?!s)");
  ASSERT_TRUE(look_ahead);
  EXPECT_EQ(look_ahead->offset, 6u);
  EXPECT_NE(look_ahead->hint.find("look-around"), std::string::npos);
  EXPECT_TRUE(PatternSet::check("*"));
  EXPECT_TRUE(PatternSet::check("((a{100}){100}){100}"));
}

TEST(PatternSet, RefusesPatternsThatMatchEverything) {
  for (const char* pattern : {"", ".*", "casino|", "(?i)x*", "a?"}) EXPECT_TRUE(PatternSet::check(pattern)) << pattern;
  for (const char* pattern : {"^$", "casino", "[a-z]"}) EXPECT_FALSE(PatternSet::check(pattern)) << pattern;
}

TEST(PatternSet, CanBeBuiltAgain) {
  PatternSet set = built({"casino"});
  EXPECT_FALSE(set.build({"poker"}));
  EXPECT_EQ(found_in(set, "casino poker"), (Numbers{0}));
  EXPECT_FALSE(set.build({}));
  EXPECT_EQ(found_in(set, "casino poker"), Numbers{});
}

}  // namespace
}  // namespace schoolgate::rules
