#include "breaches/decision_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "base/clock.h"
#include "tests/breaches/support.h"

namespace schoolgate::breaches {
namespace {

using namespace std::chrono_literals;

const TimePoint kDay = at("2026-11-23T00:00:00Z");

std::string line_at(TimePoint time, int ms, int number) {
  return R"({"time":")" + to_rfc3339(time) + R"(","group":"ks2","device":"10.20.2.7","host":"h)" +
         std::to_string(number) + R"(.example","ms":)" + std::to_string(ms) + R"(.125,"rule":"unlisted"})" + "\n";
}

class DecisionSearch : public ::testing::Test {
 protected:
  std::filesystem::path file(const std::string& name = "decisions.jsonl") { return folder_.path() / name; }
  void write(const std::filesystem::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary | std::ios::app) << text;
  }
  /// A line every second of a day.
  void write_day(const std::filesystem::path& path, TimePoint day) {
    std::string text;
    for (int second = 0; second < 86400; ++second) text += line_at(day + std::chrono::seconds(second), 3, second);
    write(path, text);
  }
  std::vector<std::string> found(TimePoint since, TimePoint until) {
    std::vector<std::string> lines;
    auto looked = DecisionFiles(file()).read(since, until, [&](std::string_view line) {
      lines.emplace_back(line);
      return true;
    });
    EXPECT_TRUE(looked.has_value());
    looked_ = *looked;
    return lines;
  }
  TemporaryFolder folder_;
  DecisionFiles::Looked looked_;
};

TEST_F(DecisionSearch, FindsExactlyTheMinutesAskedFor) {
  write_day(file(), kDay);
  const auto lines = found(kDay + 9h, kDay + 9h + 5min);
  ASSERT_EQ(lines.size(), 300u);
  EXPECT_NE(lines.front().find("h32400.example"), std::string::npos);
  EXPECT_NE(lines.back().find("h32699.example"), std::string::npos);
  EXPECT_TRUE(looked_.kept);
  EXPECT_FALSE(looked_.cut_short);
  EXPECT_EQ(found(kDay, kDay + 10s).size(), 10u);
  EXPECT_EQ(found(kDay + 24h - 10s, kDay + 25h).size(), 10u);
}

TEST_F(DecisionSearch, ReadsAcrossMidnightFromBothDaysFiles) {
  write_day(file("decisions-2026-11-22.jsonl"), kDay - 24h);
  write_day(file(), kDay);
  EXPECT_EQ(found(kDay - 1min, kDay + 1min).size(), 120u);
}

TEST_F(DecisionSearch, ATunnelThatEndedLaterIsFoundWhereItEnded) {
  std::string text;
  for (int second = 0; second < 3000; ++second) {
    text += line_at(kDay + std::chrono::seconds(second), 3, second);
    if (second == 900) text += line_at(kDay, 900'000, 7777);
  }
  write(file(), text);
  const auto lines = found(kDay + 5min, kDay + 6min);
  EXPECT_EQ(lines.size(), 61u);
  EXPECT_TRUE(std::ranges::any_of(lines, [](const std::string& l) { return l.find("h7777.") != std::string::npos; }));
}

TEST_F(DecisionSearch, BrokenLinesAndOtherBytesAreSteppedOver) {
  std::string text;
  for (int second = 0; second < 2000; ++second) {
    text += line_at(kDay + std::chrono::seconds(second), 3, second);
    if (second % 100 == 0) text += "{\"time\":\"not a time\xff\n";
  }
  write(file(), text + R"({"time":"2026-11-23T00:20)");
  EXPECT_EQ(found(kDay + 10min, kDay + 11min).size(), 60u);
}

TEST_F(DecisionSearch, NothingIsKeptWhereThereIsNoFile) {
  EXPECT_TRUE(found(kDay, kDay + 1h).empty());
  EXPECT_FALSE(looked_.kept);
  write(file(), "");
  EXPECT_TRUE(found(kDay, kDay + 1h).empty());
  EXPECT_FALSE(looked_.kept);
  EXPECT_TRUE(DecisionFiles({}).all()->empty());
}

TEST_F(DecisionSearch, AFileOfNoise) {
  write(file(), std::string(3 << 20, 'x'));
  EXPECT_TRUE(found(kDay, kDay + 1h).empty());
}

TEST_F(DecisionSearch, AllFilesOldestFirstAndNoOthers) {
  for (const char* name : {"decisions.jsonl", "decisions-2026-11-22.jsonl", "decisions-2026-11-21.jsonl",
                           "decisions-x.jsonl", "other.jsonl", "decisions-2026-99-99.jsonl"})
    write(file(name), "x\n");
  const auto files = DecisionFiles(file()).all();
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), 3u);
  EXPECT_EQ((*files)[0].filename(), "decisions-2026-11-21.jsonl");
  EXPECT_EQ((*files)[2].filename(), "decisions.jsonl");
}

TEST_F(DecisionSearch, LinesWithAWordAreAllFound) {
  write_day(file(), kDay);
  std::size_t count = 0;
  ASSERT_TRUE(read_lines_with(file(), "h4", [&](std::string_view line) {
                count += line.starts_with("{\"time\"") && line.ends_with("}");
                return true;
              }).has_value());
  EXPECT_EQ(count, 11'111u);
  EXPECT_FALSE(read_lines_with(file("none"), "h4", [](std::string_view) { return true; }).has_value());
}

}  // namespace
}  // namespace schoolgate::breaches
