// What the desk and the registers of people keep goes by a clock that is believed, and by no other.
//
//   goes wrong when                                   | then
//   the wall clock jumps years ahead                  | nothing is removed while it is not believed
//   it is believed again, or really that late         | what is over its time goes, of the desk and of the registers
#include "app/safeguarding_desk.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "casework/incidents.h"
#include "identity/accounts.h"
#include "tests/rules/temporary_folder.h"

namespace schoolgate::app {
namespace {

using namespace std::chrono_literals;

const TimePoint kThen = *from_rfc3339("2018-11-23T09:00:00Z");
const TimePoint kYearsLater = *from_rfc3339("2031-11-23T09:00:00Z");
const casework::Viewer kLead{.user = "d.lead", .role = casework::Role::dsl, .also = {}};

class RetentionOfTheDesk : public testing::Test {
 protected:
  void SetUp() override {
    settings_.state = folder_.path();
    {
      const auto desk = *casework::DeskStore::open(folder_.path());
      casework::Incidents incidents(*desk);
      id_ = *incidents.open(kLead, {.title = "t", .subjects = {{.person = "amelia.hughes"}}}, kThen);
      ASSERT_TRUE(incidents.assess(kLead, id_, casework::Assessment::concern, "", kThen));
      ASSERT_TRUE(incidents.close(kLead, id_, "over", kThen));
    }
    people_ = *identity::PeopleDatabase::open(folder_.path());
    ASSERT_TRUE(
        identity::Accounts(*people_).put({.user = "gone", .name = "Gone", .groups = {"year6"}}, "office", kThen));
    ASSERT_TRUE(identity::Accounts(*people_).close("gone", "left", "office", kThen));
    audit_ = breaches::AuditLog::open_when_used(folder_.path());
  }
  /// One round of the keeping by that clock: it looks at the clock first, and stopping waits for the round's end.
  void keep(ClockStanding standing) {
    std::atomic<int> asked = 0;
    SafeguardingDesk desk({.settings = settings_,
                           .clock = *rules::SiteClock::open("Europe/London"),
                           .audit = *audit_,
                           .address = {},
                           .hooks = {},
                           .spec = [] { return rules::PolicySpec{}; },
                           .ask_clock =
                               [&] {
                                 ++asked;
                                 return standing;
                               },
                           .measures_changed = []() -> Result<void> { return {}; }});
    ASSERT_TRUE(desk.try_to_start(people_.get(), nullptr));
    for (int i = 0; i < 2000 && asked == 0; ++i) std::this_thread::sleep_for(5ms);
    ASSERT_GT(asked, 0) << "the keeping never looked at the clock";
    desk.stop();
  }
  bool has_incident() {
    const auto desk = *casework::DeskStore::open(folder_.path());
    return casework::Incidents(*desk).find(kLead, id_)->has_value();
  }
  bool has_account() { return !identity::Accounts(*people_).all()->empty(); }

  rules::test::TemporaryFolder folder_;
  config::Settings settings_;
  std::string id_;
  std::unique_ptr<identity::PeopleDatabase> people_;
  std::unique_ptr<breaches::AuditLog> audit_;
};

TEST_F(RetentionOfTheDesk, RemovesNothingByAClockThatIsNotBelieved) {
  for (const ClockDoubt doubt : {ClockDoubt::ahead, ClockDoubt::behind, ClockDoubt::before_release}) {
    keep({.doubt = doubt, .likely = kYearsLater});
    EXPECT_TRUE(has_incident()) << to_string(doubt);
    EXPECT_TRUE(has_account()) << to_string(doubt);
  }
}

TEST_F(RetentionOfTheDesk, RemovesByABelievedClockWhatIsOverItsTime) {
  keep({.doubt = ClockDoubt::none, .likely = kThen + 24h});
  EXPECT_TRUE(has_incident());
  EXPECT_TRUE(has_account());
  keep({.doubt = ClockDoubt::none, .likely = kYearsLater});
  EXPECT_FALSE(has_incident());
  EXPECT_FALSE(has_account());
}

}  // namespace
}  // namespace schoolgate::app
