// What can go wrong between the breach log and a collector, and what must be true then:
//
//   the collector is away, or goes away in the middle      what it missed follows, in order, when it is back
//   the gateway restarts                                   goes on where it was; nothing twice, nothing left out
//   the log was moved aside and begins anew                the new one is sent from its first record
//   a first start with a year of records                   only what comes from then on
//   a self-test's attempt, an account, a searched word     stay at home, unless names leave on purpose
//   `forward:` taken out of the file and put in again      what came between is not sent
#include "casework/forwarding/forwarder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/breaches/support.h"
#include "tests/casework/receiver.h"

namespace schoolgate::casework {
namespace {

using namespace std::chrono_literals;
using breaches::a_breach;
using breaches::append_and_wait;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ForwarderFixture : public ::testing::Test {
 protected:
  ForwarderFixture() { attempt("before.example"); }

  void attempt(const std::string& site, const std::string& confidence = "login") {
    const auto log = breaches::open_log(breaches::settings_in(folder_.path()));
    breaches::Breach breach = a_breach();
    breach.site = site;
    breach.person = "jo.pupil";
    breach.search = "something typed";
    breach.reason.rule = "search term something typed";
    breach.reason.entry = "something typed";
    breach.confidence = confidence;
    ASSERT_TRUE(append_and_wait(*log, breach).durable);
  }

  void open(int port, ForwardSettings settings = {.transport = ForwardSettings::Transport::tcp}) {
    settings.host = "127.0.0.1";
    settings.port = std::uint16_t(port);
    forwarder_.reset();
    forwarder_ = std::make_unique<Forwarder>(
        ForwarderOptions{.folder = folder_.path(),
                         .from = {.school = "Ashford Oaks Primary School", .gateway = "gw-1", .version = "1.0"},
                         .on_trouble = {}});
    forwarder_->apply(settings);
  }

  /// Where a first start begins is known once its place is kept.
  void wait_for_place() {
    for (int i = 0; i < 1000 && !std::filesystem::exists(folder_.path() / "forwarded"); ++i)
      std::this_thread::sleep_for(10ms);
    ASSERT_TRUE(std::filesystem::exists(folder_.path() / "forwarded"));
  }

  void wait_for_a_failed_try() {
    for (int i = 0; i < 1000 && forwarder_->counters().failed == 0; ++i) std::this_thread::sleep_for(10ms);
    ASSERT_GT(forwarder_->counters().failed, 0u);
  }

  breaches::TemporaryFolder folder_;
  std::unique_ptr<Forwarder> forwarder_;
};

TEST_F(ForwarderFixture, ARecordIsSentWithoutWhatNamesAPupil) {
  Receiver collector("syslog_collector.py", {"tcp"});
  open(collector.port());
  wait_for_place();
  attempt("casino.example");
  forwarder_->notice();
  const std::string message = collector.next();
  EXPECT_THAT(message, StartsWith("<109>1 2026-11-23T09:30:00.000Z gw-1 schoolgate - breach - {\"id\":"));
  EXPECT_THAT(message, AllOf(HasSubstr("casino.example"), HasSubstr("\"device\":\"10.20.2.7\"")));
  EXPECT_THAT(message, AllOf(Not(HasSubstr("jo.pupil")), Not(HasSubstr("something typed"))));
}

TEST_F(ForwarderFixture, NamesLeaveWhereTheSchoolSaysSo) {
  Receiver collector("syslog_collector.py", {"tcp"});
  open(collector.port(), {.transport = ForwardSettings::Transport::tcp, .names = true});
  wait_for_place();
  attempt("casino.example");
  forwarder_->notice();
  EXPECT_THAT(collector.next(), AllOf(HasSubstr("jo.pupil"), HasSubstr("something typed")));
}

TEST_F(ForwarderFixture, ASelfTestIsNoAttempt) {
  Receiver collector("syslog_collector.py", {"udp"});
  open(collector.port(), {.transport = ForwardSettings::Transport::udp, .format = ForwardSettings::Format::cef});
  wait_for_place();
  attempt("probe.example", std::string(breaches::kSelftest));
  attempt("casino.example");
  forwarder_->notice();
  EXPECT_THAT(collector.next(), AllOf(HasSubstr("CEF:0|Schoolgate|Schoolgate|1.0|breach|block gambling|4|"),
                                      HasSubstr("dhost=casino.example")));
}

TEST_F(ForwarderFixture, WhatACollectorMissedFollowsInOrder) {
  int port = 0;
  {
    Receiver collector("syslog_collector.py", {"tcp"});
    port = collector.port();
    open(port);
    wait_for_place();
    attempt("first.example");
    forwarder_->notice();
    EXPECT_THAT(collector.next(), HasSubstr("first.example"));
  }
  attempt("second.example");
  forwarder_->post({.kind = "list update failed", .text = "no answer", .time = wall_now()});
  forwarder_->notice();
  wait_for_a_failed_try();
  EXPECT_GT(forwarder_->counters().behind_seconds, 0);
  attempt("third.example");
  forwarder_.reset();  // a restart while it is away: the alarm is lost, no record is

  Receiver collector("syslog_collector.py", {"tcp", std::to_string(port)});
  open(port);
  EXPECT_THAT(collector.next(), HasSubstr("second.example"));
  EXPECT_THAT(collector.next(), HasSubstr("third.example"));
}

TEST_F(ForwarderFixture, AnAlarmWaitsForTheCollector) {
  int port = 0;
  {
    Receiver collector("syslog_collector.py", {"tcp"});
    port = collector.port();
  }
  open(port);
  forwarder_->post({.kind = "list update failed", .text = "no answer", .time = wall_now()});
  wait_for_a_failed_try();
  Receiver collector("syslog_collector.py", {"tcp", std::to_string(port)});
  EXPECT_THAT(collector.next(), AllOf(HasSubstr(" alarm - "), HasSubstr(R"("alarm":"list update failed")")));
}

TEST_F(ForwarderFixture, ACollectorThatHangsUpAfterEachMessageLosesNoRecord) {
  Receiver collector("syslog_collector.py", {"tcp", "hang-up"});
  open(collector.port());
  wait_for_place();
  for (int i = 0; i < 5; ++i) {
    attempt("site" + std::to_string(i) + ".example");
    forwarder_->notice();
    std::string message = collector.next();
    for (int again = 0; again < i && message.find("site" + std::to_string(i)) == std::string::npos; ++again)
      message = collector.next();  // the one before may come twice
    EXPECT_THAT(message, HasSubstr("site" + std::to_string(i) + ".example"));
  }
}

// The number alone would not tell: by then the new log has come as far as the old one.
TEST_F(ForwarderFixture, ALogThatBeginsAnewIsSentFromItsFirstRecord) {
  int port = 0;
  {
    Receiver collector("syslog_collector.py", {"tcp"});
    port = collector.port();
    open(port);
    wait_for_place();
    attempt("old.example");
    forwarder_->notice();
    EXPECT_THAT(collector.next(), HasSubstr("old.example"));
  }
  forwarder_.reset();
  for (const char* file : {"breaches.db", "breaches.db-wal", "breaches.db-shm"})
    std::filesystem::remove(folder_.path() / file);
  for (const char* site : {"one.example", "two.example", "three.example"}) attempt(site);
  open(port);  // the collector is away
  wait_for_a_failed_try();
  Receiver collector("syslog_collector.py", {"tcp", std::to_string(port)});
  for (const char* site : {"one.example", "two.example", "three.example"})
    EXPECT_THAT(collector.next(), HasSubstr(site));
}

TEST_F(ForwarderFixture, ALogThatIsMovedAsideWhileItIsReadIsLeft) {
  Receiver collector("syslog_collector.py", {"tcp"});
  open(collector.port());
  wait_for_place();
  for (const char* file : {"breaches.db", "breaches.db-wal", "breaches.db-shm"})
    if (std::filesystem::exists(folder_.path() / file))
      std::filesystem::rename(folder_.path() / file, folder_.path() / (std::string(file) + ".damaged"));
  attempt("after.example");
  forwarder_->notice();
  EXPECT_THAT(collector.next(), HasSubstr("after.example"));
}

TEST_F(ForwarderFixture, WhatCameWhileNothingWasForwardedIsNotSent) {
  Receiver collector("syslog_collector.py", {"tcp"});
  open(collector.port());
  wait_for_place();
  forwarder_->apply(std::nullopt);
  for (int i = 0; i < 1000 && std::filesystem::exists(folder_.path() / "forwarded"); ++i)
    std::this_thread::sleep_for(10ms);
  attempt("between.example");
  open(collector.port());
  wait_for_place();
  attempt("after.example");
  forwarder_->notice();
  EXPECT_THAT(collector.next(), HasSubstr("after.example"));
}

}  // namespace
}  // namespace schoolgate::casework
