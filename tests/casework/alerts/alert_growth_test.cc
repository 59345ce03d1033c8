// Escalation, conflict of interest, bursts, the weekly canary and the case system, with a real SMTP server and webhook.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "casework/alerts/alerts.h"
#include "casework/alerts/canary.h"
#include "casework/alerts/conflict_of_interest.h"
#include "casework/alerts/delivery.h"
#include "casework/alerts/notification_choices.h"
#include "tests/casework/desk_support.h"
#include "tests/casework/receiver.h"

namespace schoolgate::casework {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class GrownAlerts : public DeskFixture {
 protected:
  void SetUp() override {
    DeskFixture::SetUp();
    settings_.recipients = {{"dsl", "dsl@school.example", "d.lead"},
                            {"deputy", "deputy@school.example", "d.eputy"},
                            {"head", "head@school.example", "h.ead"},
                            {"it", "it@school.example", ""}};
    settings_.mail = MailSettings{};
    settings_.mail->server = "smtp://127.0.0.1:" + std::to_string(server_.port());
    settings_.mail->from = "schoolgate@school.example";
    settings_.routes = {{.urgency = 4, .daily = false, .daily_minute = 0, .to = {"dsl"}}};
    settings_.escalation = {{.after = 10min, .to = {"deputy"}}, {.after = 20min, .to = {"head", "deputy"}}};
    settings_.console = "https://gate.school.example:9443/";
  }
  void TearDown() override { alerts_.reset(); }
  void open() {
    AlertsOptions options;
    options.folder = folder_.path();
    options.school = "Ashford Oaks Primary School";
    options.gateway = "gw-1";
    options.now = [this] { return now_.load(); };
    options.hold = 0ms;
    auto alerts = Alerts::open(options, settings_);
    ASSERT_TRUE(alerts.has_value()) << alerts.error().text();
    alerts_ = *std::move(alerts);
  }
  void settle_at(TimePoint time) {
    now_ = time;
    alerts_->settle();
  }
  std::string mail() { return server_.next(); }

