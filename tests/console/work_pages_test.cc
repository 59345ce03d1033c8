// Work at the desk: an owner and a day for an episode and for what an incident asks for; days away; how people are
// told.
//
//   goes wrong when                                   | then
//   a governor, technician or administrator asks      | no page, no owner, no form
//   the owner is not of the desk, or no day was typed | an error at its field; nothing is done
//   a form says that something was done               | it names whose episode, to whom and by when
//   the owner is away                                 | it is the stand-in's, and says so
//   the owner was switched off, or leads no longer    | it is for everybody to take up
//   a page from before an absence was noted is sent    | nothing is done, and it says so
//   it is about the stand-in                          | the stand-in is not told of it
#include "tests/console/desk_fixture.h"

namespace schoolgate::console {
namespace {

using identity::Role;
using testing::HasSubstr;
using testing::Not;

class WorkPages : public DeskTest {
 protected:
  void SetUp() override {
    record({a_breach(now_ - std::chrono::minutes(20))});
    add_user("d.lead", Role::dsl);
    add_user("d.eputy", Role::deputy);
    add_user("t.ech", Role::technician);
    add_user("g.overnor", Role::governor);
    lead_ = sign_in("d.lead");
    path_ = first_episode(lead_);
  }
  std::string take(const std::string& owner, const std::string& due) {
    get(lead_, path_);
    return told(lead_, post(lead_, path_ + "/take", {{"owner", owner}, {"due", due}, {"do", "take"}}));
  }
  Browser lead_;
  std::string path_;
};

TEST_F(WorkPages, AnEpisodeIsTakenGivenAndPutDown) {
  EXPECT_THAT(get(lead_, "/").body, HasSubstr("Mine: 0 to deal with"));
  EXPECT_THAT(take("d.lead", "2026-11-25"), HasSubstr("is yours, to be dealt with by Wed 25 November 2026"));
  EXPECT_THAT(get(lead_, path_).body, HasSubstr("d.lead, by Wed 25 November 2026"));
  EXPECT_THAT(get(lead_, "/").body, HasSubstr("Mine: 1 to deal with"));
  EXPECT_THAT(get(lead_, "/tasks").body, HasSubstr("Gambling, Amelia Hughes (amelia.hughes)"));
  EXPECT_THAT(take("d.eputy", "2026-11-24"), HasSubstr("of Amelia Hughes (amelia.hughes) is with d.eputy"));
  Browser deputy = sign_in("d.eputy");
  EXPECT_THAT(get(deputy, "/tasks").body, HasSubstr("Mine (1)"));
  EXPECT_THAT(get(lead_, "/tasks").body, HasSubstr("Of colleagues (1)"));
  now_ += std::chrono::hours(24 * 3);
  deputy = sign_in("d.eputy");
  EXPECT_THAT(get(deputy, "/").body, HasSubstr("1 overdue"));
  get(deputy, path_);
  EXPECT_THAT(told(deputy, post(deputy, path_ + "/take", {{"do", "put-down"}})), HasSubstr("has no owner any more"));
  get(deputy, path_);
  EXPECT_EQ(post(deputy, path_ + "/take", {{"do", "put-down"}}).status, 400) << "nothing was done";
}

TEST_F(WorkPages, WhatASwitchedOffAccountHasIsForEverybody) {
  take("d.eputy", "2026-11-25");
  EXPECT_THAT(get(lead_, "/tasks").body, HasSubstr("Of colleagues (1)"));
  ASSERT_TRUE(identity::Users(*users_).disable("d.eputy"));
  EXPECT_THAT(get(lead_, "/tasks").body, HasSubstr("Mine (1)"));
  ASSERT_TRUE(identity::Users(*users_).enable("d.eputy"));
  ASSERT_TRUE(identity::Users(*users_).set_role("d.eputy", Role::governor));
  EXPECT_THAT(get(lead_, "/tasks").body, HasSubstr("Mine (1)"));
}

TEST_F(WorkPages, WhatDoesNotFitIsSaidAtItsField) {
  get(lead_, path_);
  for (const auto& [owner, due, field] :
       {std::tuple{"t.ech", "2026-11-25", "owner-error"}, std::tuple{"no.body", "2026-11-25", "owner-error"},
        std::tuple{"d.eputy", "", "due-error"}, std::tuple{"d.eputy", "2026-11-01", "due-error"}}) {
    const web::Response answer = post(lead_, path_ + "/take", {{"owner", owner}, {"due", due}});
    EXPECT_EQ(answer.status, 400);
    EXPECT_THAT(answer.body, HasSubstr("id=\"" + std::string(field) + "\"")) << owner << due;
  }
  EXPECT_THAT(get(lead_, "/tasks").body, HasSubstr("Mine (0)"));
}

TEST_F(WorkPages, DaysAwayAndTheRotaThatDoNotFitAreSaidAtTheirField) {
  get(lead_, "/tasks/away");
  for (const auto& [first, last, stand_in, field] :
       {std::tuple{"x", "2026-11-25", "", "first-error"}, std::tuple{"2026-11-25", "2026-11-24", "", "last-error"},
        std::tuple{"2026-11-25", "2026-11-26", "t.ech", "stand_in-error"}}) {
    const auto answer =
        post(lead_, "/tasks/absence", {{"do", "away"}, {"first", first}, {"last", last}, {"stand_in", stand_in}});
    EXPECT_EQ(answer.status, 400);
    EXPECT_THAT(answer.body, HasSubstr("id=\"" + std::string(field) + "\"")) << field;
  }
  const auto rota = post(lead_, "/tasks/rota", {{"rota_1", "t.ech"}});
  EXPECT_EQ(rota.status, 400);
  EXPECT_THAT(rota.body, HasSubstr("id=\"rota_1-error\""));
}

TEST_F(WorkPages, APageFromBeforeChangesNoAbsence) {
  static const std::regex kVersion("action=\"/tasks/absence\"[\\s\\S]*?name=\"version\" value=\"([0-9]+)\"");
  const auto version = [&](Browser& browser) {
    std::smatch seen;
    const std::string page = get(browser, "/tasks/away").body;
    return std::regex_search(page, seen, kVersion) ? seen[1].str() : std::string("none");
  };
  const std::string today = to_rfc3339(now_).substr(0, 10),
                    next_week = to_rfc3339(now_ + std::chrono::days(7)).substr(0, 10);
  Browser at_home = sign_in("d.lead");
  const std::string before = version(at_home);
  const auto away = [&](Browser& browser, const std::string& last, const std::string& seen) {
    return post(browser, "/tasks/absence",
                {{"do", "away"}, {"first", today}, {"last", last}, {"stand_in", "d.eputy"}, {"version", seen}});
  };
  ASSERT_EQ(away(lead_, next_week, version(lead_)).status, 303);
  const auto stale = away(at_home, today, before);
  EXPECT_EQ(stale.status, 400) << "the page at home knows nothing of the week";
  EXPECT_THAT(stale.body, HasSubstr("written here after you opened this page"));
  EXPECT_THAT(stale.body, HasSubstr("value=\"" + today + "\"")) << "what was typed is kept";
  EXPECT_EQ(post(at_home, "/tasks/absence", {{"do", "back"}, {"version", before}}).status, 400);
  EXPECT_THAT(get(lead_, "/tasks/away").body, HasSubstr("You are away"));
  get(at_home, "/tasks/away");
  EXPECT_EQ(post(at_home, "/tasks/absence", {{"do", "back"}, {"version", version(at_home)}}).status, 303);
}

TEST_F(WorkPages, APageFromBeforeSetsNoRotaBackAndNobodyComesBackTwice) {
  static const std::regex kVersion("name=\"version\" value=\"([0-9]+)\"");
  const std::string page = get(lead_, "/tasks/away").body;
  std::smatch seen;
  ASSERT_TRUE(std::regex_search(page, seen, kVersion));
  Browser deputy = sign_in("d.eputy");
  get(deputy, "/tasks/away");
  EXPECT_THAT(told(deputy, post(deputy, "/tasks/rota", {{"rota_1", "d.eputy"}})), HasSubstr("Monday d.eputy"));
  EXPECT_EQ(post(lead_, "/tasks/rota", {{"rota_2", "d.lead"}, {"version", seen[1].str()}}).status, 400);
  get(lead_, "/tasks/away");
  const std::string today = to_rfc3339(now_).substr(0, 10);
  ASSERT_EQ(post(lead_, "/tasks/absence", {{"do", "away"}, {"first", today}, {"last", today}}).status, 303);
  now_ += std::chrono::hours(24 * 3);
  lead_ = sign_in("d.lead");
  get(lead_, "/tasks/away");
  EXPECT_EQ(post(lead_, "/tasks/absence", {{"do", "back"}}).status, 400) << "the days are over";
}

TEST_F(WorkPages, OtherRolesSeeNeitherWorkNorOwner) {
  take("d.eputy", "2026-11-25");
  for (const char* user : {"t.ech", "g.overnor"}) {
    Browser other = sign_in(user);
    for (const char* page : {"/tasks", "/tasks/away"}) EXPECT_EQ(get(other, page).status, 403) << user << page;
    EXPECT_EQ(get(other, "/account/notifications").status, 404) << user;
    EXPECT_EQ(post(other, path_ + "/take", {{"owner", "d.lead"}, {"due", "2026-11-25"}}).status, 403) << user;
  }
  Browser technician = sign_in("t.ech");
  EXPECT_THAT(get(technician, path_).body, Not(HasSubstr("d.eputy")));
}

TEST_F(WorkPages, AnIncidentsThingsToDoHaveOwnerDayAndEnd) {
  get(lead_, "/incidents/new");
  const std::string incident = path_of(post(lead_, "/incidents", {{"title", "Gambling"}, {"person", "amelia.hughes"}}));
  get(lead_, incident);
  EXPECT_THAT(told(lead_, post(lead_, incident + "/to-do",
                               {{"what", "Telephone her <mother>"}, {"owner", "d.eputy"}, {"due", "2026-11-25"}})),
              HasSubstr("one thing to do for d.eputy, by Wed 25 November 2026"));
  const std::string page = get(lead_, incident).body;
  EXPECT_THAT(page, HasSubstr("Telephone her &lt;mother&gt;"));
  std::smatch found;
  ASSERT_TRUE(std::regex_search(page, found, std::regex("<option value=\"([0-9a-f-]{36})\">Telephone")));
  const std::string id = found[1];
  Browser deputy = sign_in("d.eputy");
  EXPECT_THAT(get(deputy, "/tasks").body, HasSubstr("Telephone her &lt;mother&gt; (incident "));
  get(deputy, incident);
  EXPECT_THAT(
      told(deputy, post(deputy, incident + "/to-do-give", {{"to_do", id}, {"owner", "d.lead"}, {"due", "2026-11-26"}})),
      HasSubstr("is with d.lead now, by Thu 26 November 2026"));
  get(deputy, incident);
  EXPECT_THAT(told(deputy, post(deputy, incident + "/to-do-done", {{"to_do", id}, {"how", "She comes on Friday"}})),
              HasSubstr("She comes on Friday"));
  get(deputy, incident);
  EXPECT_EQ(post(deputy, incident + "/to-do-done", {{"to_do", id}}).status, 400);
  EXPECT_EQ(post(deputy, incident + "/to-do", {{"what", ""}, {"owner", "d.lead"}, {"due", "2026-11-26"}}).status, 400);
  EXPECT_THAT(get(lead_, "/tasks").body, HasSubstr("Mine (0)"));
}

TEST_F(WorkPages, WhoIsAwayIsStoodInForAndTheRotaIsNext) {
  take("d.lead", "2026-11-25");
  get(lead_, "/tasks/away");
  EXPECT_EQ(post(lead_, "/tasks/absence", {{"first", "2026-11-24"}, {"last", "2026-11-20"}}).status, 400);
  EXPECT_THAT(told(lead_, post(lead_, "/tasks/absence",
                               {{"first", "2026-11-23"}, {"last", "2026-11-27"}, {"stand_in", "d.eputy"}})),
              HasSubstr("In those days d.eputy has what you own"));
  Browser deputy = sign_in("d.eputy");
  EXPECT_THAT(get(deputy, "/tasks").body, HasSubstr("away: you stand in"));
  get(deputy, "/tasks/away");
  EXPECT_THAT(told(deputy, post(deputy, "/tasks/rota", {{"rota_1", "d.eputy"}, {"rota_5", "d.lead"}})),
              HasSubstr("The rota is set: Monday d.eputy, Friday d.lead"));
  get(deputy, "/tasks/away");
  EXPECT_EQ(post(deputy, "/tasks/rota", {{"rota_1", "t.ech"}}).status, 400);
  get(lead_, "/tasks/away");
  EXPECT_THAT(told(lead_, post(lead_, "/tasks/absence", {{"do", "back"}})), HasSubstr("You are back"));
  EXPECT_THAT(get(deputy, "/tasks").body, HasSubstr("Mine (0)"));
  get(lead_, "/tasks/away");
}

TEST_F(WorkPages, EachChoosesHowToBeTold) {
  EXPECT_THAT(get(lead_, "/account").body, HasSubstr("/account/notifications"));
  get(lead_, "/account/notifications");
  EXPECT_THAT(told(lead_, post(lead_, "/account/notifications",
                               {{"mail", "digest"}, {"quiet_from", "18:30"}, {"quiet_until", "07:00"}})),
              HasSubstr("with the daily digest, quiet from 18:30 to 07:00"));
  EXPECT_THAT(get(lead_, "/account/notifications").body, HasSubstr("value=\"18:30\""));
  EXPECT_EQ(post(lead_, "/account/notifications", {{"mail", "now"}, {"quiet_from", "18:30"}}).status, 400);
  EXPECT_EQ(post(lead_, "/account/notifications", {{"quiet_from", "18:30"}, {"quiet_until", "18:30"}}).status, 400);
}

}  // namespace
}  // namespace schoolgate::console
