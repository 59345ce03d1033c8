// Alerts from the breach log to a real SMTP server and a real webhook receiver.
#include "casework/alerts/alerts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/digest.h"
#include "casework/alerts/delivery.h"
#include "tests/breaches/support.h"
#include "tests/casework/receiver.h"

namespace schoolgate::casework {

using breaches::a_breach;
using breaches::append_and_wait;
using breaches::at;
using breaches::field;
using breaches::open_log;
using breaches::settings_in;
using breaches::TemporaryFolder;
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

const TimePoint kMorning = at("2026-11-23T09:30:00Z");

class AlertsFixture : public ::testing::Test {
 protected:
  AlertSettings mail_to_lead(int port) {
    AlertSettings settings;
    settings.recipients = {{"dsl", "dsl@school.example"}, {"head", "head@school.example"}, {"it", "it@school.example"}};
    settings.mail = MailSettings{};
    settings.mail->server = "smtp://127.0.0.1:" + std::to_string(port);
    settings.mail->from = "schoolgate@school.example";
    settings.routes = {{.urgency = 4, .daily = false, .daily_minute = 0, .to = {"dsl"}}};
    return settings;
  }
  AlertSettings webhook(int port) {
    AlertSettings settings;
    const auto secret = folder_.path() / "webhook.secret";
    EXPECT_TRUE(replace_file(secret, "hush\n").has_value());
    settings.webhooks = {{"case-system", "http://127.0.0.1:" + std::to_string(port) + "/alerts", secret.string()}};
    settings.routes = {{.urgency = 4, .daily = false, .daily_minute = 0, .to = {"case-system"}}};
    return settings;
  }
  void open(const AlertSettings& settings) {
    alerts_.reset();
    AlertsOptions options;
    options.folder = folder_.path();
    options.school = "Ashford Oaks Primary School";
    options.gateway = "gw-1";
    options.now = [this] { return now_.load(); };
    options.believes_clock = [this] { return believed_.load(); };
    options.hold = 0ms;
    auto alerts = Alerts::open(options, settings);
    ASSERT_TRUE(alerts.has_value()) << alerts.error().text();
    alerts_ = *std::move(alerts);
  }
  // Written by a log of its own that is closed at once, so the episode's sums are on disk.
  void attempt(int urgency, TimePoint time, const std::string& theme = "self-harm") {
    attempts(urgency, {time}, theme);
  }
  // All of them, before the thread that tells can see the first.
  void attempts(int urgency, std::initializer_list<TimePoint> times, const std::string& theme = "self-harm") {
    const auto log = open_log(settings_in(folder_.path()));
    for (const TimePoint time : times) {
      breaches::Breach breach = a_breach(time);
      breach.person = "Jo Pupil";
      breach.site = "secret-site.example";
      breach.url = "http://secret-site.example/hidden";
      breach.reason.theme = theme;
      breach.reason.urgency = urgency;
      ASSERT_TRUE(append_and_wait(*log, breach).durable);
    }
  }
  void settle_at(TimePoint time) {
    now_ = time;
    alerts_->settle();
  }

