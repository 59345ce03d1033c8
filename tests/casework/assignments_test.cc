// An episode or a thing to do has an owner and a day, and both are on record for ever.
//
//   goes wrong when                                      | then
//   it is given to somebody whom it is about             | refused, and the reason is not told
//   it is given to a governor or technician              | refused
//   the day lies in the past, or years away              | refused
//   a colleague took it from a page that is old          | refused
//   it was acknowledged, or became part of an incident   | it is nobody's work any more
//   it is handed over                                    | both entries stay, the latest holds
//   the owner is away                                    | the stand-in has it, or the rota's deputy, or nobody
//   the incident is closed or finished                   | nothing is added, nothing is due
#include "casework/assignments.h"

#include <gmock/gmock.h>

#include "casework/duty.h"
#include "tests/casework/desk_support.h"

namespace schoolgate::casework {
namespace {

using namespace std::chrono_literals;
using namespace std::chrono;

constexpr sys_days kToday = 2026y / November / 23;

class AssignmentsTest : public DeskFixture {
 protected:
  void SetUp() override {
    DeskFixture::SetUp();
    keep({breach_of("amelia.hughes", kSchoolDay)});
    episode_ = reader().list(kDsl, {})->rows.at(0).id;
  }
  static Assigned to(const Viewer& owner, sys_days due = kToday + days(2)) {
    return {.owner = {.user = owner.user, .role = owner.role}, .due = due, .today = kToday};
  }
  Result<void> take(const Viewer& by, const Assigned& assigned, TimePoint now = kSchoolDay + 1h) {
    return Assignments(*desk_).take(by, episode_, "amelia.hughes", assigned, now);
  }
  Incident incident() {
    Incidents incidents(*desk_);
    const auto id = incidents.open(
        kDsl, {.title = "Gambling", .episodes = {}, .subjects = {{.person = "ben.jones", .role = SubjectRole::child}}},
        kSchoolDay);
    return **incidents.find(kDsl, *id);
  }
  std::string episode_;
};

TEST_F(AssignmentsTest, AnEpisodeHasAnOwnerAndADayUntilItIsDealtWith) {
  Assignments assignments(*desk_);
  EXPECT_FALSE(*assignments.of_episode(episode_));
  ASSERT_TRUE(take(kDsl, to(kDeputy)));
  auto work = *assignments.of_episode(episode_);
  ASSERT_TRUE(work);
  EXPECT_EQ(work->owner, "d.eputy");
  EXPECT_EQ(work->given_by, "d.lead");
  EXPECT_EQ(work->due, kToday + days(2));
  ASSERT_TRUE(take(kDeputy, to(kHead, kToday)));
  EXPECT_EQ((*assignments.of_episode(episode_))->owner, "h.ead");
  EXPECT_EQ(entries_of(desk_->database(), episode_, "taken")->size(), 2u) << "what was written stays";
  ASSERT_EQ(assignments.open()->size(), 1u);
  ASSERT_TRUE(desk_->acknowledge(kHead, episode_, "amelia.hughes", kSchoolDay + 2h));
  EXPECT_FALSE(*assignments.of_episode(episode_));
  EXPECT_TRUE(assignments.open()->empty());
  ASSERT_TRUE(take(kDsl, to(kDsl), kSchoolDay + 3h)) << "to be looked at once more";
  EXPECT_EQ(assignments.open()->size(), 1u);
  EXPECT_FALSE(assignments.put_down(kDsl, episode_, "amelia.hughes", kSchoolDay + 4h, 0)) << "an old page";
  ASSERT_TRUE(assignments.put_down(kDsl, episode_, "amelia.hughes", kSchoolDay + 4h));
  EXPECT_TRUE(assignments.open()->empty());
  EXPECT_FALSE(assignments.put_down(kDsl, episode_, "amelia.hughes", kSchoolDay + 4h)) << "nothing was done";
  const auto journal = desk_->journal({.what = "take", .about = episode_});
  ASSERT_EQ(journal->size(), 4u);
  EXPECT_EQ(journal->front().person, "amelia.hughes");
}

TEST_F(AssignmentsTest, NobodyHasWhatIsNotTheirs) {
  const Viewer self{.user = "amelia.hughes", .role = Role::deputy, .also = {}};
  EXPECT_FALSE(take(kDsl, to(self)));
  EXPECT_FALSE(take(self, to(kDsl)));
  EXPECT_FALSE(take(kDsl, to(kTechnician)));
  EXPECT_FALSE(take(kGovernor, to(kDsl)));
  EXPECT_FALSE(take(kTechnician, to(kDsl)));
  EXPECT_FALSE(take(kDsl, to(kDsl, kToday - days(1))));
  EXPECT_FALSE(take(kDsl, to(kDsl, kToday + days(400))));
  EXPECT_TRUE(take(kDsl, to(kDsl, kToday)));
  const auto seen = *desk_->version(episode_);
  ASSERT_TRUE(take(kDeputy, to(kDeputy)));
  EXPECT_FALSE(Assignments(*desk_).take(kDsl, episode_, "amelia.hughes", to(kDsl), kSchoolDay + 2h, seen));
}

TEST_F(AssignmentsTest, WhatAnIncidentAsksForHasAnOwnerADayAndAnEnd) {
  Assignments assignments(*desk_);
  const Incident open = incident();
  EXPECT_FALSE(assignments.add_to_do(kDsl, open, "  ", to(kDsl), kSchoolDay));
  ASSERT_TRUE(assignments.add_to_do(kDsl, open, "Telephone his mother", to(kDeputy), kSchoolDay));
  ASSERT_TRUE(assignments.add_to_do(kDsl, open, "Tell the form tutor", to(kDsl, kToday), kSchoolDay));
  auto all = *assignments.open();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].what, "Tell the form tutor") << "what is due first";
  EXPECT_EQ(all[1].owner, "d.eputy");
  EXPECT_EQ(all[1].incident, open.id);
  ASSERT_TRUE(assignments.give(kDeputy, open, all[1].about, to(kHead), kSchoolDay + 1h));
  ASSERT_TRUE(assignments.finish(kHead, open, all[1].about, "She will come on Friday", kSchoolDay + 2h));
  EXPECT_FALSE(assignments.finish(kHead, open, all[1].about, "", kSchoolDay + 2h)) << "it is done";
  EXPECT_FALSE(assignments.give(kHead, open, "made-up", to(kHead), kSchoolDay + 2h));
  EXPECT_EQ(assignments.open()->size(), 1u);
  const auto of_incident = *assignments.of_incident(open.id);
  ASSERT_EQ(of_incident.size(), 2u);
  EXPECT_EQ(of_incident[0].done_by, "h.ead");
  EXPECT_EQ(of_incident[0].done_how, "She will come on Friday");
  EXPECT_EQ(desk_->journal({.about = open.reference, .person = "ben.jones"})->size(), 5u) << "in the child's audit";

