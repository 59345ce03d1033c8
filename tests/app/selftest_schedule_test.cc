// No run yet, a run an hour ago, a run of last week, a run that lies in the future because the clock was wrong, and a
// clock that is set while the gateway runs.
#include "app/selftest_schedule.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/rules/temporary_folder.h"

namespace schoolgate::app {
namespace {

using namespace std::chrono_literals;

class Schedule : public testing::Test {
 protected:
  void run_was(std::chrono::seconds ago) {
    const auto file = folder_.path() / "20261130T080000.000Z.json";
    std::ofstream(file) << "{}";
    std::filesystem::last_write_time(file, std::chrono::file_clock::from_sys(start_.wall - ago));
  }
  Moment after(std::chrono::seconds passed, std::chrono::seconds clock_set_by = 0s) const {
    return {start_.wall + passed + clock_set_by, start_.steady + passed};
  }
  rules::test::TemporaryFolder folder_;
  Moment start_ = moment_now();
  SelftestSchedule schedule_{folder_.path()};
};

TEST_F(Schedule, AFirstRunComesWhenTheGatewayHasSettled) {
  EXPECT_FALSE(schedule_.is_due(after(0s)));
  EXPECT_FALSE(schedule_.is_due(after(9min)));
  EXPECT_TRUE(schedule_.is_due(after(10min)));
  EXPECT_FALSE(schedule_.is_due(after(10min)));
  EXPECT_FALSE(schedule_.is_due(after(12h)));
  EXPECT_TRUE(schedule_.is_due(after(12h + 10min)));
}

TEST_F(Schedule, ARestartMakesNoExtraRun) {
  run_was(1h);
  EXPECT_FALSE(schedule_.is_due(after(0s)));
  EXPECT_FALSE(schedule_.is_due(after(10h + 59min)));
  EXPECT_TRUE(schedule_.is_due(after(11h)));
}

TEST_F(Schedule, AGatewayThatWasOffForDaysTriesItselfSoon) {
  run_was(24h * 7);
  EXPECT_FALSE(schedule_.is_due(after(0s)));
  EXPECT_TRUE(schedule_.is_due(after(10min)));
}

TEST_F(Schedule, ARunOfTheFutureHoldsNothingUp) {
  run_was(-24h * 400);
  EXPECT_FALSE(schedule_.is_due(after(0s)));
  EXPECT_TRUE(schedule_.is_due(after(10min)));
}

TEST_F(Schedule, AClockThatIsSetChangesNothing) {
  EXPECT_FALSE(schedule_.is_due(after(0s)));
  EXPECT_FALSE(schedule_.is_due(after(1min, 24h * 365)));
  EXPECT_TRUE(schedule_.is_due(after(10min, -24h * 365)));
  EXPECT_FALSE(schedule_.is_due(after(11min, 24h * 365)));
}

TEST_F(Schedule, WithoutAFolderOfRunsItBegins) {
  SelftestSchedule schedule(folder_.path() / "absent");
  EXPECT_FALSE(schedule.is_due(after(0s)));
  EXPECT_TRUE(schedule.is_due(after(10min)));
}

}  // namespace
}  // namespace schoolgate::app
