#include "config/plain_text.h"

#include <gtest/gtest.h>

#include <string>

#include "config/yaml_tree.h"

namespace schoolgate::config {
namespace {

using namespace std::string_view_literals;

void expect_fault(std::string_view text, int line, int column, std::string_view message) {
  const auto fault = find_text_fault(text);
  ASSERT_TRUE(fault) << printable(text);
  EXPECT_EQ(fault->line, line);
  EXPECT_EQ(fault->column, column);
  EXPECT_EQ(fault->message, message);
}

TEST(PlainText, TakesUtf8WithOrWithoutByteOrderMark) {
  EXPECT_FALSE(find_text_fault(""));
  EXPECT_FALSE(find_text_fault("a: b\r\nc: caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\n"));
  EXPECT_FALSE(
      find_text_fault("\xEF\xBB\xBF"
                      "a: b\n"));
}

TEST(PlainText, RefusesUtf16) {
  expect_fault(
      "\xFF\xFE"
      "a\0"sv,
      1, 1, "the file is UTF-16");
  expect_fault("\xFE\xFF\0a"sv, 1, 1, "the file is UTF-16");
}

TEST(PlainText, RefusesBytesThatAreNoUtf8) {
  expect_fault("a: caf\xE9\n", 1, 7, "not valid UTF-8");
  expect_fault("a\nb\xC0\x80", 2, 2, "not valid UTF-8");      // overlong NUL
  expect_fault("\xED\xA0\x80", 1, 1, "not valid UTF-8");      // surrogate
  expect_fault("\xF4\x90\x80\x80", 1, 1, "not valid UTF-8");  // past U+10FFFF
  expect_fault("\xE2\x82", 1, 1, "not valid UTF-8");          // cut off
}

TEST(PlainText, RefusesNulAndControlCharacters) {
  expect_fault("a: b\0c"sv, 1, 5, "a NUL byte");
  expect_fault("a: \x1B[31m", 1, 4, "a control character");
  expect_fault("a: \x7F", 1, 4, "a control character");
}

TEST(PlainText, RefusesATabThatIndents) {
  expect_fault("a:\n\tb: c\n", 2, 1, "a tab indents this line");
  expect_fault("a:\n  \tb: c\n", 2, 3, "a tab indents this line");
  EXPECT_FALSE(find_text_fault("a:\tb # c\td\n\t\n\t# a comment\n"));
}

TEST(PlainText, BoundsALine) {
  EXPECT_FALSE(find_text_fault(std::string(kMaxLineBytes, 'a') + "\n"));
  expect_fault("\n" + std::string(kMaxLineBytes + 1, 'a'), 2, int(kMaxLineBytes) + 1, "a line longer than 16384 bytes");
}

TEST(Printable, EscapesAndCuts) {
  EXPECT_EQ(printable("a\x1B[31m\nb"), "a\\u001b[31m\\nb");
  EXPECT_EQ(printable(std::string(70, 'a')), std::string(60, 'a') + "…");
  EXPECT_EQ(printable("aaa\xC3\xA9", 4), "aaa…");  // never half a character
}

}  // namespace
}  // namespace schoolgate::config
