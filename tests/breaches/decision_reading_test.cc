#include "breaches/decision_reading.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "tests/breaches/support.h"

namespace schoolgate::breaches {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;
namespace fs = std::filesystem;

class DecisionReading : public ::testing::Test {
 protected:
  void put(const std::string& name, const std::string& text) const { std::ofstream(folder_.path() / name) << text; }
  Result<std::vector<std::string>> read(TimePoint since = {}) {
    std::vector<std::string> lines;
    const auto done = read_decisions(
        file_, since,
        [&](const fs::path& path, const OnDecisionLine& line) -> Result<void> {
          std::ifstream in(path);  // "packed": as it is
          for (std::string one; std::getline(in, one);) one == "damaged" ? void(damaged_ = true) : line(one);
          if (damaged_) return fail(Fault::host, "it is damaged or not whole");
          return {};
        },
        [&](std::string_view line) {
          lines.emplace_back(line);
          if (on_line_) on_line_();
        },
        [&](const DecisionsRead& now) { read_ = now; });
    if (!done) return std::unexpected(done.error());
    return lines;
  }
  TemporaryFolder folder_;
  fs::path file_ = folder_.path() / "decisions.jsonl";
  std::function<void()> on_line_;
  bool damaged_ = false;
  DecisionsRead read_;
};

TEST_F(DecisionReading, HandsOverTheLiveFileAndEveryRotatedOne) {
  put("decisions.jsonl", "live\n");
  put("decisions-2026-11-22.jsonl", "day\n");
  put("decisions-2026-11-21.jsonl.gz", "packed day\n");
  put("decisions.jsonl.1", "other rotation\n");
  put("decisions.jsonl.2.gz", "other, packed\n");
  put("decisions.jsonl-20261101", "dated\n");
  put("decisions.jsonl.new", "no rotation\n");
  put("decisions-notes.jsonl", "not ours\n");
  put("others.jsonl", "not ours\n");
  EXPECT_THAT(read().value(),
              UnorderedElementsAre("live", "day", "packed day", "other rotation", "other, packed", "dated"));
  EXPECT_EQ(read_.files, 6u);
}

TEST_F(DecisionReading, AFileThatIsBeingPackedIsReadOnce) {
  put("decisions.jsonl", "live\n");
  put("decisions-2026-11-22.jsonl", "day\n");
  put("decisions-2026-11-22.jsonl.gz", "half of the d");
  EXPECT_THAT(read().value(), UnorderedElementsAre("live", "day"));
}

TEST_F(DecisionReading, ARotationMeanwhileLosesAndDoublesNothing) {
  put("decisions.jsonl", "live 1\nlive 2\n");
  put("decisions.jsonl.1", "first\n");
  put("decisions.jsonl.2.gz", "second\n");
  bool rotated = false;
  on_line_ = [&] {
    if (std::exchange(rotated, true)) return;
    fs::rename(folder_.path() / "decisions.jsonl.2.gz", folder_.path() / "decisions.jsonl.3.gz");
    fs::rename(folder_.path() / "decisions.jsonl.1", folder_.path() / "decisions.jsonl.2.gz");
    fs::rename(file_, folder_.path() / "decisions.jsonl.1");
    put("decisions.jsonl", "new\n");
  };
  EXPECT_THAT(read().value(), UnorderedElementsAre("live 1", "live 2", "first", "second"));
}

TEST_F(DecisionReading, WhatIsOlderIsLeftOutByItsLastChange) {
  put("decisions.jsonl", "live\n");
  put("decisions-2026-11-01.jsonl", "old\n");
  const timespec times[2] = {{1'793'500'000, 0}, {1'793'500'000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (folder_.path() / "decisions-2026-11-01.jsonl").c_str(), times, 0), 0);
  EXPECT_THAT(read(TimePoint(std::chrono::seconds(1'793'600'000))).value(), UnorderedElementsAre("live"));
  EXPECT_THAT(read(TimePoint(std::chrono::seconds(1'793'400'000))).value(), UnorderedElementsAre("live", "old"));
}

TEST_F(DecisionReading, ALineThatIsStillBeingWrittenIsNotHandedOver) {
  put("decisions.jsonl", "whole\ntor");
  EXPECT_THAT(read().value(), UnorderedElementsAre("whole"));
}

TEST_F(DecisionReading, ALineWithoutEndTakesNoMemory) {
  put("decisions.jsonl", "a\n" + std::string(5u << 20, 'x') + "\nb\n" + std::string(5u << 20, 'y'));
  const auto lines = read().value();
  ASSERT_GE(lines.size(), 3u);
  EXPECT_EQ(lines.front(), "a");
  for (const std::string& line : lines) EXPECT_LE(line.size(), 2u << 20);
  EXPECT_THAT(lines, ::testing::Contains("b"));
}

TEST_F(DecisionReading, AMissingLogIsAnErrorAndNotAnEmptyAnswer) {
  const auto none = read();
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().text(), HasSubstr("cannot read " + file_.string()));
}

TEST_F(DecisionReading, ADamagedFileIsNamed) {
  put("decisions.jsonl", "live\n");
  put("decisions-2026-11-21.jsonl.gz", "damaged\n");
  const auto none = read();
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().text(),
              HasSubstr("cannot read " + (folder_.path() / "decisions-2026-11-21.jsonl.gz").string()));
}

TEST_F(DecisionReading, AFileThatThisUserMayNotReadIsNamed) {
  put("decisions.jsonl", "live\n");
  fs::create_symlink("/dev/null", folder_.path() / "decisions.jsonl.1");
  const auto none = read();
  ASSERT_FALSE(none) << "a link leads elsewhere";
  EXPECT_THAT(none.error().text(), HasSubstr("cannot read "));
}

}  // namespace
}  // namespace schoolgate::breaches
