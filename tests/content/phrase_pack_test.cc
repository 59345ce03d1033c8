#include "content/phrase_pack.h"

#include <gtest/gtest.h>

#include <set>

#include "content/shipped_phrases.h"
#include "rules/category.h"

namespace schoolgate::content {
namespace {

TEST(PhrasePack, Ours) {
  Problems problems;
  const auto phrases =
      read_phrases("# one\n[drugs]\n 60  Buy WEED online # why\n-20 side effects\n30 bong + smok*\n", "x", problems);
  EXPECT_TRUE(problems.empty());
  ASSERT_EQ(phrases.size(), 3u);
  EXPECT_EQ(phrases[0].parts, std::vector<std::string>{" buy weed online "});
  EXPECT_EQ(phrases[0].weight, 60);
  EXPECT_EQ(phrases[1].weight, -20);
  EXPECT_EQ(phrases[2].parts, (std::vector<std::string>{" bong ", " smok"}));
}

TEST(PhrasePack, ErrorsHaveTheirLine) {
  const std::pair<std::string_view, int> kBad[] = {{"60 before a category", 1},
                                                   {"[a]\nweed", 2},
                                                   {"[a]\n0 weed", 2},
                                                   {"[a]\n201 weed", 2},
                                                   {"[a]\n60", 2},
                                                   {"[a]\n60 ...", 2},
                                                   {"[a]\n60 a*b", 2},
                                                   {"[a\n", 1},
                                                   {"[]\n", 1},
                                                   {"[a]\n6x weed", 2},
                                                   {"[a]\n99999999999999 weed", 2}};
  for (const auto& [text, line] : kBad) {
    Problems problems;
    (void)read_phrases(text, "x.txt", problems);
    ASSERT_FALSE(problems.empty()) << text;
    EXPECT_EQ(problems[0].at.line, line) << text;
    EXPECT_EQ(problems[0].severity, Problem::Severity::error);
  }
}

TEST(PhrasePack, E2guardian) {
  Problems problems;
  const auto phrases = read_e2guardian_phrases(
      "#listcategory: \"Drugs\"\n< weed >,<bong><40>\n<smoking dope>\n< caf\xE9 bar "
      "><-30>\n<ab><50>\n.Include</etc/x>\n<18 plus><20>\n",
      "drugs", "weighted", problems);
  ASSERT_EQ(phrases.size(), 4u);
  EXPECT_EQ(phrases[0].parts, (std::vector<std::string>{" weed ", "bong"}));
  EXPECT_EQ(phrases[0].weight, 40);
  EXPECT_EQ(phrases[1].weight, kLargestWeight);
  EXPECT_EQ(phrases[2].parts, std::vector<std::string>{" cafe bar "});
  EXPECT_EQ(phrases[2].weight, -30);
  EXPECT_EQ(phrases[3].parts, std::vector<std::string>{"18 plus"});
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(problems[0].at.line, 5);
  EXPECT_EQ(problems[1].at.line, 6);
  EXPECT_EQ(problems[0].severity, Problem::Severity::warning);
}

TEST(PhrasePack, ShippedOnesAreInOrder) {
  Problems problems;
  const auto phrases = shipped_phrases(problems);
  for (const Problem& problem : problems) ADD_FAILURE() << problem.text();
  const rules::CategoryTable categories;
  std::set<std::pair<std::string, std::vector<std::string>>> seen;
  for (const Phrase& phrase : phrases) {
    EXPECT_NE(categories.find(phrase.category), rules::kNoCategory) << phrase.category;
    EXPECT_TRUE(seen.emplace(phrase.category, phrase.parts).second) << "twice: " << phrase.category << phrase.parts[0];
  }
  EXPECT_GT(phrases.size(), 400u);
  EXPECT_TRUE(shipped_phrase_book().has_value());
}

}  // namespace
}  // namespace schoolgate::content
