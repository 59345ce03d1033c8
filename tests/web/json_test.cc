#include "web/json.h"

#include <gtest/gtest.h>

namespace schoolgate::web {
namespace {

TEST(Json, ValuesAreRead) {
  const auto value = JsonValue::parse(R"({"b":"Zo\u00eb","a":[1,2.5,true,null,-3],"o":{"x":"y"}})");
  ASSERT_TRUE(value);
  EXPECT_EQ(value->text("b"), "Zo\xC3\xAB");
  EXPECT_EQ(value->keys(), (std::vector<std::string>{"b", "a", "o"}));
  const auto items = value->find("a")->items();
  ASSERT_EQ(items.size(), 5u);
  EXPECT_EQ(items[0].as_integer(), 1);
  EXPECT_EQ(items[1].as_number(), 2.5);
  EXPECT_EQ(items[1].as_integer(), std::nullopt);
  EXPECT_EQ(items[2].as_flag(), true);
  EXPECT_TRUE(items[3].is_null());
  EXPECT_EQ(items[4].as_integer(), -3);
  EXPECT_EQ(value->find("o")->text("x"), "y");
}

TEST(Json, AWrongTypeIsNothing) {
  const auto value = JsonValue::parse(R"({"n":18446744073709551615,"s":"1"})");
  ASSERT_TRUE(value);
  EXPECT_EQ(value->find("n")->as_integer(), std::nullopt);
  EXPECT_EQ(value->find("s")->as_integer(), std::nullopt);
  EXPECT_EQ(value->text("n"), std::nullopt);
  EXPECT_EQ(value->find("absent"), std::nullopt);
  EXPECT_TRUE(value->items().empty());
}

TEST(Json, BadTextIsRefused) {
  for (const char* bad : {"", "{", "{}x", "[1,]", "nul", "{\"a\":1,\"a\":2}", "\"\xFF\"", "{'a':1}", "[1] [2]"})
    EXPECT_FALSE(JsonValue::parse(bad)) << bad;
  EXPECT_FALSE(JsonValue::parse("[1,2,3]", 5));
}

TEST(Json, DepthIsBounded) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(JsonValue::parse(nested(32)));
  EXPECT_FALSE(JsonValue::parse(nested(33)));
  EXPECT_FALSE(JsonValue::parse(nested(400'000)));
}

TEST(Json, APartOutlivesTheWhole) {
  std::optional<JsonValue> part;
  {
    const auto whole = JsonValue::parse(R"({"a":{"b":"c"}})");
    part = whole->find("a");
  }
  EXPECT_EQ(part->text("b"), "c");
}

}  // namespace
}  // namespace schoolgate::web
