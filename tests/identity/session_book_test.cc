#include "identity/session_book.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "tests/identity/scratch_state.h"

namespace schoolgate::identity {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using test::address;
using test::day_at;
using test::moment_at;
using Entered = SessionBook::Entered;
using SessionKind = SessionEvent::Kind;

constexpr const char* kMacA = "02:00:5e:10:00:01";
constexpr const char* kMacB = "02:00:5e:10:00:02";

int utc_minute(TimePoint time) {
  return int(std::chrono::floor<minutes>(time - std::chrono::floor<std::chrono::days>(time)).count());
}

class Book : public testing::Test {
 protected:
  explicit Book(SessionRules rules = {.idle = minutes(30), .end_of_day_minute = 18 * 60, .devices = 3})
      : book_({.order = {Source::negotiate, Source::radius, Source::logon, Source::sign_in}, .rules = rules}, store_,
              utc_minute, [this](const SessionEvent& event) { events_.push_back(event); }) {}

  static SignedIn report(std::string user, std::string_view at, Source source = Source::sign_in, std::string mac = {},
                         std::string id = {}) {
    return {.address = at.empty() ? names::IpAddress{} : address(at),
            .person = {.user = std::move(user), .source = std::string(to_string(source))},
            .source = source,
            .mac = std::move(mac),
            .session_id = std::move(id)};
  }
  /// What a worker finds.
  std::shared_ptr<const rules::Presence> seen(std::string_view at) {
    const auto map = store_.current();
    const auto found = map->find(address(at));
    return found == map->end() ? nullptr : found->second;
  }
  std::string who(std::string_view at) {
    const auto presence = seen(at);
    return presence && presence->person ? presence->person->user : "";
  }
  std::size_t count(SessionKind kind) const {
    return std::size_t(std::ranges::count(events_, kind, &SessionEvent::kind));
  }
  void device(std::string_view at, const char* mac, bool on_the_link, Moment now, std::string name = {}) {
    const DeviceSeen one{address(at), mac, std::move(name), on_the_link};
    book_.devices_seen({&one, 1}, now);
  }

