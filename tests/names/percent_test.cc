#include "names/percent.h"

#include <gtest/gtest.h>

#include <random>

namespace schoolgate::names {
namespace {

std::string unescaped(std::string text) {
  unescape_to_fixpoint(text);
  return text;
}

// What the fixpoint means: whole passes from left to right until one changes nothing.
std::string unescaped_by_passes(std::string text) {
  const auto hex = [](char c) { return std::string_view("0123456789abcdefABCDEF").find(c) != std::string_view::npos; };
  while (true) {
    std::string next;
    for (std::size_t i = 0; i < text.size();) {
      if (text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) && hex(text[i + 2])) {
        next += char(std::stoi(text.substr(i + 1, 2), nullptr, 16));
        i += 3;
      } else {
        next += text[i++];
      }
    }
    if (next == text) return text;
    text = next;
  }
}

TEST(Percent, DecodesUntilNothingIsLeft) {
  const struct {
    const char *text, *expected;
  } cases[] = {
      {"", ""},         {"plain", "plain"},   {"%41", "A"},         {"%2541", "A"},     {"%25252541", "A"},
      {"%%34%31", "A"}, {"%2%35%34%31", "A"}, {"%4%31", "A"},       {"%", "%"},         {"%4", "%4"},
      {"%zz", "%zz"},   {"%%", "%%"},         {"100%25", "100%"},   {"%25%32%35", "%"}, {"%c3%BC", "\xc3\xbc"},
      {"a%2Fb", "a/b"}, {"%25zz", "%zz"},     {"%2%zz5", "%2%zz5"},
  };
  for (const auto& c : cases) EXPECT_EQ(unescaped(c.text), c.expected) << c.text;
  EXPECT_EQ(unescaped("%00"), std::string(1, '\0'));
}

TEST(Percent, OneLookingBackPassEqualsManyPasses) {
  std::mt19937 random(2);
  constexpr std::string_view kAlphabet = "%%%%2255341fFgz/";
  for (int i = 0; i < 50'000; ++i) {
    std::string text;
    for (auto length = random() % 40; length > 0; --length) text += kAlphabet[random() % kAlphabet.size()];
    ASSERT_EQ(unescaped(text), unescaped_by_passes(text)) << text;
  }
}

TEST(Percent, DeepNestingCollapsesToItsCore) {
  std::string text = "%";
  for (int i = 0; i < 500'000; ++i) text += "25";
  EXPECT_EQ(unescaped(text + "41"), "A");
  EXPECT_EQ(unescaped(text), "%");
}

TEST(Percent, EscapesOnlyWhatItMust) {
  std::string every;
  for (int c = 0; c < 256; ++c) every += char(c);
  for (const bool path : {true, false}) {
    std::string out;
    path ? append_escaped_path(out, every) : append_escaped_query(out, every);
    for (const char c : out) EXPECT_TRUE(c > 0x20 && c < 0x7F);
    EXPECT_EQ(out.find('#'), std::string::npos);
    EXPECT_EQ(out.find('?') == std::string::npos, path);
    EXPECT_NE(out.find("!\"%23$%25&'()*+,-./0123456789:;<=>"), std::string::npos) << out;
    EXPECT_NE(out.find("@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~%7F%80"), std::string::npos);
    EXPECT_TRUE(out.starts_with("%00%01")) << out;
    EXPECT_TRUE(out.ends_with("%FE%FF")) << out;
    EXPECT_EQ(unescaped(out), every);
  }
}

TEST(Percent, WhatWasEscapedDecodesToTheSame) {
  std::mt19937 random(3);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (auto length = random() % 30; length > 0; --length) text += random() % 3 == 0 ? '%' : char(random() % 256);
    const std::string core = unescaped(text);
    std::string path, query;
    append_escaped_path(path, core);
    append_escaped_query(query, core);
    ASSERT_EQ(unescaped(path), core);
    ASSERT_EQ(unescaped(query), core);
  }
}

}  // namespace
}  // namespace schoolgate::names