  Incidents incidents(*desk_);
  ASSERT_TRUE(incidents.assess(kDsl, open.id, Assessment::concern, "", kSchoolDay + 3h));
  ASSERT_TRUE(incidents.close(kDsl, open.id, "Done", kSchoolDay + 3h));
  EXPECT_TRUE(assignments.open()->empty());
  EXPECT_FALSE(assignments.add_to_do(kDsl, **incidents.find(kDsl, open.id), "x", to(kDsl), kSchoolDay + 4h));
}

TEST_F(AssignmentsTest, WhoIsAwayIsStoodInFor) {
  DutyBook book(*desk_);
  const Colleague deputy{.user = "d.eputy", .role = Role::deputy}, head{.user = "h.ead", .role = Role::head};
  ASSERT_TRUE(book.set_absence(kDsl, Absence{kToday, kToday + days(4), {}}, deputy, kToday, kSchoolDay));
  Duty duty = *book.read();
  EXPECT_EQ(duty.who_has("d.lead", kToday + days(4)), "d.eputy");
  EXPECT_EQ(duty.who_has("d.lead", kToday + days(5)), "d.lead");
  ASSERT_TRUE(book.set_absence(kDeputy, Absence{kToday, kToday, {}}, std::nullopt, kToday, kSchoolDay));
  EXPECT_EQ(book.read()->who_has("d.lead", kToday), "") << "nobody is there, and that is said";
  std::array<Colleague, 7> week;
  week[0] = head;
  ASSERT_TRUE(book.set_rota(kDsl, week, kSchoolDay));
  duty = *book.read();
  EXPECT_EQ(duty.on_duty(kToday), "h.ead");
  EXPECT_EQ(duty.who_has("d.lead", kToday), "h.ead");
  EXPECT_EQ(duty.who_has("d.eputy", kToday), "h.ead");
  duty.leaders = {"d.lead", "d.eputy"};
  EXPECT_EQ(duty.who_has("d.lead", kToday), "") << "who leads no longer stands in for nobody";
  EXPECT_EQ(duty.who_has("n.obody", kToday), "") << "and has nothing";
  ASSERT_TRUE(book.set_absence(kDsl, std::nullopt, std::nullopt, kToday, kSchoolDay));
  EXPECT_EQ(book.read()->who_has("d.lead", kToday), "d.lead");
  const auto seen = *desk_->version(kRotaOfDesk);
  ASSERT_TRUE(book.set_rota(kDeputy, {}, kSchoolDay, seen));
  EXPECT_FALSE(book.set_rota(kDsl, week, kSchoolDay, seen)) << "a page from before the deputy's";
  EXPECT_EQ(book.read()->on_duty(kToday), "");

  EXPECT_FALSE(book.set_absence(kDsl, Absence{kToday, kToday - days(1), {}}, std::nullopt, kToday, kSchoolDay));
  EXPECT_FALSE(book.set_absence(kDsl, Absence{kToday - days(9), kToday - days(1), {}}, {}, kToday, kSchoolDay));
  EXPECT_FALSE(book.set_absence(kDsl, Absence{kToday, kToday, {}}, Colleague{.user = "d.lead", .role = Role::dsl},
                                kToday, kSchoolDay));
  EXPECT_FALSE(book.set_absence(kDsl, Absence{kToday, kToday, {}}, Colleague{.user = "t.ech", .role = Role::technician},
                                kToday, kSchoolDay));
  EXPECT_FALSE(book.set_rota(kTechnician, week, kSchoolDay));
}

}  // namespace
}  // namespace schoolgate::casework
