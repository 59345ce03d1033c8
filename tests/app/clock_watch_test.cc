// The watch over the clock through starts and steps; what it judges by is tried in tests/base/believable_clock_test.cc.
#include "app/clock_watch.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "app/told_times.h"
#include "base/file.h"
#include "breaches/audit_log.h"

namespace schoolgate::app {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const TimePoint kWatchNine = from_rfc3339("2026-11-23T09:00:00Z").value();
constexpr hours kYearAndMore{24 * 400};

class Watch : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "schoolgate-clock-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    state_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(state_); }

  ClockWatch start(TimePoint wall) {
    now_ = {wall, SteadyTime(minutes(1))};
    return ClockWatch({.state = state_,
                       .released = from_rfc3339("2026-11-01").value(),
                       .now = [this] { return now_; },
                       .is_kept_right = [this](TimePoint) { return is_kept_right_; }});
  }
  void pass(std::chrono::milliseconds time) { now_ = {now_.wall + time, now_.steady + time}; }
  void step(std::chrono::milliseconds by) { now_.wall += by; }

  std::filesystem::path state_;
  Moment now_;
  bool is_kept_right_ = false;
};

TEST_F(Watch, AStartInTheWrongYearIsNotBelievedAndTheNextOneIs) {
  {
    ClockWatch first = start(kWatchNine);
    EXPECT_FALSE(first.look());
    EXPECT_TRUE(first.standing().is_believed());
  }
  {
    ClockWatch wrong = start(kWatchNine + kYearAndMore);
    EXPECT_EQ(wrong.look(), ClockDoubt::ahead);
    pass(hours(2));
    EXPECT_FALSE(wrong.look()) << "said once";
    EXPECT_EQ(wrong.standing().likely, kWatchNine + hours(2));
    EXPECT_EQ(wrong.likely_now(), kWatchNine + hours(2));
    EXPECT_NE(wrong.words().find("2027"), std::string::npos) << wrong.words();
    pass(hours(23));
    EXPECT_EQ(wrong.look(), ClockDoubt::ahead) << "and again every day";
  }
  ClockWatch right = start(kWatchNine + hours(26));
  EXPECT_FALSE(right.look());
  EXPECT_TRUE(right.standing().is_believed());
}

TEST_F(Watch, AStepWhileItRunsIsDoubtedAtOnceAndItsEndIsSaid) {
  ClockWatch watch = start(kWatchNine);
  EXPECT_FALSE(watch.look());
  step(kYearAndMore);
  EXPECT_FALSE(watch.standing().is_believed()) << "before the next look";
  EXPECT_EQ(watch.look(), ClockDoubt::ahead);
  pass(minutes(5));
  step(-kYearAndMore);
  EXPECT_EQ(watch.look(), ClockDoubt::none);
  EXPECT_EQ(watch.likely_now(), kWatchNine + minutes(5));
  step(-hours(1));
  EXPECT_FALSE(watch.look()) << "summer time in the hardware clock";
}

// Whoever asks between the step and the next look, a second at most: a test mail of another year's Monday was sent.
TEST_F(Watch, TheLikelyTimeDoesNotFollowAStepBeforeTheNextLook) {
  ClockWatch watch = start(kWatchNine);
  EXPECT_FALSE(watch.look());
  step(kYearAndMore);
  EXPECT_EQ(watch.likely_now(), kWatchNine);
  EXPECT_EQ(watch.look(), ClockDoubt::ahead);
  pass(minutes(5));
  step(-kYearAndMore);
  EXPECT_EQ(watch.likely_now(), kWatchNine + minutes(5)) << "put right, and not looked at yet";
  EXPECT_EQ(watch.look(), ClockDoubt::none);
  pass(hours(6));
  EXPECT_EQ(watch.likely_now(), kWatchNine + hours(6) + minutes(5)) << "a machine that slept";
}

