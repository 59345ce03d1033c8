#include "proxy/flow/distrust_notes.h"

#include <gtest/gtest.h>

namespace schoolgate::flow {
namespace {

TEST(DistrustNotes, CountAndKeepTheFirstAndTheLastTime) {
  DistrustNotes notes;
  const TimePoint noon = *from_rfc3339("2026-11-22T12:00:00Z");
  notes.note("pinned.example", noon);
  notes.note("other.example", noon);
  notes.note("pinned.example", noon + std::chrono::hours(1));
  const auto all = notes.all();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].host, "pinned.example");
  EXPECT_EQ(all[0].times, 2u);
  EXPECT_EQ(all[0].first, noon);
  EXPECT_EQ(all[0].last, noon + std::chrono::hours(1));
}

TEST(DistrustNotes, TheOneSeenLongestAgoMakesRoom) {
  DistrustNotes notes;
  const TimePoint noon = *from_rfc3339("2026-11-22T12:00:00Z");
  for (int i = 0; i < 1001; ++i) notes.note("host" + std::to_string(i) + ".example", noon + std::chrono::seconds(i));
  const auto all = notes.all();
  EXPECT_EQ(all.size(), 1000u);
  EXPECT_TRUE(std::ranges::none_of(all, [](const auto& note) { return note.host == "host0.example"; }));
}

}  // namespace
}  // namespace schoolgate::flow
