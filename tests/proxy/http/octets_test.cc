#include "proxy/http/octets.h"

#include <gtest/gtest.h>

#include <string>

namespace schoolgate::http {
namespace {

// Every byte at every place of two words, among bytes that tempt a borrow or a carry.
TEST(FindBelow, FindsTheFirstOfAnyByteAtAnyPlace) {
  for (const char filler : {'a', ' ', '!', '\x7E', '\x80', '\xA0', '\xFF'}) {
    for (int byte = 0; byte < 256; ++byte) {
      for (std::size_t place = 0; place < 19; ++place) {
        std::string text(19, filler);
        text[place] = char(byte);
        const char* const end = text.data() + text.size();
        const bool control = byte < 0x20 || byte == 0x7F;
        ASSERT_EQ(find_below<0x20>(text.data(), end), control ? text.data() + place : end) << byte << " at " << place;
        if (filler == ' ') continue;
        const bool space_too = control || byte == 0x20;
        ASSERT_EQ(find_below<0x21>(text.data(), end), space_too ? text.data() + place : end) << byte << " at " << place;
      }
    }
  }
}

TEST(FindBelow, OfTwoTheFirst) {
  const std::string text = std::string("abc\x7F") + "de\x01" + "fgh";
  EXPECT_EQ(find_below<0x20>(text.data(), text.data() + text.size()), text.data() + 3);
  EXPECT_EQ(find_below<0x20>(text.data() + 4, text.data() + text.size()), text.data() + 6);
  EXPECT_EQ(find_below<0x20>(text.data(), text.data()), text.data()) << "an empty range has none";
}

TEST(Token, IsLettersDigitsAndFifteenMarks) {
  int count = 0;
  for (int byte = 0; byte < 256; ++byte) count += is_token_byte(char(byte));
  EXPECT_EQ(count, 26 + 26 + 10 + 15);
  EXPECT_TRUE(is_token("X-Name_1~"));
  for (const char* text : {"", "a b", "a:", "(a)", "a\t", "\xE9", "\"a\""}) EXPECT_FALSE(is_token(text)) << text;
}

TEST(FieldValue, IsVisibleBytesSpacesAndTabs) {
  EXPECT_TRUE(is_field_value(""));
  EXPECT_TRUE(is_field_value("caf\xC3\xA9 \t \xFF"));
  for (const char* text : {"a\r", "\n", "long enough to fill a word\x7F", "\x1F"}) EXPECT_FALSE(is_field_value(text));
}

TEST(TakeMember, TakesListsApart) {
  std::string_view list = " a ,\tb,, c d ";
  EXPECT_EQ(take_member(list), "a");
  EXPECT_EQ(take_member(list), "b");
  EXPECT_EQ(take_member(list), "");
  EXPECT_EQ(take_member(list), "c d");
  EXPECT_TRUE(list.empty());
}

}  // namespace
}  // namespace schoolgate::http