  rules::PresenceStore store_;
  std::vector<SessionEvent> events_;
  SessionBook book_;
};

TEST_F(Book, WhoeverSignsInIsPublishedAtOnce) {
  const auto before = store_.generation();
  EXPECT_EQ(book_.signed_in(report("amelia", "10.20.1.5"), moment_at(9)), Entered::shown);
  EXPECT_GT(store_.generation(), before);
  EXPECT_EQ(who("10.20.1.5"), "amelia");
  EXPECT_EQ(who("10.20.1.6"), "");
  ASSERT_EQ(events_.size(), 1u);
  EXPECT_EQ(events_[0].kind, SessionKind::signed_in);
  EXPECT_EQ(events_[0].user, "amelia");
}

TEST_F(Book, AWeakerSourceNeverReplacesAStrongerOneThatHolds) {
  EXPECT_EQ(book_.signed_in(report("amelia", "10.20.1.5", Source::radius), moment_at(9)), Entered::shown);
  EXPECT_EQ(book_.signed_in(report("noah", "10.20.1.5", Source::sign_in), moment_at(9)), Entered::behind);
  EXPECT_EQ(who("10.20.1.5"), "amelia");
  EXPECT_EQ(book_.signed_in(report("olivia", "10.20.1.5", Source::negotiate), moment_at(9)), Entered::shown);
  EXPECT_EQ(who("10.20.1.5"), "olivia");
  EXPECT_EQ(book_.counters().behind_stronger, 1u);
  // and what stands behind is shown when the stronger one ends
  EXPECT_EQ(book_.sign_out(address("10.20.1.5"), Source::negotiate, SessionEnd::signed_out, moment_at(9, 1)), 1u);
  EXPECT_EQ(who("10.20.1.5"), "amelia");
}

TEST_F(Book, ASourceThatIsNotConfiguredIsNotBelieved) {
  EXPECT_EQ(book_.signed_in(report("amelia", "10.20.1.5", Source::basic), moment_at(9)), Entered::not_taken);
  EXPECT_EQ(book_.signed_in(report("", "10.20.1.5"), moment_at(9)), Entered::not_taken);
  EXPECT_EQ(book_.signed_in(report("amelia", ""), moment_at(9)), Entered::not_taken);
  EXPECT_EQ(store_.current()->size(), 0u);
}

TEST_F(Book, RulesOfAReloadHoldForSessionsThatAreThere) {
  book_.signed_in(report("amelia", "10.20.1.5"), moment_at(9));
  book_.use({.idle = minutes(5), .end_of_day_minute = 18 * 60, .devices = 3});
  book_.tick(moment_at(9, 4));
  EXPECT_EQ(who("10.20.1.5"), "amelia");
  book_.tick(moment_at(9, 6));
  EXPECT_EQ(who("10.20.1.5"), "");
  EXPECT_EQ(events_.back().why, SessionEnd::idle);

  book_.use({.idle = seconds(0), .end_of_day_minute = 12 * 60, .devices = 3});
  book_.signed_in(report("noah", "10.20.1.6"), moment_at(10));
  book_.use({.idle = seconds(0), .end_of_day_minute = 11 * 60, .devices = 3});
  book_.tick(moment_at(10, 59));
  EXPECT_EQ(who("10.20.1.6"), "noah");
  book_.tick(moment_at(11));
  EXPECT_EQ(who("10.20.1.6"), "");
  EXPECT_EQ(events_.back().why, SessionEnd::end_of_day);
}

TEST_F(Book, AnotherPersonOfTheSameSourceReplacesTheOneBefore) {
  book_.signed_in(report("amelia", "10.20.1.5"), moment_at(9));
  book_.signed_in(report("noah", "10.20.1.5"), moment_at(10));
  EXPECT_EQ(who("10.20.1.5"), "noah");
  EXPECT_EQ(book_.counters().sessions, 1u);
  ASSERT_EQ(count(SessionKind::signed_out), 1u);
  EXPECT_EQ(std::ranges::find(events_, SessionKind::signed_out, &SessionEvent::kind)->why, SessionEnd::replaced);
}

TEST_F(Book, SigningInAgainOnlyGoesOn) {
  book_.signed_in(report("amelia", "10.20.1.5"), moment_at(9));
  book_.signed_in(report("amelia", "10.20.1.5"), moment_at(10));
  EXPECT_EQ(events_.size(), 1u);
  ASSERT_EQ(book_.list().size(), 1u);
  EXPECT_EQ(book_.list()[0].since, day_at(9));
  EXPECT_EQ(book_.list()[0].seen, day_at(10));
}

TEST_F(Book, IdleTimeCountsFromTheLastRequest) {
  book_.signed_in(report("amelia", "10.20.1.5"), moment_at(9));
  seen("10.20.1.5")->mark_active(moment_at(9, 20).steady);
  book_.tick(moment_at(9, 49, 59));
  EXPECT_EQ(who("10.20.1.5"), "amelia");
  book_.tick(moment_at(9, 50));
  EXPECT_EQ(who("10.20.1.5"), "");
  EXPECT_EQ(seen("10.20.1.5"), nullptr);
  EXPECT_EQ(book_.counters().idle, 1u);
  EXPECT_EQ(events_.back().why, SessionEnd::idle);
}

TEST_F(Book, AConnectionThatHoldsAnEarlierPictureStillKeepsTheSession) {
  book_.signed_in(report("amelia", "10.20.1.5"), moment_at(9));
  const auto held = seen("10.20.1.5");
  book_.set_groups("amelia", {"year6"}, "Amelia Hughes");
  ASSERT_NE(held, seen("10.20.1.5"));
  held->mark_active(moment_at(9, 25).steady);
  book_.tick(moment_at(9, 40));
  EXPECT_EQ(who("10.20.1.5"), "amelia");
}

TEST_F(Book, TheEndOfTheDaySignsEverybodyOut) {
  book_.signed_in(report("amelia", "10.20.1.5"), moment_at(17, 50));
  book_.tick(moment_at(17, 59, 59));
  EXPECT_EQ(who("10.20.1.5"), "amelia");
  book_.tick(moment_at(18));
  EXPECT_EQ(who("10.20.1.5"), "");
  book_.signed_in(report("cleaner", "10.20.1.6"), moment_at(18, 1));
  book_.tick(moment_at(18, 10));
  EXPECT_EQ(who("10.20.1.6"), "cleaner");  // who came after it has until tomorrow
  EXPECT_EQ(book_.counters().ends_of_day, 1u);
}

TEST(SessionBookClock, TheEndOfTheDayIsRightAcrossAClockChange) {
  // From 01:00 UTC on the wall shows an hour more.
  const TimePoint change = *from_rfc3339("2026-03-29T01:00:00Z");
  rules::PresenceStore store;
  SessionBook book({.order = {Source::sign_in}, .rules = {.idle = seconds(0), .end_of_day_minute = 18 * 60}}, store,
                   [&](TimePoint time) { return (utc_minute(time) + (time >= change ? 60 : 0)) % 1440; }, {});
  book.signed_in({.address = address("10.20.1.5"), .person = {.user = "warden"}, .source = Source::sign_in},
                 moment_at(*from_rfc3339("2026-03-28T20:00:00Z")));
  book.tick(moment_at(*from_rfc3339("2026-03-29T16:59:59Z")));
  EXPECT_EQ(book.counters().sessions, 1u);
  book.tick(moment_at(*from_rfc3339("2026-03-29T17:00:00Z")));
  EXPECT_EQ(book.counters().sessions, 0u);
}

// How a clock that is corrected could end or prolong a session:
//
//   set back by an hour while people work         nobody is idle, idle times go on as if nothing had been
//   set back while nobody works                   idle after the same half hour
//   ahead at the sign-in, then right              the end of the day is today's, not the one of the wrong date
//   ahead when the gateway stopped, then right    those who were there are there
//   set ahead by a minute or an hour              the idle time is not shortened
//   ahead past the end of the day                 signed out: the strict answer

TEST_F(Book, AClockThatIsSetBackEndsNoSession) {
  book_.signed_in(report("amelia", "10.20.1.5"), moment_at(9));
  book_.tick(moment_at(9, 10));
  for (int second = 0; second < 600; ++second) {
    const Moment now{day_at(8, 10, second), moment_at(9, 10, second).steady};
    seen("10.20.1.5")->mark_active(now.steady);
    book_.tick(now);
    ASSERT_EQ(who("10.20.1.5"), "amelia") << second;
  }
  // And somebody who comes while the clock is behind what it showed before.
  book_.signed_in(report("noah", "10.20.1.6"), {day_at(8, 20), moment_at(9, 20).steady});
  book_.tick({day_at(8, 21), moment_at(9, 21).steady});
  EXPECT_EQ(who("10.20.1.6"), "noah");
  EXPECT_EQ(book_.counters().idle, 0u);
}

TEST(SessionBookClock, IdleTimeIsTheSameWhicheverWayTheClockIsSet) {
  for (const minutes step : {-minutes(24 * 60), -minutes(60), minutes(20), minutes(60)}) {
    rules::PresenceStore store;
    SessionBook book({.order = {Source::sign_in}, .rules = {.idle = minutes(30)}}, store, utc_minute, {});
    book.signed_in({.address = address("10.20.1.5"), .person = {.user = "amelia"}}, moment_at(9));
    book.tick({day_at(9, 29, 59) + step, moment_at(9, 29, 59).steady});
    EXPECT_EQ(book.counters().sessions, 1u) << step;
    book.tick({day_at(9, 30) + step, moment_at(9, 30).steady});
    EXPECT_EQ(book.counters().sessions, 0u) << step;
    EXPECT_EQ(book.counters().idle, 1u) << step;
  }
}

TEST_F(Book, TheEndOfTheDayComesBackWithTheClock) {
  book_.use({.idle = seconds(0), .end_of_day_minute = 18 * 60, .devices = 3});
  const Moment ahead{day_at(9) + hours(24 * 400), moment_at(9).steady};
  book_.signed_in(report("amelia", "10.20.1.5"), ahead);
  book_.tick(moment_at(9, 1));
  EXPECT_EQ(who("10.20.1.5"), "amelia");
  book_.tick(moment_at(18));
  EXPECT_EQ(who("10.20.1.5"), "");
  EXPECT_EQ(events_.back().why, SessionEnd::end_of_day);
}

TEST_F(Book, SessionsOfAClockThatWasAheadSurviveARestartWithTheRightOne) {
  for (const hours ahead : {hours(1), hours(24 * 400)}) {
    rules::PresenceStore first_store, store;
    const SessionBook::Settings settings{.order = {Source::sign_in},
                                         .rules = {.idle = minutes(30), .end_of_day_minute = 18 * 60, .devices = 3}};
    SessionBook first(settings, first_store, utc_minute, {});
    first.signed_in(report("amelia", "10.20.1.5"), {day_at(9) + ahead, moment_at(9).steady});
    SessionBook later(settings, store, utc_minute, {});
    later.restore(first.save(), {day_at(9, 1), SteadyTime(seconds(40))});  // the machine has just started
    EXPECT_EQ(later.counters().sessions, 1u);
    EXPECT_EQ(later.list().at(0).since, day_at(9, 1));
    later.tick({day_at(9, 31), SteadyTime(seconds(40) + minutes(30))});
    EXPECT_EQ(later.counters().sessions, 0u);
  }
}

TEST_F(Book, AVisitorsTimeRunsOut) {
  SignedIn visit = report("visitor:1", "10.20.9.5");
  visit.until = day_at(11);
  book_.signed_in(visit, moment_at(10, 50));
  book_.tick(moment_at(11));
  EXPECT_EQ(who("10.20.9.5"), "");
  EXPECT_EQ(events_.back().why, SessionEnd::until);
}

TEST_F(Book, AnotherMachineAtTheAddressEndsTheSession) {
  device("10.20.1.5", kMacA, true, moment_at(8, 59));
  book_.signed_in(report("amelia", "10.20.1.5"), moment_at(9));
  device("10.20.1.5", kMacA, true, moment_at(9, 1));
  EXPECT_EQ(who("10.20.1.5"), "amelia");
  device("10.20.1.5", kMacB, true, moment_at(9, 2));
  EXPECT_EQ(who("10.20.1.5"), "");
  EXPECT_EQ(seen("10.20.1.5")->device.mac, kMacB);
  EXPECT_EQ(book_.counters().mac_changes, 1u);
  EXPECT_EQ(count(SessionKind::mac_changed), 1u);
}

TEST_F(Book, ASessionTakesTheMachineThatIsFirstSeenAfterIt) {
  book_.signed_in(report("amelia", "10.20.1.5"), moment_at(9));
  device("10.20.1.5", kMacA, true, moment_at(9, 0, 2));
  EXPECT_EQ(who("10.20.1.5"), "amelia");
  device("10.20.1.5", kMacB, true, moment_at(9, 0, 4));
  EXPECT_EQ(who("10.20.1.5"), "");
}

TEST_F(Book, ALeaseDoesNotContradictWhoAnswersOnTheLink) {
  device("10.20.1.5", kMacA, true, moment_at(9), "");
  book_.signed_in(report("amelia", "10.20.1.5"), moment_at(9));
  device("10.20.1.5", kMacB, false, moment_at(9, 1), "old-name");
  EXPECT_EQ(who("10.20.1.5"), "amelia");
  device("10.20.1.5", kMacA, false, moment_at(9, 1), "amelias-laptop");
  EXPECT_EQ(seen("10.20.1.5")->device.name, "amelias-laptop");
  EXPECT_EQ(seen("10.20.1.5")->device.kind, "unknown");
}

TEST_F(Book, OneAccountOnMoreDevicesThanAllowedIsTold) {
  for (const char* at : {"10.20.1.1", "10.20.1.2", "10.20.1.3"}) book_.signed_in(report("amelia", at), moment_at(9));
  EXPECT_EQ(count(SessionKind::too_many_devices), 0u);
  EXPECT_EQ(book_.signed_in(report("amelia", "10.20.1.4"), moment_at(9)), Entered::shown);
  ASSERT_EQ(count(SessionKind::too_many_devices), 1u);
  EXPECT_EQ(events_.back().text, "amelia is signed in on 4 devices; 3 are allowed");
}

TEST_F(Book, AddressesOfOneMachineAreOneDevice) {
  for (const char* at : {"10.20.1.1", "2001:db8::1", "2001:db8::2", "2001:db8::3"}) {
    device(at, kMacA, true, moment_at(9));
    book_.signed_in(report("amelia", at), moment_at(9));
  }
  EXPECT_EQ(count(SessionKind::too_many_devices), 0u);
}

TEST_F(Book, AClassIsMeantForManyDevices) {
  for (const char* at : {"10.20.1.1", "10.20.1.2", "10.20.1.3", "10.20.1.4", "10.20.1.5"}) {
    SignedIn one = report("class:robins", at);
    one.person.confidence = rules::Confidence::class_login;
    book_.signed_in(one, moment_at(9));
  }
  EXPECT_EQ(count(SessionKind::too_many_devices), 0u);
}

TEST_F(Book, RadiusWaitsForTheAddressOfAMachine) {
  EXPECT_EQ(book_.signed_in(report("amelia", "", Source::radius, kMacA, "ap1/7"), moment_at(9)), Entered::waiting);
  device("10.20.1.5", kMacA, false, moment_at(9, 0, 3));
  EXPECT_EQ(who("10.20.1.5"), "amelia");
}

TEST_F(Book, RadiusVouchesForEveryAddressOfItsMachine) {
  book_.signed_in(report("amelia", "10.20.1.5", Source::radius, kMacA, "ap1/7"), moment_at(9));
  device("2001:db8::5", kMacA, true, moment_at(9, 0, 3));
  EXPECT_EQ(who("2001:db8::5"), "amelia");
  device("10.20.2.9", kMacA, true, moment_at(9, 5));  // it has moved to another network
  EXPECT_EQ(who("10.20.2.9"), "amelia");
  EXPECT_EQ(book_.counters().sessions, 1u);
}

TEST_F(Book, AStopOfTheAccessPointBeforeEndsNothing) {
  book_.signed_in(report("amelia", "10.20.1.5", Source::radius, kMacA, "ap1/7"), moment_at(9));
  book_.signed_in(report("amelia", "10.20.1.5", Source::radius, kMacA, "ap2/1"), moment_at(9, 10));
  EXPECT_EQ(book_.sign_out_session({"ap1/7"}, SessionEnd::stopped, moment_at(9, 10)), 0u);
  EXPECT_EQ(who("10.20.1.5"), "amelia");
  EXPECT_EQ(book_.sign_out_session({"ap2/1"}, SessionEnd::stopped, moment_at(9, 30)), 1u);
  EXPECT_EQ(who("10.20.1.5"), "");
}

TEST_F(Book, AnAccessPointThatRestartsEndsItsOwnSessionsOnly) {
  book_.signed_in(report("amelia", "10.20.1.5", Source::radius, kMacA, "ap1/7"), moment_at(9));
  book_.signed_in(report("noah", "10.20.1.6", Source::radius, kMacB, "ap10/7"), moment_at(9));
  EXPECT_EQ(book_.sign_out_sessions("ap1/", SessionEnd::stopped, moment_at(9, 1)), 1u);
  EXPECT_EQ(who("10.20.1.5"), "");
  EXPECT_EQ(who("10.20.1.6"), "noah");
}

TEST_F(Book, AnInterimReportKeepsAQuietSession) {
  book_.signed_in(report("amelia", "10.20.1.5", Source::radius, kMacA, "ap1/7"), moment_at(9));
  EXPECT_TRUE(book_.still_there({"ap1/7"}, address("10.20.1.5"), moment_at(9, 20)));
  EXPECT_FALSE(book_.still_there({"ap1/8"}, {}, moment_at(9, 20)));
  EXPECT_FALSE(book_.still_there({""}, {}, moment_at(9, 20)));
  book_.tick(moment_at(9, 40));
  EXPECT_EQ(who("10.20.1.5"), "amelia");
  book_.tick(moment_at(9, 50));
  EXPECT_EQ(who("10.20.1.5"), "");
}

TEST_F(Book, AnIdIsOneSessionOfOneMachineAndOnePerson) {
  book_.signed_in(report("amelia", "10.20.1.5", Source::radius, kMacA, "10.0.0.1/ap/7"), moment_at(9));
  book_.signed_in(report("noah", "10.20.1.6", Source::radius, kMacB, "10.0.0.2/ap/7"), moment_at(9));
  EXPECT_FALSE(book_.still_there({"10.0.0.1/ap/7", kMacB}, {}, moment_at(9, 1)));
  EXPECT_FALSE(book_.still_there({"10.0.0.1/ap/7", kMacA, "noah"}, {}, moment_at(9, 1)));
  EXPECT_TRUE(book_.still_there({"10.0.0.1/ap/7", kMacA, "amelia"}, {}, moment_at(9, 1)));
  EXPECT_EQ(book_.sign_out_session({"10.0.0.1/ap/7", kMacB}, SessionEnd::stopped, moment_at(9, 1)), 0u);
  EXPECT_EQ(book_.sign_out_session({"10.0.0.2/ap/7"}, SessionEnd::stopped, moment_at(9, 1)), 1u);
  EXPECT_EQ(who("10.20.1.5"), "amelia");
}

TEST_F(Book, ASignInHoldsForTheOtherFamilyOfTheSameMachine) {
  device("10.20.1.5", kMacA, true, moment_at(9));
  device("2001:db8::5", kMacA, true, moment_at(9));
  book_.signed_in(report("amelia", "10.20.1.5"), moment_at(9));
  EXPECT_EQ(who("2001:db8::5"), "amelia");
  EXPECT_EQ(book_.sign_out(address("2001:db8::5"), {}, SessionEnd::signed_out, moment_at(9, 1)), 1u);
  EXPECT_EQ(who("10.20.1.5"), "");
}

TEST_F(Book, MachinesBehindOneRouterAreNotTakenForOne) {
  device("10.20.1.5", kMacA, true, moment_at(9));
  device("10.20.1.6", kMacA, true, moment_at(9));
  device("2001:db8::6", kMacA, true, moment_at(9));
  book_.signed_in(report("amelia", "10.20.1.5"), moment_at(9));
  EXPECT_EQ(who("10.20.1.6"), "");
  EXPECT_EQ(who("2001:db8::6"), "");
  book_.sign_out(address("10.20.1.6"), {}, SessionEnd::signed_out, moment_at(9, 1));
  EXPECT_EQ(who("10.20.1.5"), "amelia");
}

TEST_F(Book, ActivityOnOneFamilyKeepsTheSessionOfTheOther) {
  device("10.20.1.5", kMacA, true, moment_at(9));
  device("2001:db8::5", kMacA, true, moment_at(9));
  book_.signed_in(report("amelia", "10.20.1.5"), moment_at(9));
  seen("2001:db8::5")->mark_active(moment_at(9, 25).steady);
  device("10.20.1.5", kMacA, true, moment_at(9, 39));
  device("2001:db8::5", kMacA, true, moment_at(9, 39));
  book_.tick(moment_at(9, 40));
  EXPECT_EQ(who("2001:db8::5"), "amelia");
}

TEST_F(Book, TheRegisterNamesDevices) {
  device("10.20.1.7", kMacA, true, moment_at(9), "android-1234");
  book_.use_register({{kMacA, {.mac = kMacA, .name = "", .kind = "console", .owner = "Hall", .by_name_only = true}}},
                     moment_at(9));
  const auto presence = seen("10.20.1.7");
  EXPECT_EQ(presence->device.kind, "console");
  EXPECT_EQ(presence->device.owner, "Hall");
  EXPECT_EQ(presence->device.name, "android-1234");
  EXPECT_TRUE(presence->device.by_name_only);
  EXPECT_FALSE(presence->person);
}

TEST_F(Book, APupilsPhoneOnTheNetworkIsTold) {
  book_.use_register({{kMacA, {.mac = kMacA, .kind = "phone", .owner = "noah"}}}, moment_at(8));
  device("10.20.1.7", kMacA, true, moment_at(9));
  device("10.20.1.7", kMacA, true, moment_at(9, 0, 2));
  ASSERT_EQ(count(SessionKind::phone_seen), 1u);
  EXPECT_EQ(events_.back().user, "noah");
}

TEST_F(Book, TermsAndGroupsReachWorkers) {
  SignedIn one = report("amelia", "10.20.1.5");
  one.terms_due = true;
  book_.signed_in(one, moment_at(9));
  EXPECT_TRUE(seen("10.20.1.5")->terms_due);
  book_.set_terms_due("amelia", false);
  EXPECT_FALSE(seen("10.20.1.5")->terms_due);
  book_.set_groups("amelia", {"year6"}, "Amelia Hughes");
  EXPECT_EQ(seen("10.20.1.5")->person->groups, std::vector<std::string>{"year6"});
  EXPECT_EQ(seen("10.20.1.5")->person->name, "Amelia Hughes");
}

TEST_F(Book, WhatDidNotChangeIsNotPublishedAgain) {
  device("10.20.1.7", kMacA, true, moment_at(9));
  const auto before = store_.generation();
  device("10.20.1.7", kMacA, true, moment_at(9, 0, 2));
  book_.tick(moment_at(9, 0, 3));
  EXPECT_EQ(store_.generation(), before);
}

TEST_F(Book, SessionsSurviveARestart) {
  SignedIn visit = report("visitor:1", "10.20.9.5");
  visit.until = day_at(9, 30);
  book_.signed_in(visit, moment_at(9));
  book_.signed_in(report("amelia", "10.20.1.5", Source::radius, kMacA, "ap1/7"), moment_at(9));
  book_.signed_in(report("noah", "10.20.1.6"), moment_at(9));
  book_.signed_in(report("ida", "10.20.1.8"), moment_at(9));
  seen("10.20.1.5")->mark_active(moment_at(9, 20).steady);
  seen("10.20.1.6")->mark_active(moment_at(9, 20).steady);

  rules::PresenceStore store;
  SessionBook later({.order = {Source::radius, Source::sign_in}, .rules = {.idle = minutes(30)}}, store, utc_minute,
                    {});
  later.restore(book_.save(), moment_at(9, 45));
  const auto map = store.current();
  EXPECT_EQ(map->at(address("10.20.1.5"))->person->user, "amelia");
  EXPECT_EQ(map->at(address("10.20.1.6"))->person->user, "noah");
  EXPECT_FALSE(map->contains(address("10.20.9.5")));  // its time was over
  EXPECT_FALSE(map->contains(address("10.20.1.8")));  // idle
  EXPECT_EQ(later.sign_out_session({"ap1/7"}, SessionEnd::stopped, moment_at(9, 46)), 1u);
}

TEST_F(Book, AnAddressThatNobodySeesIsForgotten) {
  device("10.20.1.7", kMacA, true, moment_at(9));
  book_.tick(moment_at(10, 59));
  EXPECT_NE(seen("10.20.1.7"), nullptr);
  book_.tick(moment_at(11));
  EXPECT_EQ(seen("10.20.1.7"), nullptr);
  EXPECT_EQ(book_.counters().devices, 0u);
}

TEST(SessionBookBounds, MachinesAloneDoNotKeepPeopleOut) {
  rules::PresenceStore store;
  SessionBook book({.order = {Source::sign_in}, .rules = {}, .most_places = 10}, store, utc_minute, {});
  std::vector<DeviceSeen> flood;
  for (std::uint32_t i = 1; i <= 50; ++i)
    flood.push_back({names::IpAddress::v4(0x0A140100 + i), "02:00:5e:10:01:" + std::to_string(10 + i), {}, true});
  book.devices_seen(flood, moment_at(9));
  EXPECT_EQ(store.current()->size(), 5u);
  for (std::uint32_t i = 0; i < 5; ++i)
    EXPECT_EQ(
        book.signed_in({.address = names::IpAddress::v4(0x0A140200 + i), .person = {.user = "p" + std::to_string(i)}},
                       moment_at(9)),
        Entered::shown);
  EXPECT_EQ(book.signed_in({.address = address("10.20.3.1"), .person = {.user = "late"}}, moment_at(9)),
            Entered::not_taken);
  EXPECT_EQ(book.counters().full, 46u);
}

TEST(SessionBookThreads, ReportsTicksAndReadersRunBesideEachOther) {
  rules::PresenceStore store;
  std::atomic<int> told{0};
  SessionBook book({.order = {Source::sign_in}, .rules = {.idle = minutes(30)}}, store, utc_minute,
                   [&](const SessionEvent&) { ++told; });
  constexpr int kEach = 200;
  {
    std::vector<std::jthread> reporters;
    for (int thread = 0; thread < 3; ++thread)
      reporters.emplace_back([&book, thread] {
        for (int i = 0; i < kEach; ++i)
          book.signed_in({.address = names::IpAddress::v4(std::uint32_t(0x0A140000 + thread * 256 + i)),
                          .person = {.user = "p" + std::to_string(thread) + "." + std::to_string(i)}},
                         moment_at(9));
      });
    std::jthread ticker([&] {
      for (int i = 0; i < kEach; ++i) book.tick(moment_at(9, 0, 1));
    });
    std::jthread worker([&] {
      rules::PresenceView view(store);
      for (int i = 0; i < kEach * 10; ++i)
        if (const auto found = view.find(address("10.20.0.5"))) found->mark_active(moment_at(9, 1).steady);
    });
  }
  EXPECT_EQ(store.current()->size(), std::size_t(3 * kEach));
  EXPECT_EQ(told, 3 * kEach);
}

}  // namespace
}  // namespace schoolgate::identity
