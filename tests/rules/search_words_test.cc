#include <gtest/gtest.h>

#include "rules/search_terms.h"
#include "rules/utf8.h"

namespace schoolgate::rules {
namespace {

TEST(SearchWords, AreLowerCaseWithOneBlankBetween) {
  EXPECT_EQ(search_words("How  to-make_a\tBOMB?!"), " how to make a bomb ");
  EXPECT_EQ(search_words(""), "");
  EXPECT_EQ(search_words(" ?! -- "), "");
  EXPECT_EQ(search_words("C++ 17"), " c 17 ");
}

TEST(SearchWords, ApostrophesAndInvisibleSignsVanish) {
  EXPECT_EQ(search_words("don't"), " dont ");
  EXPECT_EQ(search_words("don\u2019t"), " dont ");
  EXPECT_EQ(search_words("bo\u200Bm\u00ADb"), " bomb ");
}

TEST(SearchWords, AccentsAndFullWidthFormsAreTheSameLetters) {
  EXPECT_EQ(search_words("BÖMB"), " bomb ");
  EXPECT_EQ(search_words("bo\u0308mb"), " bomb ");
  EXPECT_EQ(search_words("\uFF22\uFF2F\uFF2D\uFF22"), " bomb ");
  EXPECT_EQ(search_words("Straße Œuvre Łódź"), " strasse oeuvre lodz ");
}

TEST(SearchWords, OtherScriptsKeepTheirLetters) {
  EXPECT_EQ(search_words("КАК СДЕЛАТЬ"), " как сделать ");
  EXPECT_EQ(search_words("ΑΒΓ"), " αβγ ");
  EXPECT_EQ(search_words("自殺の方法"), " 自 殺 の 方 法 ");
  EXPECT_EQ(search_words("one\U0001F600two"), " one two ");
}

TEST(SearchWords, WhatIsNoUtf8Separates) {
  EXPECT_EQ(search_words("a\xFF"
                         "b"),
            " a b ");
  EXPECT_EQ(search_words("a\xC0\x80z\xED\xA0\x80"), " a z ");
}

TEST(Utf8, ReadsWhatItWrites) {
  for (const char32_t c : {U'\0', U'a', U'\u007F', U'\u0080', U'\u07FF', U'\u0800', U'\uD7FF', U'\uE000', U'\uFFFF',
                           U'\U00010000', U'\U0010FFFF'}) {
    std::string text;
    append_utf8(text, c);
    EXPECT_EQ(next_code_point(text), std::pair(c, text.size())) << std::uint32_t(c);
  }
}

TEST(Utf8, RefusesOverlongSurrogatesAndWhatIsCutShort) {
  for (const std::string_view text : {"\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
                                      "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xC3", "\xE2\x82", "\xC3(", "\xE2(\xA1"})
    EXPECT_EQ(next_code_point(text), std::pair(kNoCodePoint, std::size_t{1}));
}

}  // namespace
}  // namespace schoolgate::rules