  Receiver server_{"smtp_receiver.py"};
  AlertSettings settings_;
  std::atomic<TimePoint> now_ = kSchoolDay;
  std::unique_ptr<Alerts> alerts_;
};

const TimePoint kEvening = at("2026-11-23T21:00:00Z");

TEST_F(GrownAlerts, QuietHoursHoldForTheWholeNight) {
  settings_.routes[0].urgency = 3;
  ASSERT_TRUE(
      NotificationBook(*desk_).choose(kDsl, {.in_digest = false, .quiet = std::pair(20 * 60, 7 * 60)}, kEvening));
  open();
  keep({breach_of("amelia.hughes", kEvening, "drugs", 3)});
  for (const auto later : {0min, 1min, 180min, 599min}) settle_at(kEvening + later);
  EXPECT_TRUE(server_.is_silent());
  settle_at(kEvening + 10h);
  EXPECT_THAT(mail(), HasSubstr("drugs"));
}

TEST_F(GrownAlerts, WhatBecomesUrgentInQuietHoursIsToldAtOnce) {
  settings_.routes[0].urgency = 3;
  ASSERT_TRUE(
      NotificationBook(*desk_).choose(kDsl, {.in_digest = false, .quiet = std::pair(20 * 60, 7 * 60)}, kEvening));
  open();
  keep({breach_of("amelia.hughes", kEvening, "self-harm", 3)});
  settle_at(kEvening);
  EXPECT_TRUE(server_.is_silent());
  keep({breach_of("amelia.hughes", kEvening + 1min, "self-harm", 5)});
  settle_at(kEvening + 1min);
  EXPECT_THAT(mail(), HasSubstr("(5)"));
  EXPECT_EQ(alerts_->counters().waiting, 0u);
}

TEST_F(GrownAlerts, AQuietNightThatAClockAheadHasPlannedIsOverWhenItIsRight) {
  settings_.routes[0].urgency = 3;
  ASSERT_TRUE(
      NotificationBook(*desk_).choose(kDsl, {.in_digest = false, .quiet = std::pair(20 * 60, 7 * 60)}, kEvening));
  open();
  keep({breach_of("amelia.hughes", kEvening + 24h * 40, "drugs", 3)});
  settle_at(kEvening + 24h * 40);
  EXPECT_TRUE(server_.is_silent());
  settle_at(kEvening - 10h);
  EXPECT_THAT(mail(), HasSubstr("drugs"));
}

TEST_F(GrownAlerts, AnOutboxOfAnOlderReleaseLearnsOfQuietHours) {
  {
    auto old = store::Database::open(folder_.path() / "alerts.db", store::Database::Access::write);
    ASSERT_TRUE(old.has_value());
    ASSERT_TRUE(old->run("CREATE TABLE alerts(id TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE, destination TEXT NOT NULL,"
                         " urgency INTEGER NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL, json TEXT NOT NULL,"
                         " created INTEGER NOT NULL, due INTEGER NOT NULL, attempts INTEGER NOT NULL,"
                         " state INTEGER NOT NULL) WITHOUT ROWID;"
                         "INSERT INTO alerts VALUES('i', 'k', 'dsl', 4, 'an old one', 'text', '{}', 0, 0, 0, 0)")
                    .has_value());
  }
  open();
  settle_at(kSchoolDay);
  EXPECT_THAT(mail(), HasSubstr("an old one"));
}

TEST_F(GrownAlerts, TheMailLeadsToTheRecordAndNamesNobody) {
  open();
  keep({breach_of("amelia.hughes", kSchoolDay, "suicide", 5)});
  settle_at(kSchoolDay);
  EXPECT_THAT(mail(), AllOf(HasSubstr("https://gate.school.example:9443/episodes/" + only_episode().row.reference),
                            Not(HasSubstr("amelia"))));
}

TEST_F(GrownAlerts, WhatNobodyTakesUpClimbsToDeputiesAndThenTheHead) {
  open();
  keep({breach_of("amelia.hughes", kSchoolDay, "suicide", 5)});
  settle_at(kSchoolDay);
  EXPECT_THAT(mail(), HasSubstr("dsl@school.example"));
  settle_at(kSchoolDay + 9min);
  EXPECT_TRUE(server_.is_silent());
  settle_at(kSchoolDay + 10min);
  EXPECT_THAT(mail(), AllOf(HasSubstr("deputy@school.example"), HasSubstr("not acknowledged, immediate (5)")));
  settle_at(kSchoolDay + 11min);
  EXPECT_TRUE(server_.is_silent());
  settle_at(kSchoolDay + 20min);
  const std::string both = mail() + mail();
  EXPECT_THAT(both, AllOf(HasSubstr("head@school.example"), HasSubstr("deputy@school.example")));
  settle_at(kSchoolDay + 48h);
  EXPECT_TRUE(server_.is_silent());
}

TEST_F(GrownAlerts, AnAcknowledgementStopsTheClimb) {
  open();
  keep({breach_of("amelia.hughes", kSchoolDay, "suicide", 5)});
  settle_at(kSchoolDay);
  mail();
  ASSERT_TRUE(desk_->acknowledge(kDsl, only_episode().row.id, "amelia.hughes", kSchoolDay + 5min).has_value());
  settle_at(kSchoolDay + 3h);
  EXPECT_TRUE(server_.is_silent());
}

TEST_F(GrownAlerts, LessUrgentOnesDoNotClimb) {
  open();
  keep({breach_of("amelia.hughes", kSchoolDay, "self-harm", 4)});
  settle_at(kSchoolDay);
  mail();
  settle_at(kSchoolDay + 3h);
  EXPECT_TRUE(server_.is_silent());
}

TEST_F(GrownAlerts, TheClockStandsStillOutsideSchoolHours) {
  settings_.school_hours = SchoolHours{};
  settings_.escalation = {{.after = 10min, .to = {"deputy"}}};
  const TimePoint friday = at("2026-11-27T15:55:00Z");
  open();
  keep({breach_of("amelia.hughes", friday, "suicide", 5)});
  settle_at(friday);
  mail();
  settle_at(friday + 3h);
  EXPECT_TRUE(server_.is_silent());
  settle_at(at("2026-11-30T08:04:00Z"));
  EXPECT_TRUE(server_.is_silent());
  settle_at(at("2026-11-30T08:05:00Z"));
  EXPECT_THAT(mail(), HasSubstr("deputy@school.example"));
}

TEST_F(GrownAlerts, TheClimbGoesOnAfterARestart) {
  open();
  keep({breach_of("amelia.hughes", kSchoolDay, "suicide", 5)});
  settle_at(kSchoolDay);
  mail();
  alerts_.reset();
  now_ = kSchoolDay + 12min;
  open();
  alerts_->settle();
  EXPECT_THAT(mail(), HasSubstr("deputy@school.example"));
}

TEST_F(GrownAlerts, WhatIsAboutARecipientGoesToTheHead) {
  open();
  keep({breach_of("D.Lead", kSchoolDay, "suicide", 5)});
  settle_at(kSchoolDay);
  EXPECT_THAT(mail(), AllOf(HasSubstr("head@school.example"), Not(HasSubstr("dsl@"))));
  EXPECT_TRUE(server_.is_silent());
}

TEST_F(GrownAlerts, DigestsLeaveOutWhatIsAboutTheirReader) {
  settings_.routes = {{.urgency = 1, .daily = true, .daily_minute = 9 * 60, .to = {"dsl"}}};
  now_ = kSchoolDay - 3h;  // its first round may come before or after the record: never after the digest's time
  open();
  keep({breach_of("ben.jones", kSchoolDay - 60h, "drugs")});  // told again or not, as that round came
  settle_at(kSchoolDay - 3h);
  keep({breach_of("d.lead", kSchoolDay - 2h, "gambling"), breach_of("ben.jones", kSchoolDay - 2h, "drugs")});
  settle_at(kSchoolDay);
  std::string to_lead = mail(), to_head = mail();
  if (to_head.find("dsl@") != std::string::npos) std::swap(to_lead, to_head);
  EXPECT_THAT(to_lead, AllOf(HasSubstr("dsl@school.example"), HasSubstr("drugs"), Not(HasSubstr("gambling"))));
  EXPECT_THAT(to_head, AllOf(HasSubstr("head@school.example"), HasSubstr("gambling"), Not(HasSubstr("drugs"))));
}

TEST_F(GrownAlerts, ABurstOfHostsIsToldToTheAdministratorOnce) {
  open();
  std::vector<breaches::Breach> breaches;
  for (int i = 0; i < 25; ++i) {
    breaches.push_back(breach_of("amelia.hughes", kSchoolDay + i * 1s, "security", 2));
    breaches.back().site = "c" + std::to_string(i) + ".example";
  }
  keep(breaches);
  settle_at(kSchoolDay + 1min);
  EXPECT_THAT(mail(), AllOf(HasSubstr("it@school.example"), HasSubstr("suspected malware"), HasSubstr("/episodes/"),
                            Not(HasSubstr("amelia")), Not(HasSubstr("10.20.2.7")), Not(HasSubstr("c1.example"))));
  keep({breach_of("amelia.hughes", kSchoolDay + 2min, "security", 2)});
  settle_at(kSchoolDay + 3min);
  EXPECT_TRUE(server_.is_silent());
}

TEST_F(GrownAlerts, TheWeeklyTestIsSentConfirmedOrElseToldToTheAdministrator) {
  settings_.canary = CanarySettings{.day = 0, .minute = 9 * 60, .to = {"dsl"}};
  open();
  settle_at(kSchoolDay);  // Monday 09:30: only notes where the weeks begin
  EXPECT_TRUE(server_.is_silent());
  const TimePoint second = at("2026-11-30T09:00:00Z");
  settle_at(second - 1min);
  EXPECT_TRUE(server_.is_silent());
  settle_at(second);
  const std::string token = (*desk_->last_canary())->token;
  EXPECT_THAT(mail(), AllOf(HasSubstr("dsl@school.example"), HasSubstr("/canary/"), HasSubstr("weekly test")));
  EXPECT_TRUE(*desk_->confirm_canary(token, "d.lead", second + 1h));
  settle_at(second + 25h);
  EXPECT_TRUE(server_.is_silent());
  const TimePoint third = second + 24h * 7;
  settle_at(third);
  EXPECT_THAT(mail(), HasSubstr("weekly test"));
  settle_at(third + 23h);
  EXPECT_TRUE(server_.is_silent());
  settle_at(third + 24h);
  EXPECT_THAT(mail(), AllOf(HasSubstr("it@school.example"), HasSubstr("was not confirmed")));
  settle_at(third + 26h);
  EXPECT_TRUE(server_.is_silent()) << "told once";
  EXPECT_TRUE((*desk_->last_canary())->alarmed);
}

TEST_F(GrownAlerts, TheWeeklyTestIsSentOnceWhenTheClockStepsBackOverItsTime) {
  settings_.canary = CanarySettings{.day = 0, .minute = 9 * 60, .to = {"dsl"}};
  open();
  settle_at(kSchoolDay);
  const TimePoint second = at("2026-11-30T09:00:00Z");
  settle_at(second + 20min);
  EXPECT_THAT(mail(), HasSubstr("weekly test"));
  settle_at(second - 40min);
  EXPECT_TRUE(server_.is_silent());
  settle_at(second + 1min);
  EXPECT_TRUE(server_.is_silent());
  settle_at(second + 24h * 7);
  EXPECT_THAT(mail(), AnyOf(HasSubstr("weekly test"), HasSubstr("was not confirmed")));
}

TEST_F(GrownAlerts, WithoutAConsoleThereIsNoTestNobodyCouldConfirm) {
  settings_.canary = CanarySettings{.day = 0, .minute = 0, .to = {"dsl"}};
  settings_.console.clear();
  open();
  settle_at(kSchoolDay);
  settle_at(kSchoolDay + 24h * 8);
  EXPECT_TRUE(server_.is_silent());
}

TEST_F(GrownAlerts, ARecordForTheCaseSystemIsSentUntilItIsTaken) {
  Receiver tray("webhook_receiver.py", {"--answers", "503,200"});
  const auto secret = folder_.path() / "case.secret";
  ASSERT_TRUE(replace_file(secret, "hush\n").has_value());
  settings_.webhooks = {{"cpoms", "http://127.0.0.1:" + std::to_string(tray.port()) + "/tray", secret.string()}};
  open();
  EXPECT_TRUE(alerts_->post_case("{}").empty()) << "no case system is named";
  settings_.case_system = "cpoms";
  alerts_->apply(settings_);
  const std::string id = alerts_->post_case(R"({"schema":"schoolgate.record.1"})");
  EXPECT_FALSE(id.empty());
  alerts_->settle();
  EXPECT_THAT(tray.next(), HasSubstr(R"("status": 503)"));
  settle_at(kSchoolDay + 1h);
  EXPECT_THAT(tray.next(), AllOf(HasSubstr(id), HasSubstr("schoolgate.record.1"), HasSubstr("v1=")));
  EXPECT_EQ(alerts_->counters().waiting, 0u);
}

TEST_F(GrownAlerts, NoHeaderCanBeAddedByAGroupOrTheme) {
  open();
  breaches::Breach breach = breach_of("amelia.hughes", kSchoolDay, "x\r\nBcc: all@school.example", 5);
  breach.group = "ks2\r\nX-Evil: 1\xff\u202E";
  keep({breach});
  settle_at(kSchoolDay);
  EXPECT_THAT(mail(), AllOf(Not(HasSubstr("\\nBcc:")), Not(HasSubstr("\\nX-Evil:"))));
}

TEST(ConflictOfInterest, TheHeadStandsInAndTheLeadForTheHead) {
  AlertSettings settings;
  settings.recipients = {{"dsl", "", "lead"}, {"head", "", "boss"}, {"it", "", "tech"}};
  breaches::Episode episode;
  const auto told = [&](std::string person) {
    episode.person = std::move(person);
    return destinations_for(settings, {"dsl", "webhook"}, episode);
  };
  EXPECT_THAT(told("amelia"), ElementsAre("dsl", "webhook"));
  EXPECT_THAT(told("LEAD"), ElementsAre("head", "webhook"));
  EXPECT_THAT(told(""), ElementsAre("dsl", "webhook"));
  episode.person = "boss";
  EXPECT_THAT(destinations_for(settings, {"head"}, episode), ElementsAre("dsl"));
  settings.recipients = {{"dsl", "", "lead"}, {"it", "", "tech"}};
  EXPECT_THAT(told("lead"), ElementsAre("webhook")) << "not to the technician";
}

}  // namespace
}  // namespace schoolgate::casework
