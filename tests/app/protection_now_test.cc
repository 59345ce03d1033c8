#include "app/protection_now.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "base/clock.h"
#include "blocklists/store.h"
#include "config/load.h"
#include "tests/app/scratch_school.h"

namespace schoolgate::app {
namespace {

using rules::CategoryProtection;
using rules::Protection;
using rules::ProtectionState;
using test::Ran;
using test::ScratchSchool;

Protection with(ProtectionState gambling, ProtectionState games) {
  return {.rows = {{.group = "ks2", .category = "gambling", .state = gambling},
                   {.group = "ks2", .category = "games", .state = games}}};
}

std::vector<std::string> categories(const std::vector<CategoryProtection>& rows) {
  std::vector<std::string> out;
  for (const CategoryProtection& row : rows) out.push_back(row.category);
  return out;
}

TEST(ProtectionWatch, NoticesWhatWasProtectedAndIsNoLongerOverARestartToo) {
  using enum ProtectionState;
  const ScratchSchool school;
  const auto file = school.folder() / "protected.tsv";
  {
    ProtectionWatch watch(file);
    EXPECT_TRUE(watch.lost(with(empty, empty)).empty()) << "nothing was protected before the first day";
    EXPECT_TRUE(watch.lost(with(protected_, empty)).empty());
    EXPECT_TRUE(watch.lost(with(protected_, protected_)).empty());
    EXPECT_EQ(categories(watch.lost(with(stale, protected_))), std::vector<std::string>{"gambling"});
    EXPECT_TRUE(watch.lost(with(stale, protected_)).empty()) << "told once";
  }
  ProtectionWatch after_restart(file);
  EXPECT_EQ(categories(after_restart.lost(with(stale, empty))), std::vector<std::string>{"games"});
  EXPECT_TRUE(after_restart.lost(Protection{}).empty()) << "a category that no group acts on is no loss";
}

TEST(ProtectionNow, AListThatWasAcceptedIsWaitedForOnceNothingOfItIsKept) {
  const ScratchSchool school;
  school.write("lists.yaml", school.read("lists.yaml") +
                                 "  - { name: odds, category: gambling, format: domains, "
                                 "source: \"https://lists.example/odds.txt\" }\n");
  auto configuration = config::load(school.config()).configuration.value();
  const TimePoint now = wall_now();
  const auto store = blocklists::ListStore::open(configuration.settings.state).value();
  ASSERT_TRUE(store.set_source_states({{"odds", {.fetched = now, .checked = now}}}));
  Problems warnings;
  const auto policy =
      rules::PolicySnapshot::compile(configuration.policy, blocklists::CategoryDb::empty(), now, warnings).value();
  const auto is_waited_for = [&] {
    const Protection protection = protection_now(configuration, *policy, now);
    return std::ranges::any_of(protection.rows, [](const CategoryProtection& row) {
      return std::ranges::find(row.waits_for, "odds") != row.waits_for.end();
    });
  };
  EXPECT_TRUE(is_waited_for());
  configuration.settings.first_start = config::FirstStart::serve;
  EXPECT_TRUE(is_waited_for()) << "it is no first start";
  std::ranges::find(configuration.lists, "odds", &config::ListConfig::name)->served_without = true;
  EXPECT_FALSE(is_waited_for()) << "the school does without it";
  configuration.settings.first_start = config::FirstStart::wait;
  std::ranges::find(configuration.lists, "odds", &config::ListConfig::name)->served_without = false;
  std::ofstream(store.source("odds")) << "odds.example\n";
  EXPECT_FALSE(is_waited_for()) << "its content is there: a person went back to an image without it";
}

TEST(ProtectionWords, NameTheCategoryTheReasonAndTheGroups) {
  const Protection protection{
      .rows = {
          {.group = "ks2", .category = "suicide", .state = ProtectionState::empty},
          {.group = "staff", .category = "suicide", .state = ProtectionState::empty},
          {.group = "ks2",
           .category = "gambling",
           .state = ProtectionState::stale,
           .lists = {"bets", "odds"},
           .not_ready = {"odds"},
           .stale = {"bets"}},
          {.group = "ks2", .category = "hate", .state = ProtectionState::empty, .known_gap = "a list is applied for"}}};
  EXPECT_EQ(gaps_in_words(protection),
            (std::vector<std::string>{"suicide is empty (no list, rule or search term names it): ks2, staff",
                                      "gambling is stale (not there: odds; too old: bets): ks2"}));
}

TEST(ProtectionWords, CheckSaysWhatNothingNames) {
  const ScratchSchool school;
  const Ran before = school.run({"check"});
  EXPECT_EQ(before.status, 0) << before.err;
  EXPECT_FALSE(before.err.contains("not protected: ")) << "the demonstration is sound: " << before.err;
  school.edit("policy.yaml", "adverts: block", "adverts: block\n      suicide: block");
  const Ran after = school.run({"check"});
  EXPECT_EQ(after.status, 0) << "a gap is a warning";
  EXPECT_TRUE(after.err.contains("not protected: suicide is empty")) << after.err;
  school.write("schoolgate.yaml",
               school.read("schoolgate.yaml") + "known_gaps: { suicide: \"a list is applied for\" }\n");
  EXPECT_FALSE(school.run({"check"}).err.contains("suicide")) << "it is known";
}

}  // namespace
}  // namespace schoolgate::app
