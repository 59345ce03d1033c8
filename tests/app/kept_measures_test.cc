#include "app/kept_measures.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace schoolgate::app {
namespace {

namespace fs = std::filesystem;
using rules::Measure;

class MeasuresBeside : public ::testing::Test {
 protected:
  MeasuresBeside() {
    std::string name = (fs::temp_directory_path() / "schoolgate-kept-XXXXXX").string();
    state_ = ::mkdtemp(name.data());
  }
  ~MeasuresBeside() override { fs::remove_all(state_); }

  static Measure block(std::string id) {
    Measure one{.id = std::move(id), .sites = {"films.example"}, .by = "j.smith", .why = "seen in class"};
    one.until = TimePoint::max();
    return one;
  }
  fs::path state_;
};

TEST_F(MeasuresBeside, WhatIsKeptIsReadByTheNextStart) {
  ASSERT_TRUE(KeptMeasures(state_).keep({block("a"), block("b")}));
  const auto read = KeptMeasures(state_).read();
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[1].id, "b");
  EXPECT_EQ(read[1].sites, std::vector<std::string>{"films.example"});
  EXPECT_EQ(read[1].until, TimePoint::max());
}

TEST_F(MeasuresBeside, WhatWasUndoneIsGone) {
  KeptMeasures kept(state_);
  ASSERT_TRUE(kept.keep({block("a")}));
  ASSERT_TRUE(kept.keep({}));
  EXPECT_TRUE(KeptMeasures(state_).read().empty());
}

TEST_F(MeasuresBeside, ALineThatIsNoMeasureCostsNoOther) {
  ASSERT_TRUE(KeptMeasures(state_).keep({block("a")}));
  std::ofstream(state_ / "measures.jsonl", std::ios::app) << "{\"kind\":\n";
  EXPECT_EQ(KeptMeasures(state_).read().size(), 1u);
}

TEST_F(MeasuresBeside, NothingIsWrittenWhereNothingIsInForceAndNothingWas) {
  ASSERT_TRUE(KeptMeasures(state_).keep({}));
  EXPECT_TRUE(fs::is_empty(state_));
}

}  // namespace
}  // namespace schoolgate::app
