#include "rules/group_policy.h"

#include <gtest/gtest.h>

namespace schoolgate::rules {
namespace {

const SiteClock& london() {
  static const SiteClock clock = *SiteClock::open("Europe/London");
  return clock;
}

bool open_at(const Window& window, const char* utc) { return window.open_at(london(), *from_rfc3339(utc)); }

constexpr std::array<bool, 7> kEveryDay{true, true, true, true, true, true, true};
constexpr std::array<bool, 7> kSaturday{false, false, false, false, false, true, false};

TEST(Window, HoldsItsBeginningAndNotItsEnd) {
  const Window lunch{kEveryDay, 12 * 60, 13 * 60};
  EXPECT_FALSE(open_at(lunch, "2026-11-24T11:59:59.999Z"));
  EXPECT_TRUE(open_at(lunch, "2026-11-24T12:00:00Z"));
  EXPECT_TRUE(open_at(lunch, "2026-11-24T12:59:59.999Z"));
  EXPECT_FALSE(open_at(lunch, "2026-11-24T13:00:00Z"));
}

TEST(Window, ThatCrossesMidnightBelongsToTheDayItStarts) {
  const Window night{kSaturday, 22 * 60, 6 * 60};
  EXPECT_FALSE(open_at(night, "2026-11-21T05:00:00Z")) << "Saturday morning is Friday's night";
  EXPECT_TRUE(open_at(night, "2026-11-21T22:00:00Z"));
  EXPECT_TRUE(open_at(night, "2026-11-22T05:59:00Z")) << "Sunday morning";
  EXPECT_FALSE(open_at(night, "2026-11-22T06:00:00Z"));
  EXPECT_FALSE(open_at(night, "2026-11-22T22:00:00Z"));
}

TEST(Window, OfEqualTimesIsADay) {
  const Window day{kSaturday, 9 * 60, 9 * 60};
  EXPECT_FALSE(open_at(day, "2026-11-21T08:59:00Z"));
  EXPECT_TRUE(open_at(day, "2026-11-21T09:00:00Z"));
  EXPECT_TRUE(open_at(day, "2026-11-22T08:59:00Z"));
  EXPECT_FALSE(open_at(day, "2026-11-22T09:00:00Z"));
}

TEST(Window, FollowsTheSummerClock) {
  const Window lunch{kEveryDay, 12 * 60, 13 * 60};
  EXPECT_TRUE(open_at(lunch, "2026-06-17T11:30:00Z"));
  EXPECT_FALSE(open_at(lunch, "2026-06-17T12:30:00Z"));
}

TEST(Window, IsNotSplitByAnHourThatComesTwice) {
  const Window window{kEveryDay, 0, 90};  // 00:00 to 01:30 on 25 October 2026: the wall shows 01:30 twice
  EXPECT_TRUE(open_at(window, "2026-10-25T00:29:00Z"));
  EXPECT_TRUE(open_at(window, "2026-10-25T00:45:00Z")) << "01:45 by the summer clock, between the two";
  EXPECT_TRUE(open_at(window, "2026-10-25T01:29:00Z"));
  EXPECT_FALSE(open_at(window, "2026-10-25T01:30:00Z"));
}

TEST(Window, IsNotLostInAnHourThatNeverComes) {
  const Window window{kEveryDay, 90, 150};  // 01:30 to 02:30 on 29 March 2026: the wall jumps from 01:00 to 02:00
  EXPECT_FALSE(open_at(window, "2026-03-29T00:59:59Z"));
  EXPECT_TRUE(open_at(window, "2026-03-29T01:00:00Z"));
  EXPECT_TRUE(open_at(window, "2026-03-29T01:29:00Z"));
  EXPECT_FALSE(open_at(window, "2026-03-29T01:30:00Z"));
}

class TwoSchedules : public ::testing::Test {
 protected:
  TwoSchedules() {
    GroupSpec spec;
    spec.categories = {{"games", Action::block, {"policy.yaml", 7, 1}}, {"chat", Action::monitor, {}}};
    spec.unlisted = Action::allow;
    spec.schedules.resize(2);
    spec.schedules[0] = {kEveryDay, 12 * 60, 14 * 60, {{"games", Action::allow, {}}}, Action::block, {}};
    spec.schedules[1] = {kEveryDay, 13 * 60, 15 * 60, {{"games", Action::warn, {}}}, std::nullopt, {}};
    policy_.emplace(spec, categories_);
  }
  Action games_at(const char* utc) { return policy_->setting(categories_.find("games"), open(utc)).action; }
  GroupPolicy::Open open(const char* utc) { return policy_->open_at(london(), *from_rfc3339(utc)); }

  CategoryTable categories_;
  std::optional<GroupPolicy> policy_;
};

TEST_F(TwoSchedules, AnOpenOneSpeaksAndOfTwoTheStricter) {
  EXPECT_EQ(games_at("2026-11-24T11:00:00Z"), Action::block);
  EXPECT_EQ(games_at("2026-11-24T12:30:00Z"), Action::allow);
  EXPECT_EQ(games_at("2026-11-24T13:30:00Z"), Action::warn);
  EXPECT_EQ(games_at("2026-11-24T14:30:00Z"), Action::warn);
}

TEST_F(TwoSchedules, LeaveAloneWhatTheyDoNotName) {
  EXPECT_EQ(policy_->setting(categories_.find("chat"), open("2026-11-24T13:30:00Z")).action, Action::monitor);
  EXPECT_FALSE(policy_->setting(categories_.find("drugs"), open("2026-11-24T13:30:00Z")).named);
  EXPECT_EQ(policy_->unlisted(open("2026-11-24T14:30:00Z")), Action::allow);
  EXPECT_EQ(policy_->unlisted(open("2026-11-24T13:30:00Z")), Action::block);
}

TEST_F(TwoSchedules, TheSettingKnowsItsPlace) {
  EXPECT_EQ(policy_->setting(categories_.find("games"), 0).at->line_text(), "policy.yaml:7");
}

}  // namespace
}  // namespace schoolgate::rules
