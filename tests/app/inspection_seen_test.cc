#include "app/inspection_seen.h"

#include <gtest/gtest.h>

#include "tests/app/scratch_school.h"

namespace schoolgate::app {
namespace {

TimePoint at(std::string_view text) { return *from_rfc3339(text); }

const InspectionSeen kSeen{.share = {.inspected = 3, .spliced = 5},
                           .distrusted = {
                               {"app.example", 7, at("2026-11-20T08:00:00Z"), at("2026-11-22T09:30:00.125Z")},
                               {"once.example", 1, at("2026-11-22T10:00:00Z"), at("2026-11-22T10:00:00Z")},
                           }};

TEST(InspectionSeen, GoesOverTheControlSocketAsLines) {
  const std::string lines = distrust_lines(kSeen.distrusted);
  EXPECT_EQ(lines,
            "app.example\t7\t2026-11-20T08:00:00.000Z\t2026-11-22T09:30:00.125Z\n"
            "once.example\t1\t2026-11-22T10:00:00.000Z\t2026-11-22T10:00:00.000Z\n");
  const auto read = read_distrust_lines(lines);
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[0].host, "app.example");
  EXPECT_EQ(read[0].times, 7u);
  EXPECT_EQ(read[0].first, kSeen.distrusted[0].first);
  EXPECT_EQ(read[0].last, kSeen.distrusted[0].last);
  EXPECT_EQ(distrust_lines(read), lines);
  EXPECT_EQ(share_line(kSeen.share), "3\t5\n");
  EXPECT_EQ(read_share_line("3\t5\n"), kSeen.share);
}

TEST(InspectionSeen, WhatIsNotOfTheFormIsPassedOver) {
  EXPECT_TRUE(read_distrust_lines("").empty());
  for (const char* line : {"\n\n", "host\n", "host\t7\n", "host\tx\t2026-11-20T08:00:00Z\t2026-11-20T08:00:00Z\n",
                           "host\t7\t2026-11-20T08:00:00Z\tnow\n", "\t7\t2026-11-20T08:00:00Z\t2026-11-20T08:00:00Z\n"})
    EXPECT_TRUE(read_distrust_lines(line).empty()) << line;
  for (const char* line : {"", "\n", "3\n", "3\tx\n", "-1\t5\n", "3 5\n"}) EXPECT_FALSE(read_share_line(line)) << line;
}

TEST(InspectionSeen, IsSaidInWords) {
  EXPECT_EQ(
      seen_text(kSeen),
      "since the gateway's start\n"
      "  3 of 8 connections opened (38 %)\n"
      "  Clients did not accept the certificate of: app.example (7 times, last 2026-11-22T09:30:00.125Z): probably "
      "pinned, consider inspection.never\n"
      "  Clients did not accept the certificate of: once.example (1 time, last 2026-11-22T10:00:00.000Z): probably "
      "pinned, consider inspection.never\n");
  EXPECT_EQ(seen_text({}), "since the gateway's start\n  no TLS connection yet\n");
  EXPECT_EQ(seen_text({.share = {.inspected = 1, .spliced = 0}, .distrusted = {}}),
            "since the gateway's start\n  1 of 1 connection opened (100 %)\n");
}

std::string json_of(const std::optional<InspectionSeen>& seen) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  write_seen(json, seen);
  json.end_object();
  return out;
}

TEST(InspectionSeen, IsNullInJsonWhereNobodyCouldBeAsked) {
  EXPECT_EQ(json_of(std::nullopt), R"({"connections":null,"distrusted":null,"shared":null})");
  EXPECT_EQ(json_of(InspectionSeen{}), R"({"connections":{"inspected":0,"spliced":0},"distrusted":[],"shared":[]})");
  EXPECT_EQ(json_of(InspectionSeen{.share = {3, 5}, .distrusted = {kSeen.distrusted[0]}}),
            R"({"connections":{"inspected":3,"spliced":5},"distrusted":[{"host":"app.example","times":7,)"
            R"("first":"2026-11-20T08:00:00.000Z","last":"2026-11-22T09:30:00.125Z"}],"shared":[]})");
  EXPECT_EQ(json_of(InspectionSeen{.share = {3, 5}, .distrusted = {}, .shared = {{"good.example", "*.example"}}}),
            R"({"connections":{"inspected":3,"spliced":5},"distrusted":[],)"
            R"("shared":[{"host":"good.example","with":"*.example"}]})");
}

TEST(InspectionSeen, WithoutAGatewayThereIsNothingToTell) {
  const test::ScratchSchool school;
  EXPECT_FALSE(ask_what_was_seen(school.state()));
  const test::Ran words = school.run({"inspect-report"});
  EXPECT_EQ(words.status, 0);
  EXPECT_EQ(words.err, "");
  EXPECT_FALSE(words.out.contains("since the gateway's start")) << words.out;
  const test::Ran json = school.run({"inspect-report"}, {"--json"});
  EXPECT_TRUE(json.out.ends_with("]},\"connections\":null,\"distrusted\":null,\"shared\":null}\n")) << json.out;
}

TEST(InspectionSeen, ARunningGatewayIsAsked) {
  const test::ScratchSchool school;
  const auto gateway = school.start();
  ASSERT_TRUE(gateway->is_up());
  const auto seen = ask_what_was_seen(school.state());
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->share, OpenedShare{});
  EXPECT_TRUE(seen->distrusted.empty());
  EXPECT_TRUE(school.run({"inspect-report"}).out.ends_with("since the gateway's start\n  no TLS connection yet\n"));
}

}  // namespace
}  // namespace schoolgate::app
