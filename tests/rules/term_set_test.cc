#include "rules/term_set.h"

#include <gtest/gtest.h>

#include <set>

#include "rules/search_terms.h"

namespace schoolgate::rules {
namespace {

std::set<std::size_t> found(const std::vector<std::string>& phrases, std::string_view text) {
  std::vector<std::string> prepared;
  for (const std::string& phrase : phrases) prepared.push_back(*TermSet::prepare(phrase));
  std::set<std::size_t> numbers;
  const std::string words = search_words(text);
  TermSet(prepared).for_each(words, [&](std::size_t number, const TermSet::Place& place) {
    EXPECT_EQ(words.substr(place.begin, place.end - place.begin), prepared[number]);
    numbers.insert(number);
  });
  return numbers;
}

TEST(TermSet, APhraseIsItsWordsInOrderWhateverStandsBetween) {
  const std::vector<std::string> phrase{"how to make a bomb"};
  for (const char* text : {"how to make a bomb", "HOW-TO make   a bomb?", "please: how to make a bömb at home"})
    EXPECT_EQ(found(phrase, text).size(), 1u) << text;
  for (const char* text : {"how to make a bombe", "show to make a bomb", "make a bomb how to", "how to make bomb"})
    EXPECT_TRUE(found(phrase, text).empty()) << text;
}

TEST(TermSet, AWordIsAWholeWord) {
  EXPECT_TRUE(found({"ass"}, "class assessment").empty());
  EXPECT_EQ(found({"ass"}, "ass").size(), 1u);
  EXPECT_TRUE(found({"sex"}, "Sussex Essex Middlesex").empty());
}

TEST(TermSet, AStarAtTheEndLetsTheLastWordGoOn) {
  EXPECT_EQ(found({"self harm*"}, "self-harming stories").size(), 1u);
  EXPECT_EQ(found({"self harm*"}, "self harm").size(), 1u);
  EXPECT_TRUE(found({"self harm*"}, "self harmony").size() == 1u) << "that is what a star asks for";
  EXPECT_TRUE(found({"self harm*"}, "myself harm").empty());
}

TEST(TermSet, FindsAllOfManyAtOnceOverlappingOrNot) {
  EXPECT_EQ(found({"a b", "b c", "b", "d", "a b c"}, "a b c b"), (std::set<std::size_t>{0, 1, 2, 4}));
}

TEST(TermSet, WhatIsNoPhraseIsRefused) {
  for (const char* phrase : {"", " ", "?!", "*", "a * b", "*a", "a *", "a**"})
    EXPECT_FALSE(TermSet::prepare(phrase)) << phrase;
  EXPECT_FALSE(TermSet::prepare(std::string(300, 'a')));
  EXPECT_EQ(*TermSet::prepare("Don't!"), " dont ");
  EXPECT_EQ(*TermSet::prepare("Bomb*"), " bomb");
}

TEST(TermSet, WithoutPhrasesNothingIsFound) {
  TermSet().for_each(" a ", [](std::size_t, const TermSet::Place&) { FAIL(); });
}

}  // namespace
}  // namespace schoolgate::rules
