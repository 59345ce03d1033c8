#include "identity/register_words.h"

#include <gtest/gtest.h>

namespace schoolgate::identity {
namespace {

TEST(RegisterWords, ArePrintableTextOnOneLine) {
  EXPECT_TRUE(check_words("the host", "Mrs Oak", false));
  EXPECT_TRUE(check_words("the note", "", true));
  EXPECT_EQ(check_words("the host", "", false).error().what, "the host is missing");
  EXPECT_EQ(check_words("the host", "a\nb", false).error().what, "the host holds a control character");
  EXPECT_EQ(check_words("the host", std::string("a\0b", 3), false).error().fault, Fault::client);
  EXPECT_TRUE(check_words("the host", std::string(200, 'a'), false));
  EXPECT_FALSE(check_words("the host", std::string(201, 'a'), false));
  EXPECT_TRUE(check_words("the host", "Zoë", false));
}

TEST(RegisterWords, OfAGroupAreInLowerCaseWithoutAComma) {
  EXPECT_TRUE(check_group("year6"));
  for (const char* group : {"", "Year6", "a,b", "a\tb"}) EXPECT_FALSE(check_group(group)) << group;
}

TEST(RegisterWords, OfACellAreSplitAtCommas) {
  EXPECT_EQ(words_of_cell(""), std::vector<std::string>{});
  EXPECT_EQ(words_of_cell("year6,choir"), (std::vector<std::string>{"year6", "choir"}));
  EXPECT_EQ(words_of_cell("year6,,"), (std::vector<std::string>{"year6", ""}));
}

TEST(RegisterWords, ACellWithoutAnAddressIsTheUnspecifiedOne) {
  EXPECT_EQ(address_of_cell("10.20.1.5"), names::IpAddress::parse("10.20.1.5"));
  EXPECT_EQ(address_of_cell("elsewhere"), names::IpAddress{});
}

}  // namespace
}  // namespace schoolgate::identity
