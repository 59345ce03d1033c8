#include "web/text.h"

#include <gtest/gtest.h>

namespace schoolgate::web {
namespace {

TEST(Text, Utf8IsReadStrictly) {
  EXPECT_TRUE(is_utf8("plain"));
  EXPECT_TRUE(is_utf8("Zo\xC3\xAB \xE2\x82\xAC \xF0\x9F\xA6\x89"));
  EXPECT_FALSE(is_utf8("\xC0\xAF"));          // overlong "/"
  EXPECT_FALSE(is_utf8("\xED\xA0\x80"));      // surrogate
  EXPECT_FALSE(is_utf8("\xF4\x90\x80\x80"));  // past U+10FFFF
  EXPECT_FALSE(is_utf8("\xE2\x82"));          // cut short
  EXPECT_FALSE(is_utf8("\x80"));
}

TEST(Text, WhatIsShownHasNoControlsAndTurnsNoText) {
  EXPECT_EQ(shown("a\nb\tc"), "a\nb\tc");
  EXPECT_EQ(shown(std::string("a\0b\x1B[31m", 8)),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD[31m");
  EXPECT_EQ(shown("exe.\xE2\x80\xAEtxt"), "exe.\xEF\xBF\xBDtxt");  // U+202E
  EXPECT_EQ(shown("\xE2\x81\xA6x"), "\xEF\xBF\xBDx");              // U+2066
  EXPECT_EQ(shown("\xFFx"), "\xEF\xBF\xBDx");
  EXPECT_EQ(shown("\xD7\xA9\xD7\x9C"), "\xD7\xA9\xD7\x9C");  // Hebrew itself stays
}

TEST(Text, CharactersAreCountedNotBytes) { EXPECT_EQ(count_characters("Zo\xC3\xAB"), 3u); }

TEST(Text, PercentEscapesAreUndoneOnceAndStrictly) {
  EXPECT_EQ(percent_decode("a%20b%C3%AB"), "a b\xC3\xAB");
  EXPECT_EQ(percent_decode("%2541"), "%41");
  EXPECT_EQ(percent_decode("%4"), std::nullopt);
  EXPECT_EQ(percent_decode("%zz"), std::nullopt);
  EXPECT_EQ(percent_decode("%FF"), std::nullopt);
  const std::string hostile = "a b&c=d/\"<\xC3\xAB";
  EXPECT_EQ(percent_encode(hostile), "a%20b%26c%3Dd%2F%22%3C%C3%AB");
  EXPECT_EQ(percent_decode(percent_encode(hostile)), hostile);
}

TEST(Text, OnlyWebAddressesBecomeLinks) {
  EXPECT_EQ(web_address("https://maths.example/a?b=c#d"), "https://maths.example/a?b=c#d");
  EXPECT_EQ(web_address("http://maths.example:8080"), "http://maths.example:8080");
  for (const char* bad : {"javascript:alert(1)", "data:text/html,x", "//evil.example", "/local", "https://",
                          "https:///x", "https://user@evil.example/", "https://a.example/\" onclick=x",
                          "https://a.example/ x", "https://a.example\\@b.example/", "HTTPS:x", "ftp://a.example/",
                          "https://:80/", "https://a.example/\n", "https://a.example/\xFF"})
    EXPECT_EQ(web_address(bad), std::nullopt) << bad;
  EXPECT_EQ(web_address("https://a.example/" + std::string(3000, 'x')), std::nullopt);
}

TEST(Text, BlanksAreTrimmedAndCaseIsIgnoredForAsciiOnly) {
  EXPECT_EQ(trimmed(" \t a b\r\n"), "a b");
  EXPECT_EQ(trimmed("  "), "");
  EXPECT_TRUE(equal_ignoring_case("Set-Cookie", "set-cookie"));
  EXPECT_FALSE(equal_ignoring_case("\xC3\x84", "\xC3\xA4"));
}

}  // namespace
}  // namespace schoolgate::web
