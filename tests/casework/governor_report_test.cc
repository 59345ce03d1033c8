// No number of one or two people is shown, and none follows from the numbers that are.
//
// The adversary has the whole report of a made-up school and subtracts: cells from sums, tables from each other, parts
// from wholes. Whatever it arrives at has to be about nobody, or about three people and more. Whom a number is really
// about is taken from the attempts themselves, not from what the report was made of.
//
//   goes wrong when                                         | then
//   a cell is about one or two people                       | hidden, however many attempts it has
//   one hidden cell stands beside a sum                     | another is hidden with it
//   hidden cells together are about one or two people       | a further one is hidden
//   the whole report is about one or two people             | it has no number of them at all
//   two sums of the same people differ by one or two people | one of them is hidden
#include "casework/reports.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>

#include "casework/sums.h"
#include "tests/casework/desk_support.h"

namespace schoolgate::casework {
namespace {

using namespace std::chrono_literals;
using namespace std::chrono;

struct Attempt {
  std::string who, theme, group;
  TimePoint time;
  bool blocked = true;
};
using Chosen = std::function<bool(const Attempt&)>;

class SmallNumbersOfAReport : public DeskFixture {
 protected:
  /// Every attempt is an episode of its own: they lie far enough apart.
  void make_school(unsigned seed) {
    std::mt19937 dice(seed);
    const auto pick = [&](int n) { return int(dice() % unsigned(n)); };
    const int people = 1 + pick(9), number = 3 + pick(30);
    std::vector<breaches::Breach> breaches;
    static constexpr const char* kThemes[] = {"gambling", "suicide", "games", "hate"};
    static constexpr const char* kGroups[] = {"ks1", "ks2", "staff"};
    for (int i = 0; i < number; ++i) {
      Attempt one{.who = "p" + std::to_string(pick(people)),
                  .theme = kThemes[pick(4) * pick(2)],
                  .group = kGroups[pick(3) * pick(2)],
                  .time = TimePoint(kMonday) + days(i % 14) + hours(7 + i / 14 * 2),
                  .blocked = pick(4) != 0};
      breaches::Breach breach = breach_of(one.who, one.time, one.theme, one.theme == "suicide" ? 5 : 2);
      breach.group = one.group;
      if (!one.blocked) breach.action = "monitor";
      breaches.push_back(std::move(breach));
      attempts_.push_back(std::move(one));
    }
    std::ranges::sort(breaches, {}, &breaches::Breach::time);
    keep(breaches);
    Sums sums(*desk_, decisions(), {});
    while (sums.advance(1000)->more) {
    }
  }
  GovernorReport report() {
    auto opened = Reports::open(*desk_, {});
    auto made = opened->governors({kMonday, kMonday + days(13)}, kSchoolDay);
    if (!made) throw std::runtime_error(made.error().text());
    return *std::move(made);
  }
  PeopleOfCell people(const Chosen& chosen) const {
    PeopleOfCell out;
    for (const Attempt& attempt : attempts_)
      if (chosen(attempt)) out.insert(attempt.who);
    return out;
  }
  void harmless(const Chosen& chosen, const std::string& what) const {
    EXPECT_FALSE(is_small(people(chosen))) << what << " can be worked out";
  }
  /// A table whose cells add up to `all`: each shown cell, and what is left of the sum, where that is shown.
  template <class Key>
  void try_table(const std::string& name, const std::map<Key, bool>& shown, bool sum_shown,
                 const std::function<Key(const Attempt&)>& key_of) const {
    for (const auto& [key, is_shown] : shown)
      if (is_shown) harmless([&](const Attempt& one) { return key_of(one) == key; }, name);
    if (!sum_shown) return;
    harmless(
        [&](const Attempt& one) {
          const auto found = shown.find(key_of(one));
          return found == shown.end() || !found->second;
        },
        name + ", what is left of the sum");
  }
  static constexpr sys_days kMonday = 2026y / November / 9;
  std::vector<Attempt> attempts_;
};

class TheAdversary : public SmallNumbersOfAReport, public ::testing::WithParamInterface<unsigned> {};

TEST_P(TheAdversary, WorksOutNoNumberOfOneOrTwoPeople) {
  make_school(GetParam());
  const GovernorReport made = report();
  const GovernorTrends& trends = made.trends;
  const bool sum = trends.attempts.count.has_value();
  if (sum) harmless([](const Attempt&) { return true; }, "the sum");
  if (sum && trends.blocked.count) {
    harmless([](const Attempt& one) { return one.blocked; }, "what was blocked");
    harmless([](const Attempt& one) { return !one.blocked; }, "the sum without what was blocked");
  }
  std::map<std::string, bool> themes, groups;
  for (const NamedCount& one : trends.themes) themes[one.name] = true;
  for (const NamedCount& one : trends.groups) groups[one.name] = true;
  const auto theme_of = [](const Attempt& one) { return one.theme; };
  const auto week_of = [](const Attempt& one) { return int((floor<days>(one.time) - kMonday) / days(7)); };
  try_table<std::string>("themes", themes, sum, theme_of);
  try_table<std::string>("groups", groups, sum, [](const Attempt& one) { return one.group; });
  std::map<int, bool> hours, weekdays, weeks;
  for (int i = 0; i < 24; ++i) hours[i] = trends.hours[std::size_t(i)].count.has_value();
  for (int i = 0; i < 7; ++i) weekdays[i] = trends.weekdays[std::size_t(i)].count.has_value();
  for (int i = 0; i < int(trends.weeks.size()); ++i) weeks[i] = trends.weeks[std::size_t(i)].attempts.count.has_value();
  try_table<int>("hours", hours, sum,
                 [](const Attempt& one) { return int((one.time - floor<days>(one.time)) / std::chrono::hours(1)); });
  try_table<int>("weekdays", weekdays, sum,
                 [](const Attempt& one) { return int(weekday(floor<days>(one.time)).iso_encoding()) - 1; });
  try_table<int>("weeks", weeks, sum, week_of);
  // The lines by theme and week, and what a week is without them.
  for (int week = 0; week < int(trends.weeks.size()); ++week) {
    std::map<std::string, bool> drawn;
    for (const auto& [theme, counts] : trends.theme_weeks) drawn[theme] = true;
    for (const auto& [theme, unused] : drawn)
      harmless([&](const Attempt& one) { return one.theme == theme && week_of(one) == week; }, "a theme's week");
    if (!drawn.empty() && weeks[week])
      harmless([&](const Attempt& one) { return week_of(one) == week && !drawn.contains(one.theme); },
               "a week without the themes that are drawn");
  }
  // Episodes of urgency 3 and above are those of suicide: a part of all episodes.
  if (made.reaction.episodes.count) {
    harmless([](const Attempt& one) { return one.theme == "suicide"; }, "urgent episodes");
    if (trends.episodes.count)
      harmless([](const Attempt& one) { return one.theme != "suicide"; }, "all episodes without the urgent ones");
  }
}

INSTANTIATE_TEST_SUITE_P(Schools, TheAdversary, ::testing::Range(1u, 120u));

TEST_F(SmallNumbersOfAReport, ALargeSchoolSeesItsNumbers) {
  std::vector<breaches::Breach> breaches;
  for (int i = 0; i < 60; ++i) {
    breaches::Breach breach = breach_of("p" + std::to_string(i), kSchoolDay + i * 1min, i % 2 ? "gambling" : "games");
    breaches.push_back(std::move(breach));
  }
  keep(breaches);
  Sums sums(*desk_, decisions(), {});
  while (sums.advance(1000)->more) {
  }
  const GovernorReport made = *Reports::open(*desk_, {})->governors({kMonday, kMonday + days(20)}, kSchoolDay);
  EXPECT_EQ(made.trends.attempts.text(), "60");
  ASSERT_EQ(made.trends.themes.size(), 2u);
  EXPECT_EQ(made.trends.themes[0].attempts, 30u);
  EXPECT_EQ(made.trends.theme_weeks.size(), 2u);
  EXPECT_EQ(made.people.text(), "60");
}

}  // namespace
}  // namespace schoolgate::casework
