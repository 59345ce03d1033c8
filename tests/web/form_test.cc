#include "web/form.h"

#include <gtest/gtest.h>

namespace schoolgate::web {
namespace {

Form parsed(std::string_view text) {
  auto form = Form::parse(text);
  EXPECT_TRUE(form) << text;
  return form ? *form : Form();
}

TEST(Form, FieldsAreDecoded) {
  const Form form = parsed("name=Zo%C3%AB+M&empty=&alone&a%26b=c%3Dd&&");
  EXPECT_EQ(form.get("name"), "Zo\xC3\xAB M");
  EXPECT_TRUE(form.has("empty"));
  EXPECT_TRUE(form.has("alone"));
  EXPECT_EQ(form.get("a&b"), "c=d");
  EXPECT_FALSE(form.has("absent"));
  EXPECT_EQ(form.fields().size(), 4u);
}

TEST(Form, TheFirstOfANameCountsAndAllCanBeHad) {
  const Form form = parsed("x=1&y=2&x=3");
  EXPECT_EQ(form.get("x"), "1");
  EXPECT_EQ(form.all("x"), (std::vector<std::string_view>{"1", "3"}));
}

TEST(Form, WhatIsHalfUnderstoodIsRefusedWhole) {
  for (const char* bad : {"a=%", "a=%4", "a=%GG", "a=%FF", "a=%C0%AF", "%80=x", "a=%00", "a=\xFF"})
    EXPECT_FALSE(Form::parse(bad)) << bad;
}

TEST(Form, BoundsHold) {
  EXPECT_TRUE(Form::parse("a=1&b=2", {.fields = 2}));
  EXPECT_FALSE(Form::parse("a=1&b=2&c=3", {.fields = 2}));
  EXPECT_FALSE(Form::parse("a=12345", {.value = 4}));
  EXPECT_FALSE(Form::parse("abcde=1", {.name = 4}));
  EXPECT_TRUE(Form::parse("a=%C3%AB%C3%AB", {.value = 4}));  // decoded bytes count
}

TEST(Form, TextIsTrimmedAndBounded) {
  const Form form = parsed("a=++x+y++&b=+++&c=%C3%AB%C3%AB%C3%AB");
  EXPECT_EQ(form.text("a", 3), "x y");
  EXPECT_EQ(form.text("a", 2), std::nullopt);
  EXPECT_EQ(form.text("b", 9), std::nullopt);
  EXPECT_EQ(form.text("c", 3), "\xC3\xAB\xC3\xAB\xC3\xAB");
  EXPECT_EQ(form.text("absent", 9), std::nullopt);
}

TEST(Form, NumbersAreWholeAndInRange) {
  const Form form = parsed("a=12&b=12x&c=-3&d=99999999999999999999&e=");
  EXPECT_EQ(form.number("a", 1, 12), 12);
  EXPECT_EQ(form.number("a", 1, 11), std::nullopt);
  EXPECT_EQ(form.number("b", 0, 99), std::nullopt);
  EXPECT_EQ(form.number("c", -5, 0), -3);
  EXPECT_EQ(form.number("d", 0, 99), std::nullopt);
  EXPECT_EQ(form.number("e", 0, 99), std::nullopt);
}

TEST(Form, AQueryIsWrittenSoThatItReadsBack) {
  const std::vector<std::pair<std::string, std::string>> fields = {{"a b", "c&d"}, {"\xC3\xAB", "=+%"}};
  EXPECT_EQ(parsed(encode_query(fields)).fields(), fields);
}

}  // namespace
}  // namespace schoolgate::web
