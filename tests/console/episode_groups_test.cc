#include "console/episode_groups.h"

#include <gtest/gtest.h>

namespace schoolgate::console {
namespace {

using casework::EpisodeRow;
using namespace std::chrono_literals;

const TimePoint kTen = *from_rfc3339("2026-11-23T10:00:00Z");

EpisodeRow row(std::string person, TimePoint first, std::string site = "a[.]example", std::string theme = "gambling") {
  EpisodeRow one;
  one.person = std::move(person);
  one.device = "10.20.2.7";
  one.first = first;
  one.last = first + 1min;
  one.site_names = {std::move(site)};
  one.theme = std::move(theme);
  one.attempts = 2;
  return one;
}

TEST(EpisodeGroups, OnePersonsEpisodesAreOneGroup) {
  const auto groups = by_person({row("amelia", kTen + 2h, "b[.]example", "games"), row("ben", kTen + 1h),
                                 row("amelia", kTen), row("", kTen + 30min), row("", kTen + 40min)});
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_EQ(groups[0].rows.size(), 2u);
  EXPECT_EQ(groups[0].rows[0].person, "amelia");
  EXPECT_EQ(groups[0].first, kTen);
  EXPECT_EQ(groups[0].last, kTen + 2h + 1min);
  EXPECT_EQ(groups[0].attempts, 4u);
  EXPECT_EQ(groups[0].people, 1u);
  EXPECT_EQ(groups[2].rows.size(), 2u) << "of the device without a person";
}

TEST(EpisodeGroups, ALinkThatGoesRoundIsOneBurst) {
  std::vector<EpisodeRow> rows;
  for (int i = 0; i < 17; ++i) rows.push_back(row("p" + std::to_string(i), kTen + i * 25s));
  rows.push_back(row("p0", kTen + 3min, "other[.]example"));
  rows.push_back(row("p1", kTen + 2h));
  const auto groups = by_burst(rows);
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_EQ(groups[0].rows.size(), 1u) << "two hours later is another one";
  EXPECT_EQ(groups[1].people, 17u);
  EXPECT_EQ(groups[1].first, kTen);
  EXPECT_EQ(groups[2].rows[0].site_names[0], "other[.]example");
}

TEST(EpisodeGroups, OfNothingAreNone) {
  EXPECT_TRUE(by_person({}).empty());
  EXPECT_TRUE(by_burst({}).empty());
}

}  // namespace
}  // namespace schoolgate::console
