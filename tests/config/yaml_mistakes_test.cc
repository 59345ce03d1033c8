// Mistakes that people make, as whole little files: the place and the words that they get.
#include "config/yaml_mistakes.h"

#include <gtest/gtest.h>

#include "config/yaml_tree.h"

namespace schoolgate::config {
namespace {

std::string said(std::string_view text) {
  Problems problems;
  if (parse_yaml(text, "f", problems)) return "good";
  return problems.size() == 1 ? problems[0].text() : "not one problem";
}

TEST(YamlMistakes, Indent) {
  EXPECT_EQ(
      said("block:\n  - { site: a.example }\n - { site: b.example }\n"),
      "f:3:2: this line is indented otherwise than the lines that it belongs to (lines of one list or mapping begin in "
      "one column, here 1 or 3)");
  EXPECT_EQ(
      said("groups:\n  pupils:\n    members: {}\n   categories: {}\n"),
      "f:4:4: this line is indented otherwise than the lines that it belongs to (lines of one list or mapping begin in "
      "one column, here 1 or 3 or 5)");
  EXPECT_EQ(
      said("groups:\n  pupils:\n    members: {}\n     categories: {}\n"),
      "f:4:6: this line is indented otherwise than the lines that it belongs to (lines of one list or mapping begin in "
      "one column, here 1 or 3 or 5)");
}

TEST(YamlMistakes, ValuesThatNeedQuotes) {
  EXPECT_EQ(said("- { site: *.x.example, category: games }\n"),
            "f:1:11: a value that begins with * needs quotes (write x.example: a site covers everything under it)");
  EXPECT_EQ(said("site: *.x.example\n"),
            "f:1:7: a value that begins with * needs quotes (write x.example: a site covers everything under it)");
  EXPECT_EQ(said("why: @home\n"), "f:1:6: a value that begins with @ needs quotes (write \"@home\")");
  EXPECT_EQ(said("- site: a.example\n  why: asked by X: urgent\n"),
            "f:2:8: this text has a colon in it, so it needs quotes (write why: \"asked by X: urgent\")");
  EXPECT_EQ(said("- { site: a.example, why: asked by X: urgent }\n"),
            "f:1:27: this text has a colon in it, so it needs quotes (write why: \"asked by X: urgent\")");
  EXPECT_EQ(said("pattern: \"a\\.example\"\n").substr(0, 5), "f:1:1");
  EXPECT_TRUE(said("pattern: \"a\\.example\"\n").contains("single quotes"));
}

TEST(YamlMistakes, Quotes) {
  EXPECT_EQ(said("block:\n  - { site: a.example, why: \"oops }\n  - { site: b.example }\n"),
            "f:2:29: the quote that begins here is not closed (end the text with \" on the same line)");
  EXPECT_EQ(said("block:\n  - { site: a.example, why: \"oops }\n  - { site: b.example, why: \"x\" }\n"),
            "f:2:29: the quote that begins here is not closed (end the text with \" on the same line)");
  EXPECT_EQ(said("- { site: a.example, why: 'don't }\n"),
            "f:1:32: text goes on after its closing quote (in single quotes an apostrophe is written twice: '')");
}

TEST(YamlMistakes, AQuoteThatTheEndOfTheFileCloses) {
  const std::string words = "the quote that begins here is not closed (end the text with \" on the same line)";
  EXPECT_EQ(said("groups: {}\nfallback: \"ks2"), "f:2:11: " + words);
  EXPECT_EQ(said("groups: {}\nfallback: \"ks2\n"), "f:2:11: " + words);
  EXPECT_EQ(said("groups: {}\nfallback: \"ks2\\\""), "f:2:11: " + words);
  EXPECT_EQ(said("groups: {}\nfallback: 'ks2''"),
            "f:2:11: the quote that begins here is not closed (end the text with ' on the same line)");
  EXPECT_EQ(said("fallback: &a \"ks2"), "f:1:14: " + words);
  EXPECT_EQ(said("\"é\": \"é"), "f:1:7: " + words);
  for (const std::string good : {"a: \"x\"", "a: 'it''s'", "a: \"x\\\"y\"", "a: \"two\n  lines\"\nb: 'c'",
                                 "a: |\n  \"quoted", "a: it's", "\"é\": \"é\"", "a: ''", "a: &b 'c'\nd: *b"})
    EXPECT_EQ(said(good), "good") << good;
}

TEST(YamlMistakes, Brackets) {
  EXPECT_EQ(said("block:\n  - { site: a.example\n  - { site: b.example }\n"),
            "f:2:5: the bracket { that begins here is not closed (close it with } before the next item)");
  EXPECT_EQ(said("- { site: a.example, groups: [pupils }\n"),
            "f:1:30: the bracket [ that begins here is not closed (close it with ] before the next item)");
  EXPECT_EQ(said("groups:\n  pupils: { members: { networks: [10.0.0.0/8] }\nfallback: pupils\n"),
            "f:2:11: the bracket { that begins here is not closed (close it with } before the next item)");
}

TEST(YamlMistakes, Blanks) {
  EXPECT_EQ(said("block:\n  -{ site: a.example, category: games }\n"),
            "f:2:3: a dash that begins an item needs a blank after it (write - { site: a.example, category: games })");
  EXPECT_EQ(said("- site:a.example\n  category: games\n"),
            "f:1:7: a colon after a key needs a blank after it (write site: a.example)");
}

TEST(YamlMistakes, WhatIsRightIsNotLookedAt) {
  EXPECT_EQ(said("why: \"a: b # c\"  # it's { fine\nurl: http://a.example/\nname: it's\n"), "good");
  EXPECT_EQ(said(""), "good");
}

TEST(YamlMistakes, NoTextIsTooOddToBeLookedAt) {
  for (const char* text : {"\"", "'", "{", "[", "- '", "\n\n\"", "a: \"\\", "{]", "[}", "-", "*", "&", "%", "a:\n\t-"})
    for (int line = -1; line < 5; ++line)
      for (int column = -1; column < 5; ++column)
        for (const char* words : {"end of map flow not found", "unknown token", "anchor is not defined",
                                  "illegal map value", ""}) [[maybe_unused]]
          const auto found = find_yaml_mistake(text, line, column, words);
}

}  // namespace
}  // namespace schoolgate::config