  TemporaryFolder folder_;
  std::atomic<TimePoint> now_ = kMorning + 1min;
  std::atomic<bool> believed_ = true;
  std::unique_ptr<Alerts> alerts_;
};

using MailAlert = AlertsFixture;
using WebhookAlert = AlertsFixture;
using SystemAlert = AlertsFixture;
using Digest = AlertsFixture;

TEST_F(MailAlert, AnUrgentEpisodeReachesTheLeadOnce) {
  Receiver server("smtp_receiver.py");
  open(mail_to_lead(server.port()));
  attempts(4, {kMorning, kMorning + 10s});
  alerts_->settle();
  const std::string mail = server.next();
  EXPECT_THAT(mail,
              AllOf(HasSubstr(R"("from": "schoolgate@school.example")"), HasSubstr(R"("to": ["dsl@school.example"])")));
  EXPECT_THAT(mail, AllOf(HasSubstr("Subject: Schoolgate: urgent (4), self-harm, group ks2, ref "),
                          HasSubstr("Date: Mon, 23 Nov 2026 09:31:00 +0000"), HasSubstr("Message-ID: <"),
                          HasSubstr("Attempts:   2 so far, on 1 site"), HasSubstr("23 November 2026, 09:30 UTC"),
                          HasSubstr("Childline 0800 1111")));
  attempt(4, kMorning + 20s);
  alerts_->settle();
  EXPECT_TRUE(server.is_silent());
  EXPECT_EQ(alerts_->counters().sent, 1u);
  EXPECT_EQ(alerts_->counters().waiting, 0u);
}

TEST_F(MailAlert, NothingThatNamesPupilDeviceOrSiteIsInIt) {
  Receiver server("smtp_receiver.py");
  open(mail_to_lead(server.port()));
  attempt(5, kMorning);
  alerts_->settle();
  const std::string mail = server.next();
  for (const char* secret : {"Jo", "Pupil", "10.20.2.7", "secret-site", "hidden", "lucky-spins"})
    EXPECT_THAT(mail, Not(HasSubstr(secret)));
}

TEST_F(MailAlert, LessUrgentEpisodesAreNotSent) {
  Receiver server("smtp_receiver.py");
  open(mail_to_lead(server.port()));
  attempt(3, kMorning);
  alerts_->settle();
  EXPECT_TRUE(server.is_silent());
}

TEST_F(MailAlert, AnEpisodeThatBecomesMoreUrgentIsToldOnceMore) {
  Receiver server("smtp_receiver.py");
  open(mail_to_lead(server.port()));
  attempt(4, kMorning);
  alerts_->settle();
  server.next();
  attempt(5, kMorning + 1min);
  alerts_->settle();
  EXPECT_THAT(server.next(), HasSubstr("Subject: Schoolgate: now immediate (5)"));
  attempt(5, kMorning + 2min);
  alerts_->settle();
  EXPECT_TRUE(server.is_silent());
}

TEST_F(MailAlert, AnOutboxThatIsNewTellsOfTheLastDayOnly) {
  Receiver server("smtp_receiver.py");
  attempt(4, kMorning - 25h, "drugs");
  attempt(4, kMorning - 2h);
  open(mail_to_lead(server.port()));
  settle_at(kMorning + 1min);  // never back: what began by itself was begun at the minute that open() told
  EXPECT_THAT(server.next(), HasSubstr("Subject: Schoolgate: urgent (4), self-harm"));
  EXPECT_TRUE(server.is_silent());
  attempt(4, kMorning, "violence");
  settle_at(kMorning + 2min);
  EXPECT_THAT(server.next(), HasSubstr("Subject: Schoolgate: urgent (4), violence"));
  EXPECT_TRUE(server.is_silent());
}

// How a generated term is made known to nobody.
TEST_F(MailAlert, WhatWasFollowedWithNobodyToTellIsNotToldLater) {
  Receiver server("smtp_receiver.py");
  attempt(4, kMorning - 2h);
  open({});
  settle_at(kMorning);
  open(mail_to_lead(server.port()));
  settle_at(kMorning);
  EXPECT_TRUE(server.is_silent());
  EXPECT_EQ(alerts_->counters().waiting, 0u);
}

TEST_F(MailAlert, EveryRecipientGetsOneHoweverManyRoutesNameThem) {
  Receiver server("smtp_receiver.py");
  AlertSettings settings = mail_to_lead(server.port());
  settings.routes.push_back({.urgency = 2, .daily = false, .daily_minute = 0, .to = {"dsl", "head"}});
  open(settings);
  attempt(4, kMorning);
  alerts_->settle();
  const std::string both = server.next() + server.next();
  EXPECT_THAT(both, AllOf(HasSubstr("[\"dsl@school.example\"]"), HasSubstr("[\"head@school.example\"]")));
  EXPECT_TRUE(server.is_silent());
}

TEST_F(MailAlert, WhatCouldNotBeSentIsSentWhenTheServerIsBackAcrossARestart) {
  int port = 0;
  {
    Receiver server("smtp_receiver.py");
    port = server.port();
  }
  const AlertSettings settings = mail_to_lead(port);
  open(settings);
  attempt(4, kMorning);
  alerts_->settle();
  EXPECT_EQ(alerts_->counters().waiting, 1u);
  EXPECT_GE(alerts_->counters().failed, 1u);
  open(settings);  // the gateway restarts
  Receiver server("smtp_receiver.py", {"--port", std::to_string(port)});
  alerts_->settle();
  EXPECT_TRUE(server.is_silent()) << "the pause is kept across the restart";
  settle_at(now_.load() + 30s);
  EXPECT_THAT(server.next(), HasSubstr("self-harm"));
  EXPECT_EQ(alerts_->counters().waiting, 0u);
}

TEST_F(MailAlert, EveryTryHasTheSameMessageId) {
  Receiver server("smtp_receiver.py", {"--temporary", "2"});
  open(mail_to_lead(server.port()));
  attempt(4, kMorning);
  alerts_->settle();
  settle_at(kMorning + 5min);
  EXPECT_TRUE(server.is_silent());
  settle_at(kMorning + 10min);
  const std::string mail = server.next();
  EXPECT_EQ(alerts_->counters().failed, 2u);
  EXPECT_EQ(alerts_->counters().sent, 1u);
  const auto id = mail.substr(mail.find("Message-ID: <") + 13, 36);
  EXPECT_THAT(mail, HasSubstr("Alert   " + id)) << "the id is the alert's own";
}

TEST_F(MailAlert, OneRefusedRecipientHoldsUpNobodyElse) {
  Receiver server("smtp_receiver.py", {"--refuse", "dsl@school.example"});
  AlertSettings settings = mail_to_lead(server.port());
  settings.routes[0].to = {"dsl", "head"};
  open(settings);
  attempt(4, kMorning);
  alerts_->settle();
  EXPECT_THAT(server.next(), HasSubstr("head@school.example"));
  EXPECT_EQ(alerts_->counters().waiting, 1u);
}

TEST_F(MailAlert, AfterAWeekOfTriesItIsGivenUp) {
  AlertSettings settings;
  {
    Receiver server("smtp_receiver.py");
    settings = mail_to_lead(server.port());
  }
  open(settings);
  attempt(4, kMorning);
  alerts_->settle();
  TimePoint time = kMorning;
  for (int tries = 1; tries < 24 * 7 + 9; ++tries) settle_at(time += 75min);
  EXPECT_EQ(alerts_->counters().given_up, 0u);
  believed_ = false;
  settle_at(time += 75min);
  EXPECT_EQ(alerts_->counters().given_up, 0u) << "not by a clock that is not believed";
  believed_ = true;
  settle_at(time += 75min);
  EXPECT_EQ(alerts_->counters().given_up, 1u);
  EXPECT_EQ(alerts_->counters().waiting, 0u);
}

TEST_F(MailAlert, AGatewayThatWasOffForNineDaysSendsWhatWaited) {
  AlertSettings settings;
  {
    Receiver server("smtp_receiver.py");
    settings = mail_to_lead(server.port());
  }
  open(settings);
  attempt(4, kMorning);
  alerts_->settle();
  alerts_.reset();
  Receiver server("smtp_receiver.py");
  now_ = kMorning + 24h * 9;
  open(mail_to_lead(server.port()));
  alerts_->settle();
  EXPECT_THAT(server.next(), HasSubstr("dsl@school.example"));
  EXPECT_EQ(alerts_->counters().given_up, 0u);
}

TEST_F(MailAlert, ATryThatWasPlannedWhileTheClockWasAheadIsDueWhenItIsRight) {
  AlertSettings settings;
  {
    Receiver server("smtp_receiver.py");
    settings = mail_to_lead(server.port());
  }
  now_ = kMorning + 24h * 400;
  open(settings);
  attempt(4, kMorning + 24h * 400);
  alerts_->settle();
  EXPECT_EQ(alerts_->counters().failed, 1u);
  alerts_.reset();
  Receiver server("smtp_receiver.py");
  now_ = kMorning + 2min;
  open(mail_to_lead(server.port()));
  alerts_->settle();
  EXPECT_THAT(server.next(), HasSubstr("dsl@school.example"));
}

TEST_F(MailAlert, StartTlsIsTakenWhenOfferedAndThePasswordIsGiven) {
  Receiver server("smtp_receiver.py", {"--starttls", "--auth", "gateway:open sesame"});
  AlertSettings settings = mail_to_lead(server.port());
  settings.mail->user = "gateway";
  settings.mail->password_file = (folder_.path() / "mail.password").string();
  ASSERT_TRUE(replace_file(settings.mail->password_file, "open sesame\n").has_value());
  open(settings);
  attempt(4, kMorning);
  alerts_->settle();
  EXPECT_THAT(server.next(), AllOf(HasSubstr(R"("tls": true)"), HasSubstr(R"("authenticated": true)")));
}

TEST_F(MailAlert, WithoutTheTlsThatIsDemandedNothingIsSent) {
  Receiver server("smtp_receiver.py");
  AlertSettings settings = mail_to_lead(server.port());
  settings.mail->require_tls = true;
  open(settings);
  attempt(4, kMorning);
  alerts_->settle();
  EXPECT_TRUE(server.is_silent());
  EXPECT_EQ(alerts_->counters().waiting, 1u);
}

TEST_F(MailAlert, ACertificateNobodyVouchesForIsRefusedWhereTlsIsDemanded) {
  Receiver server("smtp_receiver.py", {"--starttls"});
  AlertSettings settings = mail_to_lead(server.port());
  settings.mail->require_tls = true;
  open(settings);
  attempt(4, kMorning);
  alerts_->settle();
  EXPECT_TRUE(server.is_silent());
}

TEST_F(WebhookAlert, ItIsSignedAndNamed) {
  Receiver receiver("webhook_receiver.py");
  open(webhook(receiver.port()));
  attempt(4, kMorning);
  alerts_->settle();
  const std::string request = receiver.next();
  EXPECT_THAT(request, AllOf(HasSubstr(R"("method": "POST")"), HasSubstr(R"("path": "/alerts")"),
                             HasSubstr(R"("timestamp": "1795426260")"), HasSubstr(R"(\"theme\":\"self-harm\")"),
                             HasSubstr(R"(\"urgency\":4,)"), HasSubstr(R"(\"attempts\":1,)")));
  for (const char* secret : {"Jo", "Pupil", "10.20.2.7", "secret-site"}) EXPECT_THAT(request, Not(HasSubstr(secret)));
  // The body as it was sent: the receiver printed it as a JSON string.
  std::string body = request.substr(request.find(R"("body": ")") + 9);
  body.resize(body.size() - 2);
  for (std::size_t at = 0; (at = body.find('\\', at)) != std::string::npos; ++at) body.erase(at, 1);
  const std::string signature = "v1=" + to_hex(hmac_sha256("hush", "1795426260." + body));
  EXPECT_THAT(request, HasSubstr(R"("signature": ")" + signature + '"'));
  const auto id = request.substr(request.find(R"("id": ")") + 7, 36);
  EXPECT_THAT(request, HasSubstr(R"(\"id\":\")" + id));
}

TEST_F(WebhookAlert, ErrorsAndRedirectsAreTriedAgainWithTheSameId) {
  Receiver receiver("webhook_receiver.py", {"--answers", "500,302,200"});
  open(webhook(receiver.port()));
  attempt(4, kMorning);
  alerts_->settle();
  settle_at(kMorning + 5min);
  settle_at(kMorning + 10min);
  const std::string first = receiver.next(), second = receiver.next(), third = receiver.next();
  EXPECT_THAT(first, HasSubstr(R"("status": 500)"));
  EXPECT_THAT(second, HasSubstr(R"("status": 302)"));
  EXPECT_THAT(third, AllOf(HasSubstr(R"("status": 200)"), HasSubstr(R"("path": "/alerts")")));
  EXPECT_EQ(field(first, "id"), field(third, "id"));
  EXPECT_TRUE(receiver.is_silent());
}

TEST_F(WebhookAlert, TriesComeFurtherAndFurtherApart) {
  Receiver receiver("webhook_receiver.py", {"--answers", "503"});
  open(webhook(receiver.port()));
  attempt(4, kMorning);
  alerts_->settle();
  int tries = 0;
  for (TimePoint time = kMorning + 1min; time < kMorning + 61min; time += 5s) settle_at(time);
  for (; !receiver.is_silent(); ++tries) receiver.next();
  EXPECT_GE(tries, 6);  // pauses of 15, 30, 60, 120 … seconds: seven or eight tries within the hour
  EXPECT_LE(tries, 10);
}

TEST_F(WebhookAlert, WithoutItsSecretNothingIsSent) {
  Receiver receiver("webhook_receiver.py");
  const AlertSettings settings = webhook(receiver.port());
  std::filesystem::remove(settings.webhooks[0].secret_file);
  open(settings);
  attempt(4, kMorning);
  alerts_->settle();
  EXPECT_TRUE(receiver.is_silent());
  EXPECT_EQ(alerts_->counters().waiting, 1u);
}

TEST_F(WebhookAlert, ADestinationThatAReloadRemovedIsGivenUp) {
  Receiver receiver("webhook_receiver.py", {"--answers", "503"});
  open(webhook(receiver.port()));
  attempt(4, kMorning);
  alerts_->settle();
  alerts_->apply({});
  settle_at(kMorning + 10min);
  EXPECT_EQ(alerts_->counters().given_up, 1u);
}

TEST_F(SystemAlert, ATroubleThatWasToldByAClockThatWasAheadIsToldAgain) {
  Receiver server("smtp_receiver.py");
  now_ = kMorning + 24h * 400;
  open(mail_to_lead(server.port()));
  alerts_->post_system_alert("list update failed", "no route");
  alerts_->settle();
  EXPECT_THAT(server.next(), HasSubstr("list update failed"));
  now_ = kMorning + 5min;
  open(mail_to_lead(server.port()));
  alerts_->post_system_alert("list update failed", "no route");
  alerts_->settle();
  EXPECT_THAT(server.next(), HasSubstr("list update failed"));
}

TEST_F(SystemAlert, TroubleGoesToItOnceAnHour) {
  Receiver server("smtp_receiver.py");
  open(mail_to_lead(server.port()));
  alerts_->post_system_alert("breach log failing", "no space left on the disk");
  alerts_->post_system_alert("breach log failing", "no space left on the disk");
  alerts_->post_system_alert("list update failed", "iwf: too old");
  alerts_->settle();
  const std::string both = server.next() + server.next();
  EXPECT_THAT(both,
              AllOf(HasSubstr("it@school.example"), HasSubstr("breach log failing"), HasSubstr("list update failed")));
  EXPECT_TRUE(server.is_silent());
  EXPECT_EQ(alerts_->counters().suppressed, 1u);
  now_ = now_.load() + 61min;
  alerts_->post_system_alert("breach log failing", "still no space");
  alerts_->settle();
  EXPECT_THAT(server.next(), HasSubstr("still no space"));
}

TEST_F(SystemAlert, ItIsSentAlthoughTheOutboxCannotBeWritten) {
  Receiver server("smtp_receiver.py");
  open(mail_to_lead(server.port()));
  alerts_->settle();
  // Another connection holds the database for writing, for longer than the outbox waits.
  sqlite3* holder = nullptr;
  ASSERT_EQ(sqlite3_open((folder_.path() / "alerts.db").c_str(), &holder), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(holder, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  alerts_->post_system_alert("breach log failing", "no space left on the disk");
  alerts_->settle();
  EXPECT_THAT(server.next(), HasSubstr("no space left on the disk"));
  sqlite3_close(holder);
}

TEST_F(Digest, ItComesOnceADayAtItsTimeWithSumsAndTheLogsHead) {
  Receiver server("smtp_receiver.py");
  AlertSettings settings = mail_to_lead(server.port());
  settings.routes = {{.urgency = 2, .daily = true, .daily_minute = 15 * 60 + 30, .to = {"dsl"}}};
  open(settings);
  attempt(2, kMorning, "gambling");
  attempt(2, kMorning + 1h, "gambling");
  attempt(3, kMorning + 2h, "pornography");
  attempt(1, kMorning + 2h, "games");
  settle_at(kMorning + 3h);
  settle_at(at("2026-11-23T15:29:59Z"));
  EXPECT_TRUE(server.is_silent());
  settle_at(at("2026-11-23T15:30:00Z"));
  const std::string mail = server.next();
  EXPECT_THAT(mail, AllOf(HasSubstr("Subject: Schoolgate: daily digest, 3 episodes, 3 attempts"),
                          HasSubstr("Urgency 3, pornography, group ks2"), HasSubstr("2 episodes, 2 attempts"),
                          HasSubstr("record 4, hash"), Not(HasSubstr("games"))));
  settle_at(at("2026-11-23T18:00:00Z"));
  settle_at(at("2026-11-24T15:30:00Z"));
  EXPECT_TRUE(server.is_silent()) << "a day without attempts has no digest";
  attempt(2, at("2026-11-25T10:00:00Z"), "gambling");
  settle_at(at("2026-11-25T16:00:00Z"));
  EXPECT_THAT(server.next(), HasSubstr("daily digest, 1 episode, 1 attempt"));
}

TEST_F(Digest, OneThatWasMissedComesAtOnceAndNotWithTheNext) {
  Receiver server("smtp_receiver.py");
  AlertSettings settings = mail_to_lead(server.port());
  settings.routes = {{.urgency = 2, .daily = true, .daily_minute = 15 * 60 + 30, .to = {"dsl"}}};
  open(settings);
  attempt(2, kMorning, "gambling");
  settle_at(kMorning + 1h);
  settle_at(at("2026-11-23T15:30:00Z"));
  EXPECT_THAT(server.next(), HasSubstr("daily digest, 1 episode, 1 attempt"));
  attempt(2, at("2026-11-24T10:00:00Z"), "gambling");  // and off before half past three, for two days
  settle_at(at("2026-11-26T09:00:00Z"));
  EXPECT_THAT(server.next(), HasSubstr("daily digest, 1 episode, 1 attempt"));
  settle_at(at("2026-11-26T09:30:00Z"));
  EXPECT_TRUE(server.is_silent()) << "once";
  attempt(2, at("2026-11-26T10:00:00Z"), "gambling");
  settle_at(at("2026-11-26T15:29:00Z"));
  EXPECT_TRUE(server.is_silent()) << "today's at its time";
  settle_at(at("2026-11-26T15:30:00Z"));
  EXPECT_THAT(server.next(), HasSubstr("daily digest, 1 episode, 1 attempt"));
}

TEST_F(Digest, ADayThatAClockAheadHasNotedIsStillOwed) {
  Receiver server("smtp_receiver.py");
  AlertSettings settings = mail_to_lead(server.port());
  settings.routes = {{.urgency = 2, .daily = true, .daily_minute = 15 * 60 + 30, .to = {"dsl"}}};
  const TimePoint ahead = kMorning + 24h * 400;
  now_ = ahead;
  open(settings);
  attempt(2, ahead, "gambling");
  settle_at(ahead + 1min);
  settle_at(ahead + 6h);
  EXPECT_THAT(server.next(), HasSubstr("daily digest, 1 episode"));
  attempt(2, kMorning + 1h, "gambling");
  settle_at(at("2026-11-23T15:29:59Z"));
  EXPECT_TRUE(server.is_silent());
  settle_at(at("2026-11-23T15:30:00Z"));
  EXPECT_THAT(server.next(), HasSubstr("daily digest, 1 episode"));
  settle_at(at("2026-11-23T16:00:00Z"));
  EXPECT_TRUE(server.is_silent()) << "once";
}

TEST_F(Digest, TheSitesClockSaysWhen) {
  Receiver server("smtp_receiver.py");
  AlertSettings settings = mail_to_lead(server.port());
  settings.routes = {{.urgency = 2, .daily = true, .daily_minute = 15 * 60 + 30, .to = {"dsl"}}};
  attempt(2, at("2026-06-23T09:30:00Z"), "gambling");
  now_ = at("2026-06-23T10:00:00Z");
  AlertsOptions options;
  options.folder = folder_.path();
  options.now = [this] { return now_.load(); };
  options.local_time = [](TimePoint time) -> std::optional<LocalTime> {  // an hour ahead, as in a British summer
    const TimePoint local = time + 1h;
    const auto day = std::chrono::floor<std::chrono::days>(local);
    return LocalTime{day, int(std::chrono::floor<std::chrono::minutes>(local - day).count())};
  };
  auto alerts = Alerts::open(options, settings);
  ASSERT_TRUE(alerts.has_value());
  (*alerts)->settle();
  now_ = at("2026-06-23T14:29:00Z");
  (*alerts)->settle();
  EXPECT_TRUE(server.is_silent());
  now_ = at("2026-06-23T14:30:00Z");
  (*alerts)->settle();
  EXPECT_THAT(server.next(), HasSubstr("23 June 2026, 10:30 to 23 June 2026, 10:30"));
}

}  // namespace
}  // namespace schoolgate::casework
