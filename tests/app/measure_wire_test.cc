#include "app/measure_wire.h"

#include <gtest/gtest.h>

namespace schoolgate::app {
namespace {

using rules::Measure;

Measure session() {
  Measure measure{.kind = Measure::Kind::supervised, .id = "01a203a2-f37e-7afa-95d7-f31970723f5d"};
  measure.groups = {"ks1"};
  measure.networks = {*names::IpNetwork::parse("10.20.1.0/28")};
  measure.sites = {"letters.example", "games.example/phonics"};
  measure.by = "Ms \"Green\"\n";
  measure.why = "phonics \u2028";
  measure.from = *from_rfc3339("2026-11-23T09:00:00Z");
  measure.until = *from_rfc3339("2026-11-23T09:30:00Z");
  return measure;
}

TEST(MeasureWire, SaysOnOneLineWhatItReadsAgain) {
  const Measure said = session();
  const std::string line = measure_json(said);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto read = measure_from_json(line);
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->kind, said.kind);
  EXPECT_EQ(read->id, said.id);
  EXPECT_EQ(read->groups, said.groups);
  EXPECT_EQ(read->networks, said.networks);
  EXPECT_EQ(read->sites, said.sites);
  EXPECT_EQ(read->by, said.by);
  EXPECT_EQ(read->why, said.why);
  EXPECT_EQ(read->from, said.from);
  EXPECT_EQ(read->until, said.until);
}

TEST(MeasureWire, WithoutAnEndItLastsUntilItIsUndone) {
  Measure block{.kind = Measure::Kind::emergency};
  block.from = *from_rfc3339("2026-11-23T09:00:00Z");
  block.until = TimePoint::max();
  const auto read = measure_from_json(measure_json(block));
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->until, TimePoint::max());
}

TEST(MeasureWire, WhatIsNoMeasureIsRefused) {
  for (const char* text : {"", "{", "[]", "{}", R"({"kind":"party","from":"2026-11-23T09:00:00Z"})",
                           R"({"kind":"exam"})", R"({"kind":"exam","from":"soon"})",
                           R"({"kind":"exam","from":"2026-11-23T09:00:00Z","networks":["10.0.0.1/8"]})",
                           R"({"kind":"exam","from":"2026-11-23T09:00:00Z","sites":[1]})"})
    EXPECT_FALSE(measure_from_json(text)) << text;
}

}  // namespace
}  // namespace schoolgate::app
