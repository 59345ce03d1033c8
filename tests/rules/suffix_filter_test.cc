#include "rules/suffix_filter.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace schoolgate::rules {
namespace {

std::set<std::string> candidates(const SuffixFilter& filter, std::string_view name) {
  std::set<std::string> all;
  filter.for_each_candidate(name, [&](std::string_view suffix) { all.insert(std::string(suffix)); });
  return all;
}

TEST(SuffixFilter, NeverMissesAName) {
  std::vector<std::string> names;
  for (int i = 0; i < 5'000; ++i) names.push_back("n" + std::to_string(i) + ".example");
  const SuffixFilter filter(names);
  for (const std::string& name : names) {
    EXPECT_TRUE(candidates(filter, name).contains(name));
    EXPECT_TRUE(candidates(filter, "www.a." + name).contains(name));
  }
}

TEST(SuffixFilter, SparesMostOfTheRest) {
  std::vector<std::string> names;
  for (int i = 0; i < 5'000; ++i) names.push_back("n" + std::to_string(i) + ".example");
  const SuffixFilter filter(names);
  std::size_t wrong = 0;
  for (int i = 0; i < 10'000; ++i) wrong += candidates(filter, "www.m" + std::to_string(i) + ".example").size();
  EXPECT_LT(wrong, 3'000u) << "of 30,000 suffixes";
}

TEST(SuffixFilter, OffersOnlyWholeLabels) {
  const SuffixFilter filter(std::vector<std::string>{"a.example", "le"});
  EXPECT_EQ(candidates(filter, "xa.example"), std::set<std::string>{});
  EXPECT_EQ(candidates(filter, "x.a.example"), std::set<std::string>{"a.example"});
}

TEST(SuffixFilter, EmptyOffersNothing) {
  EXPECT_TRUE(candidates(SuffixFilter(), "a.example").empty());
  EXPECT_TRUE(candidates(SuffixFilter(std::vector<std::string>{}), "a.example").empty());
  EXPECT_TRUE(candidates(SuffixFilter(std::vector<std::string>{"a"}), "").empty());
}

}  // namespace
}  // namespace schoolgate::rules
