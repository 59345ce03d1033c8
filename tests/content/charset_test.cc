#include "content/charset.h"

#include <gtest/gtest.h>

namespace schoolgate::content {
namespace {

std::string read_charset(std::string_view type, std::string_view bytes, std::size_t piece = 1 << 20,
                         bool json = false) {
  std::string out;
  const CharsetDecoder::Sink sink = [&](std::string_view text) { out += text; };
  CharsetDecoder decoder(type, json);
  for (std::size_t at = 0; at < bytes.size(); at += piece) decoder.feed(bytes.substr(at, piece), sink);
  decoder.finish(sink);
  return out;
}

TEST(Charset, OfTheHeader) {
  EXPECT_EQ(read_charset("text/html; charset=iso-8859-1", "caf\xE9 \x80"), "caf\u00E9 \u20AC");
  EXPECT_EQ(read_charset("text/html;CHARSET = \"Windows-1251\"", "\xCF\xF0\xE8"), "\u041F\u0440\u0438");
  EXPECT_EQ(read_charset("text/html; charset=shift_jis", "\x8E\xA9\x8E\x45", 1), "\u81EA\u6BBA");
  EXPECT_EQ(read_charset("text/html; charset=utf-16", std::string_view("p\0o\0=\xD8\0\xDE", 8), 1), "po\U0001F600");
  EXPECT_EQ(read_charset("text/html; charset=gb2312", "\xD7\xD4", 1), "\u81EA");
}

TEST(Charset, NamesAreWhole) {
  EXPECT_EQ(read_charset("text/html; xcharset=utf-16le; charset=utf-8", "caf\u00E9"), "caf\u00E9");
  EXPECT_EQ(read_charset("text/html; a=\"; charset=utf-16le\"; charset=utf-8", "caf\u00E9"), "caf\u00E9");
  EXPECT_EQ(read_charset("text/html; charset=utf-8; charset=utf-16le", "caf\u00E9"), "caf\u00E9");
  EXPECT_EQ(read_charset("text/plain; charset=utf-16le, text/html; charset=utf-8", "caf\u00E9"), "caf\u00E9");
  EXPECT_EQ(read_charset("text/html; charset=iso-8859-1, text/html", "caf\xE9"), "caf\u00E9");
  EXPECT_EQ(charset_of_meta("<meta xcharset=koi8-r charset=big5>"), "Big5-HKSCS");
  EXPECT_EQ(charset_of_meta("<meta x='charset=koi8-r > ' charset = 'big5' >"), "Big5-HKSCS");
  EXPECT_EQ(charset_of_meta("<meta content='text/html; charset=koi8-r'>"), "");
  EXPECT_EQ(charset_of_meta("<meta charset=x charset=koi8-r>"), "");
  EXPECT_EQ(charset_of_meta("<meta x='"), "");
}

TEST(Charset, WhatIsKnownIsNotWaitedFor) {
  std::string out;
  const CharsetDecoder::Sink sink = [&](std::string_view text) { out += text; };
  CharsetDecoder("text/html; charset=utf-8").feed("page", sink);
  CharsetDecoder("application/json", true).feed("json", sink);
  CharsetDecoder("text/html").feed("\xEF\xBB\xBFmark", sink);
  CharsetDecoder("text/html").feed(std::string_view("\xFF\xFE\x31\x00", 4), sink);
  EXPECT_EQ(out, "pagejsonmark1");
}

TEST(Charset, OfTheMark) {
  EXPECT_EQ(read_charset("text/html; charset=iso-8859-1", "\xEF\xBB\xBF\xC3\xA9"), "\u00E9");
  EXPECT_EQ(read_charset("", std::string_view("\xFE\xFF\0p", 4)), "p");
}

TEST(Charset, OfThePageItself) {
  EXPECT_EQ(read_charset("text/html", "<meta charset='windows-1250'>\x9C"), "<meta charset='windows-1250'>\u015B");
  EXPECT_EQ(charset_of_meta("<META http-equiv=Content-Type content=\"text/html; charset=koi8-r\">"), "KOI8-R");
  EXPECT_EQ(charset_of_meta("<!-- <meta charset=koi8-r> --><meta charset=x><meta charset=big5>"), "Big5-HKSCS");
  EXPECT_EQ(charset_of_meta("<meta charset=utf-16>"), "UTF-8");
  EXPECT_EQ(charset_of_meta("<metacharset"), "");
}

TEST(Charset, OfNobody) {
  EXPECT_EQ(read_charset("text/html", "\xC5\x9B"), "\u015B");
  EXPECT_EQ(read_charset("text/html; charset=nonsense", "caf\xE9 "), "caf\u00E9 ");
  EXPECT_EQ(read_charset("application/json; charset=iso-8859-1", "\xC3\xA9", 1, true), "\u00E9");
  EXPECT_EQ(read_charset("", ""), "");
}

TEST(Charset, EveryLabelHasAConverter) {
  for (const std::string_view label :
       {"866",     "l2",     "latin3",         "iso-8859-4",  "cyrillic", "arabic", "greek",       "hebrew",
        "logical", "l6",     "iso-8859-13",    "iso-8859-14", "l9",       "koi8-r", "koi8-u",      "mac",
        "tis-620", "cp1250", "cp1251",         "ascii",       "cp1253",   "latin5", "cp1255",      "cp1256",
        "cp1257",  "cp1258", "x-mac-cyrillic", "gbk",         "big5",     "euc-jp", "iso-2022-jp", "sjis",
        "euc-kr"}) {
    ASSERT_FALSE(charset_labelled(label).empty()) << label;
    // Without a converter the byte would come out as it went in.
    const std::string out = read_charset("text/html; charset=" + std::string(label), "a\xFF\xFE z");
    EXPECT_TRUE(out.starts_with("a")) << label;
    EXPECT_NE(out, "a\xFF\xFE z") << label;
  }
  EXPECT_EQ(charset_labelled(" UTF8\n"), "UTF-8");
  EXPECT_EQ(charset_labelled("utf-7"), "");
}

}  // namespace
}  // namespace schoolgate::content
