#include "app/told_times.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/file.h"

namespace schoolgate::app {
namespace {

using blocklists::ServersTime;

class ToldTimes : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = (std::filesystem::temp_directory_path() / "schoolgate-told-XXXXXX").string();
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    state_ = folder;
  }
  void TearDown() override { std::filesystem::remove_all(state_); }
  static Moment at(int minute) {
    return {from_rfc3339("2027-01-01T09:00:00Z").value(), SteadyTime(std::chrono::minutes(minute))};
  }

  std::filesystem::path state_;
};

TEST_F(ToldTimes, AreKeptByOperatorAndTheNewestOfEachCounts) {
  EXPECT_TRUE(read_told_times(state_).empty());
  keep_told_times(state_, std::vector<ServersTime>{{"a.example", at(1)}, {"b.example", at(2)}});
  keep_told_times(state_, std::vector<ServersTime>{{"a.example", at(3)}});
  const auto times = read_told_times(state_);
  ASSERT_EQ(times.size(), 2u);
  EXPECT_EQ(times[0].at.steady, at(3).steady);
  EXPECT_EQ(times[0].at.wall, at(3).wall);
  EXPECT_NE(times[0].source, times[1].source);
}

TEST_F(ToldTimes, NameNoSource) {
  keep_told_times(state_, std::vector<ServersTime>{{"sealed-list.example", at(1)}});
  EXPECT_FALSE(read_file(state_ / "clock.told")->contains("sealed-list"));
}

TEST_F(ToldTimes, OfAnotherStartOfTheMachineOrUnreadableAreLeftOut) {
  for (const char* text : {"abc\t2027-01-01T09:00:00Z\t5\tanother-start\n", "\n\n", "abc\tnever\t5\tx\n", "abc"}) {
    ASSERT_TRUE(replace_file(state_ / "clock.told", text).has_value());
    EXPECT_TRUE(read_told_times(state_).empty()) << text;
  }
}

TEST_F(ToldTimes, AreBounded) {
  std::vector<ServersTime> many;
  for (int i = 0; i < 100; ++i) many.push_back({"list-" + std::to_string(i) + ".example", at(i)});
  keep_told_times(state_, many);
  const auto times = read_told_times(state_);
  ASSERT_EQ(times.size(), kMostToldTimes);
  EXPECT_EQ(times[0].at.steady, at(99).steady);
}

}  // namespace
}  // namespace schoolgate::app
