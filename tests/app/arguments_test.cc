#include "app/arguments.h"

#include <gtest/gtest.h>

namespace schoolgate::app {
namespace {

const Accepted kAccepted{.options = {"--config", "--at"}, .switches = {"--json"}, .least_words = 0, .most_words = 2};

Result<Arguments> read(std::initializer_list<std::string_view> words, const Accepted& accepted = kAccepted) {
  const std::vector<std::string_view> all(words);
  return Arguments::read(all, accepted);
}

TEST(Arguments, AnOptionTakesTheNextWordOrWhatFollowsItsEqualsSign) {
  const auto arguments = read({"--config", "here", "--at=tue 12:30"});
  ASSERT_TRUE(arguments);
  EXPECT_EQ(arguments->get("--config"), "here");
  EXPECT_EQ(arguments->get("--at"), "tue 12:30");
}

TEST(Arguments, AValueMayLookLikeAnOption) {
  const auto arguments = read({"--config", "--json"});
  ASSERT_TRUE(arguments);
  EXPECT_EQ(arguments->get("--config"), "--json");
  EXPECT_FALSE(arguments->has("--json"));
}

TEST(Arguments, AValueMayHoldAnEqualsSignOrBeEmpty) {
  EXPECT_EQ(read({"--config=a=b"})->get("--config"), "a=b");
  const auto empty = read({"--config="});
  EXPECT_TRUE(empty->has("--config"));
  EXPECT_EQ(empty->get("--config", "otherwise"), "");
}

TEST(Arguments, WhatIsNotGivenHasItsDefault) {
  const auto arguments = read({});
  EXPECT_FALSE(arguments->has("--config"));
  EXPECT_EQ(arguments->get("--config", "otherwise"), "otherwise");
}

TEST(Arguments, TheLastOfTwoCounts) { EXPECT_EQ(read({"--config", "a", "--config", "b"})->get("--config"), "b"); }

TEST(Arguments, WordsKeepTheirOrderAmongOptions) {
  const auto arguments = read({"first", "--json", "second"});
  ASSERT_TRUE(arguments);
  EXPECT_EQ(arguments->words(), (std::vector<std::string>{"first", "second"}));
  EXPECT_TRUE(arguments->has("--json"));
}

TEST(Arguments, TwoDashesEndTheOptions) {
  const auto arguments = read({"--", "--config", "--json"});
  ASSERT_TRUE(arguments);
  EXPECT_EQ(arguments->words(), (std::vector<std::string>{"--config", "--json"}));
  EXPECT_FALSE(arguments->has("--json"));
}

TEST(Arguments, WrongUsageIsTheClientsFaultAndNamesTheWord) {
  const struct {
    std::initializer_list<std::string_view> words;
    std::string_view named;
  } cases[] = {
      {{"--confg", "x"}, "--confg"}, {{"--config"}, "--config"}, {{"--json=yes"}, "--json"}, {{"a", "b", "c"}, "'c'"}};
  for (const auto& [words, named] : cases) {
    const auto arguments = read(words);
    ASSERT_FALSE(arguments) << named;
    EXPECT_EQ(arguments.error().fault, Fault::client);
    EXPECT_TRUE(arguments.error().what.contains(named)) << arguments.error().what;
  }
}

TEST(Arguments, TooFewWordsAreRefused) {
  EXPECT_FALSE(read({}, {.options = {}, .switches = {}, .least_words = 1, .most_words = 1}));
}

TEST(CommaList, HoldsWordsAndNothingElse) {
  EXPECT_EQ(comma_list("ks1, ks2,staff"), (std::vector<std::string>{"ks1", "ks2", "staff"}));
  EXPECT_EQ(comma_list(" ,,  a b ,"), (std::vector<std::string>{"a b"}));
  EXPECT_TRUE(comma_list("").empty());
}

}  // namespace
}  // namespace schoolgate::app
