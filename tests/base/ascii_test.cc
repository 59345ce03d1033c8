// base/ascii.h. How it can go wrong: the locale decides; a negative char is undefined; UTF-8 is torn; a text of blanks
// only; a NUL ends the text early; the first or an empty text of a list loses its separator.
#include "base/ascii.h"

#include <clocale>
#include <vector>

#include <gtest/gtest.h>

namespace schoolgate {
namespace {

TEST(Ascii, LowersAtoZAndNothingElse) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = char(byte);
    const char expected = byte >= 'A' && byte <= 'Z' ? char(byte + 32) : c;
    EXPECT_EQ(ascii_lower(c), expected) << byte;
  }
  EXPECT_EQ(ascii_lower("ÄÖ-Gambling.EXAMPLE"), "ÄÖ-gambling.example");
  EXPECT_EQ(ascii_lower(std::string_view("A\0B", 3)), std::string_view("a\0b", 3));
}

TEST(Ascii, LettersAndDigitsAreTheSameInEveryLocale) {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  std::setlocale(LC_ALL, "C.UTF-8");
  int letters = 0, digits = 0;
  for (int byte = 0; byte < 256; ++byte) {
    letters += is_ascii_letter(char(byte));
    digits += is_ascii_digit(char(byte));
  }
  std::setlocale(LC_ALL, before.c_str());
  EXPECT_EQ(letters, 52);
  EXPECT_EQ(digits, 10);
}

TEST(Ascii, ComparesWithoutRegardToCase) {
  EXPECT_TRUE(equal_ignoring_case("Content-LENGTH", "content-length"));
  EXPECT_TRUE(equal_ignoring_case("", ""));
  EXPECT_FALSE(equal_ignoring_case("host", "hosts"));
  EXPECT_FALSE(equal_ignoring_case("@", "`"));  // 0x20 apart, and no letters
  EXPECT_FALSE(equal_ignoring_case("Ä", "ä"));
}

TEST(Ascii, TrimsBothEndsAndOnlyThem) {
  EXPECT_EQ(trimmed(" \t\r\n\f\v a b \v\f\n\r\t "), "a b");
  EXPECT_EQ(trimmed(""), "");
  EXPECT_EQ(trimmed(" \t"), "");
  EXPECT_EQ(trimmed("\u00A0x"), "\u00A0x");
  EXPECT_EQ(trimmed(std::string_view("\0 x", 3)), std::string_view("\0 x", 3));
  EXPECT_EQ(trimmed("--x--", "-"), "x");
}

TEST(Ascii, JoinsWithTheSeparatorBetweenTwo) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(joined(Texts{}), "");
  EXPECT_EQ(joined(Texts{"ks1"}), "ks1");
  EXPECT_EQ(joined(Texts{"ks1", "ks2", "staff"}), "ks1, ks2, staff");
  EXPECT_EQ(joined(Texts{"", "ks2", ""}, ","), ",ks2,");
}

}  // namespace
}  // namespace schoolgate