// The machine slept after the wall clock was read and before the steady one was: by the sum the digest of the evening
// was made in the morning.
TEST_F(Watch, AMomentThatASleepTookApartIsReadAgain) {
  for (const bool wall_first : {true, false}) {
    now_ = {kWatchNine, SteadyTime(minutes(1))};
    int reads = 0, torn_at = 0;
    ClockWatch watch({.state = state_ / (wall_first ? "a" : "b"),
                      .released = from_rfc3339("2026-11-01").value(),
                      .now =
                          [&] {
                            if (++reads != torn_at) return now_;
                            const Moment before = now_;
                            pass(hours(7));
                            return wall_first ? Moment{before.wall, now_.steady} : Moment{now_.wall, before.steady};
                          },
                      .is_kept_right = [](TimePoint) { return false; }});
    EXPECT_FALSE(watch.look());
    for (int after = 1; after < 4; ++after) {
      torn_at = reads + after;
      EXPECT_FALSE(watch.look()) << after;
      EXPECT_TRUE(watch.standing().is_believed()) << after;
      torn_at = 0;
      EXPECT_EQ(watch.likely_now(), now_.wall) << after;
    }
  }
}

TEST_F(Watch, WithoutAKeptTimeTheLastRecordStandsForIt) {
  {
    const auto log = breaches::AuditLog::open(state_);
    ASSERT_TRUE(log);
    ASSERT_TRUE((*log)->record_change({.time = kWatchNine, .user = {}, .what = "start", .files = {}}));
  }
  ClockWatch watch = start(from_rfc3339("2026-11-02").value());
  EXPECT_EQ(watch.look(), ClockDoubt::behind);
  EXPECT_EQ(watch.standing().likely, kWatchNine);
}

TEST_F(Watch, TheAdministratorsWordAndATimeServerEndTheDoubt) {
  {
    ClockWatch first = start(kWatchNine);
    EXPECT_FALSE(first.look());
  }
  const hours holidays{24 * 42};
  {
    ClockWatch watch = start(kWatchNine + holidays);
    EXPECT_EQ(watch.look(), ClockDoubt::ahead);
    is_kept_right_ = true;
    EXPECT_EQ(watch.look(), ClockDoubt::none);
    is_kept_right_ = false;
  }
  ASSERT_TRUE(replace_file(state_ / "clock", to_rfc3339(kWatchNine) + '\n'));
  ClockWatch watch = start(kWatchNine + holidays);
  EXPECT_EQ(watch.look(), ClockDoubt::ahead);
  ASSERT_TRUE(watch.confirm());
  EXPECT_EQ(watch.look(), ClockDoubt::none);
  ClockWatch next = start(kWatchNine + holidays + hours(1));
  EXPECT_FALSE(next.look());
}

TEST_F(Watch, AMarkThatIsNoTimeIsAsIfThereWereNone) {
  ASSERT_TRUE(replace_file(state_ / "clock", "yesterday\n"));
  ClockWatch watch = start(kWatchNine);
  EXPECT_FALSE(watch.look());
}

TEST_F(Watch, TwoServersOfListsCanDoubtItAndAPersonHasTheLastWord) {
  ClockWatch watch = start(kWatchNine);
  EXPECT_FALSE(watch.look());
  const Moment elsewhere{kWatchNine + hours(24 * 30), now_.steady};
  keep_told_times(state_, std::vector<blocklists::ServersTime>{{"a.example", elsewhere}});
  pass(minutes(2));
  EXPECT_FALSE(watch.look()) << "one server is no witness";
  keep_told_times(state_, std::vector<blocklists::ServersTime>{{"b.example", elsewhere}});
  pass(minutes(2));
  EXPECT_EQ(watch.look(), ClockDoubt::behind);
  EXPECT_EQ(watch.likely_now(), now_.wall) << "they move nothing";
  ASSERT_TRUE(watch.confirm());
  EXPECT_TRUE(watch.standing().is_believed());
  pass(minutes(2));
  EXPECT_EQ(watch.look(), ClockDoubt::none);
}

}  // namespace
}  // namespace schoolgate::app
