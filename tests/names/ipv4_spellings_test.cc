#include "names/ipv4_spellings.h"

#include <gtest/gtest.h>

#include <string>

namespace schoolgate::names {
namespace {

TEST(Ipv4Spellings, EveryBaseAndLengthIsRead) {
  const struct {
    const char* text;
    std::uint32_t address;
  } cases[] = {
      {"192.0.2.1", 0xC0000201},
      {"3221225985", 0xC0000201},
      {"0xc0000201", 0xC0000201},
      {"030000001001", 0xC0000201},
      {"192.513", 0xC0000201},
      {"192.0.513", 0xC0000201},
      {"0xc0.0.01001", 0xC0000201},
      {"0300.0x0.02.1", 0xC0000201},
      {"0", 0},
      {"0x", 0},
      {"0.0", 0},
      {"00000000000000000001", 1},
      {"4294967295", 0xFFFFFFFF},
      {"0xffffffff", 0xFFFFFFFF},
      {"037777777777", 0xFFFFFFFF},
      {"255.16777215", 0xFFFFFFFF},
      {"255.255.65535", 0xFFFFFFFF},
      {"127.1", 0x7F000001},
      {"0x7f.1", 0x7F000001},
  };
  for (const auto& c : cases) {
    EXPECT_TRUE(ends_in_number(c.text)) << c.text;
    EXPECT_EQ(parse_ipv4_spelling(c.text), c.address) << c.text;
  }
}

TEST(Ipv4Spellings, OverflowIsNoAddress) {
  for (const std::string& text :
       {std::string("4294967296"), std::string("0x100000000"), std::string("040000000000"), std::string("256.1"),
        std::string("1.256.1"), std::string("1.16777216"), std::string("1.2.65536"), std::string("1.2.3.256"),
        std::string("1.2.3.4.5"), std::string(400, '9'), "0x" + std::string(400, 'f')})
    EXPECT_EQ(parse_ipv4_spelling(text), std::nullopt) << text;
}

TEST(Ipv4Spellings, WrongDigitsAreNoAddress) {
  for (const char* text : {"", ".", "1.", ".1", "1..2", "08", "1.2.3.09", "0xg", "1.0x1g", "a", "1.a", "-1", "1 "})
    EXPECT_EQ(parse_ipv4_spelling(text), std::nullopt) << text;
}

TEST(Ipv4Spellings, OnlyTheLastLabelMakesAHostNumeric) {
  for (const char* text : {"foo.1", "a.b.0x1f", "foo.09", "1.2.3.4.5", "x.0x"})
    EXPECT_TRUE(ends_in_number(text)) << text;
  for (const char* text : {"", "example", "1.example", "1.2.3.4a", "foo.0xg", "foo.x1", "1.2.3.4-", "0x1.a", "1e3"})
    EXPECT_FALSE(ends_in_number(text)) << text;
}

}  // namespace
}  // namespace schoolgate::names
