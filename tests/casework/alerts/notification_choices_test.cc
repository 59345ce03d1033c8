// People choose how they are told, and nobody's choice keeps a school from hearing.
//
//   goes wrong when                                        | then
//   the only recipient chose the digest, and it is urgent  | told at once
//   it is quiet for everybody, and it is urgent            | told at once
//   it is not urgent and quiet                             | told when the quiet ends, also over midnight
//   the recipient is away                                  | the stand-in is told
//   all are away and nobody stands in                      | the absence does not hold
//   the stand-in is whom it is about                       | somebody else is told
//   a webhook or the technician is told beside the absent  | the absent are told all the same
//   the stand-in chose the digest                          | it is in the digest
//   the stand-in leads no longer, or cannot sign in        | as if nobody stood in
//   alerts.yaml sends no digest                            | a choice of the digest does not hold
//   a recipient has no account at the desk                 | nothing changes
#include "casework/alerts/notification_choices.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "tests/casework/desk_support.h"

namespace schoolgate::casework {
namespace {

using namespace std::chrono_literals;

const TimePoint kMondayEvening = at("2026-11-23T21:00:00Z");

class Choices : public ::testing::Test {
 protected:
  Choices() {
    settings_.recipients = {{.id = "dsl", .email = "dsl@school.example", .user = "d.lead"},
                            {.id = "deputy", .email = "deputy@school.example", .user = "d.eputy"},
                            {.id = "it", .email = "it@school.example", .user = {}}};
    settings_.routes = {{.urgency = 3, .daily = false, .daily_minute = 0, .to = {"dsl"}},
                        {.urgency = 2, .daily = true, .daily_minute = 930, .to = {"it"}}};
  }
  std::vector<Told> told(int urgency, TimePoint now = kMondayEvening, std::vector<std::string> wanted = {"dsl"}) {
    breaches::Episode episode;
    episode.id = "e";
    episode.person = person_;
    episode.urgency = urgency;
    return told_by_choice(settings_, wanted, episode, choices_, duty_, {}, now);
  }
  AlertSettings settings_;
  NotificationChoices choices_;
  Duty duty_;
  std::string person_ = "amelia.hughes";
};

TEST_F(Choices, NobodyChoseAnything) {
  ASSERT_EQ(told(3).size(), 1u);
  EXPECT_EQ(told(3)[0].destination, "dsl");
  EXPECT_EQ(told(3)[0].due, kMondayEvening);
  EXPECT_EQ(told(3, kMondayEvening, {"dsl", "it", "case-system"}).size(), 3u);
}

TEST_F(Choices, TheDigestTakesWhatIsNotUrgent) {
  choices_["d.lead"].in_digest = true;
  EXPECT_TRUE(told(3).empty());
  ASSERT_EQ(told(4).size(), 1u);
  EXPECT_EQ(told(4)[0].due, kMondayEvening);
  breaches::Episode episode;
  episode.urgency = 3;
  EXPECT_EQ(digest_by_choice(settings_, episode, choices_, duty_, {}, kMondayEvening), std::set<std::string>{"dsl"});
  episode.urgency = 4;
  EXPECT_TRUE(digest_by_choice(settings_, episode, choices_, duty_, {}, kMondayEvening).empty());
  episode.urgency = 2;
  EXPECT_TRUE(digest_by_choice(settings_, episode, choices_, duty_, {}, kMondayEvening).empty())
      << "no route tells it of that";
  settings_.routes.pop_back();
  EXPECT_EQ(told(3).size(), 1u) << "no digest is sent";
}

TEST_F(Choices, QuietHoursPutOffWhatCanWait) {
  choices_["d.lead"].quiet = {20 * 60, 7 * 60};
  ASSERT_EQ(told(3).size(), 1u);
  EXPECT_EQ(told(3)[0].due, at("2026-11-24T07:00:00Z"));
  EXPECT_EQ(told(3, at("2026-11-23T06:59:00Z"))[0].due, at("2026-11-23T07:00:00Z"));
  EXPECT_EQ(told(3, at("2026-11-23T07:00:00Z"))[0].due, at("2026-11-23T07:00:00Z"));
  EXPECT_EQ(told(5)[0].due, kMondayEvening);
  EXPECT_EQ(told(4)[0].due, kMondayEvening) << "nobody else is told";
  const auto both = told(4, kMondayEvening, {"dsl", "deputy"});
  ASSERT_EQ(both.size(), 2u);
  for (const Told& one : both)
    EXPECT_EQ(one.due, one.destination == "deputy" ? kMondayEvening : at("2026-11-24T07:00:00Z"));
}

TEST_F(Choices, WhoIsAwayIsStoodInFor) {
  const auto today = std::chrono::floor<std::chrono::days>(kMondayEvening);
  duty_.absences["d.lead"] = {today, today, "d.eputy"};
  ASSERT_EQ(told(3).size(), 1u);
  EXPECT_EQ(told(3)[0].destination, "deputy");
  person_ = "d.eputy";
  ASSERT_EQ(told(5).size(), 1u);
  EXPECT_EQ(told(5)[0].destination, "dsl") << "not about themselves";
  person_ = "amelia.hughes";
  duty_.absences["d.eputy"] = {today, today, ""};
  ASSERT_EQ(told(3).size(), 1u);
  EXPECT_EQ(told(3)[0].destination, "dsl") << "nobody is there";
}

// Nobody stands in for the lead: a machine that takes alerts is not a colleague who was told.
TEST_F(Choices, AWebhookOrTheTechnicianIsNoColleagueWhoWasTold) {
  const auto today = std::chrono::floor<std::chrono::days>(kMondayEvening);
  const auto is_told_now = [](const std::vector<Told>& told) {
    return std::ranges::any_of(told,
                               [](const Told& one) { return one.destination == "dsl" && one.due == kMondayEvening; });
  };
  for (const char* other : {"case-system", "it", "office"}) {
    settings_.recipients.resize(3);
    settings_.recipients.push_back({.id = "office", .email = "office@school.example", .user = {}});
    duty_.absences.clear();
    choices_["d.lead"].quiet = {20 * 60, 7 * 60};
    EXPECT_TRUE(is_told_now(told(4, kMondayEvening, {"dsl", other}))) << other << ": quiet for all colleagues";
    choices_.clear();
    duty_.absences["d.lead"] = {today, today, ""};
    for (const int urgency : {3, 4, 5})
      EXPECT_TRUE(is_told_now(told(urgency, kMondayEvening, {"dsl", other}))) << other;
  }
  EXPECT_EQ(told(5, kMondayEvening, {"dsl", "deputy"}).size(), 1u) << "a colleague is told at once";
  choices_["d.eputy"].quiet = {20 * 60, 7 * 60};
  EXPECT_TRUE(is_told_now(told(4, kMondayEvening, {"dsl", "deputy"}))) << "the colleague is not told at once";
  choices_["d.eputy"] = {.in_digest = true, .quiet = {}};
  EXPECT_TRUE(is_told_now(told(3, kMondayEvening, {"dsl", "deputy"}))) << "nor with the digest";
  EXPECT_EQ(told(4, kMondayEvening, {"dsl", "deputy"}).size(), 1u);
  settings_.recipients[2].user = "t.ech";
  EXPECT_TRUE(is_told_now(told(4, kMondayEvening, {"dsl", "it"}))) << "also with an account";
}

TEST_F(Choices, TheDigestHasWhatAStandInReadsThere) {
  const auto today = std::chrono::floor<std::chrono::days>(kMondayEvening);
  duty_.absences["d.lead"] = {today, today, "d.eputy"};
  choices_["d.eputy"].in_digest = true;
  EXPECT_TRUE(told(3).empty());
  breaches::Episode episode;
  episode.urgency = 3;
  episode.last = kMondayEvening;
  EXPECT_EQ(digest_by_choice(settings_, episode, choices_, duty_, {}, kMondayEvening + 24h),
            std::set<std::string>{"deputy"});
}

TEST_F(Choices, WhoLeadsNoLongerStandsInForNobody) {
  const auto today = std::chrono::floor<std::chrono::days>(kMondayEvening);
  duty_.absences["d.lead"] = {today, today, "d.eputy"};
  duty_.leaders = {"d.lead"};
  ASSERT_EQ(told(5).size(), 1u);
  EXPECT_EQ(told(5)[0].destination, "dsl");
  EXPECT_EQ(told(5, kMondayEvening, {"dsl", "deputy"}).size(), 2u)
      << "whoever leads no longer is no colleague who was told";
  duty_.leaders = {"d.lead", "d.eputy"};
  ASSERT_EQ(told(5).size(), 1u);
  EXPECT_EQ(told(5)[0].destination, "deputy");
}

using NotificationsAtTheDesk = DeskFixture;

TEST_F(NotificationsAtTheDesk, TheLatestChoiceHoldsAndAllStay) {
  NotificationBook book(*desk_);
  EXPECT_TRUE(book.read()->empty());
  ASSERT_TRUE(book.choose(kDsl, {.in_digest = true, .quiet = std::pair(1200, 420)}, kSchoolDay));
  EXPECT_EQ(book.read()->at("d.lead"), (NotificationChoice{.in_digest = true, .quiet = std::pair(1200, 420)}));
  ASSERT_TRUE(book.choose(kDsl, {}, kSchoolDay + 1h));
  EXPECT_EQ(book.read()->at("d.lead"), NotificationChoice{});
  EXPECT_EQ(entries_of(desk_->database(), "account d.lead")->size(), 2u);
  EXPECT_FALSE(book.choose(kDsl, {.in_digest = false, .quiet = std::pair(60, 60)}, kSchoolDay));
  EXPECT_FALSE(book.choose(kDsl, {.in_digest = false, .quiet = std::pair(60, 1440)}, kSchoolDay));
}

}  // namespace
}  // namespace schoolgate::casework
