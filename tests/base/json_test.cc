#include "base/json.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace schoolgate {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  append_json_escaped(out, text);
  return out;
}

TEST(Json, PlainTextAndUtf8StayAsTheyAre) {
  for (const char* text : {"", "plain", "it's /fine/ ~", "bücher", "日本語", "😀", "\u00a0"})
    EXPECT_EQ(escaped(text), text);
}

TEST(Json, QuotesAndBackslashesAreEscaped) { EXPECT_EQ(escaped(R"(a"b\c)"), R"(a\"b\\c)"); }

TEST(Json, LineBreaksCannotForgeALine) { EXPECT_EQ(escaped("a\r\nlevel=info\tx"), R"(a\r\nlevel=info\tx)"); }

TEST(Json, EveryControlCharacterIsEscaped) {
  EXPECT_EQ(escaped(std::string_view("\0\x01\x08\x0b\x0c\x1f\x7f", 7)),
            R"(\u0000\u0001\u0008\u000b\u000c\u001f\u007f)");
  EXPECT_EQ(escaped("\x1b[31mred"), R"(\u001b[31mred)");
  EXPECT_EQ(escaped("\u0085\u009b"), R"(\u0085\u009b)");
  for (int c = 0; c < 256; ++c)
    for (const char out : escaped(std::string(1, char(c)))) EXPECT_TRUE(out >= 0x20 && out < 0x7F) << c;
}

TEST(Json, SeparatorsAndBidiControlsAreEscaped) {
  EXPECT_EQ(escaped("\u2028\u2029"), R"(\u2028\u2029)");
  EXPECT_EQ(escaped("exe.\u202Etxt\u202C"), R"(exe.\u202etxt\u202c)");
  EXPECT_EQ(escaped("\u2066\u2069\u200e\u200f\u061c\ufeff"), R"(\u2066\u2069\u200e\u200f\u061c\ufeff)");
}

TEST(Json, InvalidUtf8BecomesTheReplacementCharacter) {
  const struct {
    std::string_view text, expected;
  } cases[] = {
      {"\xff", R"(\ufffd)"},
      {"a\x80z", R"(a\ufffdz)"},                            // lone continuation
      {"\xc3", R"(\ufffd)"},                                // cut short at the end
      {"\xc3(", R"(\ufffd()"},                              // cut short before ASCII: the ASCII survives
      {"\xe2\x82", R"(\ufffd\ufffd)"},                      // cut short
      {"\xc0\xaf", R"(\ufffd\ufffd)"},                      // overlong slash
      {"\xe0\x80\xaf", R"(\ufffd\ufffd\ufffd)"},            // overlong slash
      {"\xf0\x80\x80\xaf", R"(\ufffd\ufffd\ufffd\ufffd)"},  // overlong slash
      {"\xed\xa0\x80", R"(\ufffd\ufffd\ufffd)"},            // surrogate
      {"\xf4\x90\x80\x80", R"(\ufffd\ufffd\ufffd\ufffd)"},  // past U+10FFFF
      {"\xc3\"", R"(\ufffd\")"},                            // a quote cannot hide behind a lead byte
  };
  for (const auto& c : cases) EXPECT_EQ(escaped(c.text), c.expected);
}

TEST(Json, TheEdgesOfUtf8ArePassed) {
  for (const char* text : {"\u00a1", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff"})
    EXPECT_EQ(escaped(text), text);
}

TEST(JsonWriter, CommasStandBetweenAndNowhereElse) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object()
      .field("a", 1)
      .key("b")
      .begin_array()
      .value("x")
      .value(true)
      .null()
      .begin_object()
      .end_object()
      .begin_array()
      .end_array()
      .end_array()
      .field("c", "y")
      .key("d")
      .raw(R"({"e":[]})")
      .field("f", false)
      .end_object();
  EXPECT_EQ(out, R"({"a":1,"b":["x",true,null,{},[]],"c":"y","d":{"e":[]},"f":false})");
}

TEST(JsonWriter, KeysAndValuesAreEscaped) {
  std::string out;
  JsonWriter(out).begin_object().field("k\"", std::string_view("v\n", 2)).end_object();
  EXPECT_EQ(out, R"({"k\"":"v\n"})");
}

TEST(JsonWriter, NumbersKeepTheirValue) {
  std::string out;
  JsonWriter(out)
      .begin_array()
      .value(std::numeric_limits<std::int64_t>::min())
      .value(std::numeric_limits<std::uint64_t>::max())
      .value(0.1)
      .value(1234567.5)
      .value(-2.0)
      .value(1e300)
      .value(std::numeric_limits<double>::infinity())
      .value(std::numeric_limits<double>::quiet_NaN())
      .end_array();
  EXPECT_EQ(out, "[-9223372036854775808,18446744073709551615,0.1,1234567.5,-2,1e+300,null,null]");
}

TEST(JsonWriter, AppendsToWhatIsThere) {
  std::string out = "x=";
  JsonWriter(out).begin_array().end_array();
  EXPECT_EQ(out, "x=[]");
}

}  // namespace
}  // namespace schoolgate
