#include "breaches/flat_json.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "tests/breaches/support.h"

namespace schoolgate::breaches {
namespace {

TEST(FlatJson, ReadsWhatTheLogWrites) {
  TemporaryFolder folder;
  Breach breach = a_breach();
  breach.person = "zo\u00EB \"the\\one\"\n\u202E";
  {
    const auto log = open_log(settings_in(folder.path()));
    ASSERT_TRUE(append_and_wait(*log, breach).durable);
  }
  const auto json = FlatJson::parse(lines_of(exported(folder.path()))[0]);
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ(json->text("person"), *breach.person);
  EXPECT_EQ(json->integer("seq"), 1);
  EXPECT_EQ(json->text("reason.list"), "ut1-gambling");
  EXPECT_EQ(json->text("site"), "lucky-spins.example");
  EXPECT_FALSE(json->has("site_hash"));
}

TEST(FlatJson, NumbersWordsAndSkippedArrays) {
  const auto json =
      FlatJson::parse(R"( {"a":-3,"b":1.5e2,"c":true,"d":null,"e":[1,{"f":"g"},[]],"h":{"i":{"j":"k"}}} )");
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ(json->integer("a"), -3);
  EXPECT_DOUBLE_EQ(json->number("b"), 150);
  EXPECT_TRUE(json->is_true("c"));
  EXPECT_FALSE(json->has("d"));
  EXPECT_FALSE(json->has("f"));
  EXPECT_EQ(json->text("h.i.j"), "k");
  EXPECT_EQ(FlatJson::parse(R"({"s":"\ud83d\ude00\u00e9\/"})")->text("s"), "\U0001F600\u00E9/");
}

TEST(FlatJson, WhatDoesNotParseIsNothing) {
  for (const char* text :
       {"", "{", "[]", R"({"a"})", R"({"a":})", R"({"a":"b)", R"({"a":"\x"})", R"({"a":"\ud83d"})", R"({"a":"\ude00"})",
        R"({"a":1}x)", R"({"a":maybe})", R"({"a":1,})", R"({1:2})", R"({"a":{"b":{"c":{"d":{"e":{"f":1}}}}}})"})
    EXPECT_FALSE(FlatJson::parse(text).has_value()) << text;
  EXPECT_FALSE(FlatJson::parse("{\"a\":\"" + std::string(1 << 20, 'x') + "\"}").has_value());
  EXPECT_FALSE(FlatJson::parse("{\"a\":" + std::string(60'000, '[')).has_value());
}

}  // namespace
}  // namespace schoolgate::breaches
