// Minutes of the day, counted by activity.
#include "proxy/flow/allowances.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/proxy/flow/conversation.h"
#include "tests/proxy/tls/hello_builder.h"
#include "tests/rules/policies.h"

namespace schoolgate::flow {
namespace {

using namespace std::literals;

TimePoint at(std::string_view time) { return *from_rfc3339(time); }

TEST(Allowances, EachMinuteCountsOnceHoweverMuchHappensInIt) {
  Allowances allowances;
  EXPECT_TRUE(allowances.spend("person a", "games", 2, at("2026-11-23T10:00:00Z")));
  EXPECT_TRUE(allowances.spend("person a", "games", 2, at("2026-11-23T10:00:59.999Z")));
  EXPECT_EQ(allowances.used("person a", "games", at("2026-11-23T10:01:00Z")), 1u);
  EXPECT_TRUE(allowances.spend("person a", "games", 2, at("2026-11-23T11:30:00Z")));
  EXPECT_FALSE(allowances.spend("person a", "games", 2, at("2026-11-23T11:31:00Z")));
  EXPECT_EQ(allowances.used("person a", "games", at("2026-11-23T11:31:00Z")), 2u);
}

TEST(Allowances, TheLastMinuteLastsToItsEnd) {
  Allowances allowances;
  EXPECT_TRUE(allowances.spend("person a", "games", 1, at("2026-11-23T10:00:01Z")));
  EXPECT_TRUE(allowances.spend("person a", "games", 1, at("2026-11-23T10:00:58Z")));
  EXPECT_TRUE(allowances.any_left("person a", "games", 1, at("2026-11-23T10:00:59Z")));
  EXPECT_FALSE(allowances.any_left("person a", "games", 1, at("2026-11-23T10:01:00Z")));
  EXPECT_FALSE(allowances.spend("person a", "games", 1, at("2026-11-23T10:01:00Z")));
}

TEST(Allowances, PeopleAndCategoriesDoNotShare) {
  Allowances allowances;
  const TimePoint now = at("2026-11-23T10:00:00Z");
  EXPECT_TRUE(allowances.spend("person a", "games", 1, now));
  EXPECT_TRUE(allowances.spend("person b", "games", 1, now + 1min));
  EXPECT_TRUE(allowances.spend("person a", "chat", 1, now + 1min));
  EXPECT_FALSE(allowances.spend("person a", "games", 1, now + 1min));
}

TEST(Allowances, BelongToThePersonWhereverTheySitAndElseToTheDevice) {
  rules::Subject subject{.address = *names::IpAddress::parse("10.20.2.7")};
  EXPECT_EQ(Allowances::key_of(subject), "device 10.20.2.7");
  subject.user = "amelia.hughes";
  EXPECT_EQ(Allowances::key_of(subject), "person amelia.hughes");
}

TEST(Allowances, TheDayBeginsAtTheSchoolsMidnight) {
  Allowances allowances(*rules::SiteClock::open("Europe/London"));
  // British Summer Time: the wall is an hour ahead.
  EXPECT_TRUE(allowances.spend("person a", "games", 1, at("2026-06-10T22:59:00Z")));
  EXPECT_FALSE(allowances.spend("person a", "games", 1, at("2026-06-10T22:58:00Z")));
  EXPECT_TRUE(allowances.spend("person a", "games", 1, at("2026-06-10T23:00:00Z")));
  EXPECT_EQ(allowances.used("person a", "games", at("2026-06-10T23:30:00Z")), 1u);
}

TEST(Allowances, ANightOfClockChangeHasNoMinuteTwice) {
  Allowances allowances(*rules::SiteClock::open("Europe/London"));
  // 2026-10-25 01:30 is shown twice: the second time it is counted already.
  EXPECT_TRUE(allowances.spend("person a", "games", 5, at("2026-10-25T00:30:00Z")));
  EXPECT_TRUE(allowances.spend("person a", "games", 5, at("2026-10-25T01:30:00Z")));
  EXPECT_EQ(allowances.used("person a", "games", at("2026-10-25T02:00:00Z")), 1u);
}

TEST(Allowances, ComeBackAfterARestart) {
  Allowances before;
  const TimePoint now = at("2026-11-23T10:00:00Z");
  for (int minute = 0; minute < 3; ++minute)
    EXPECT_TRUE(before.spend("person a", "games", 3, now + std::chrono::minutes(minute)));
  EXPECT_TRUE(before.spend("device 10.0.0.1", "chat", 3, now));
  EXPECT_EQ(before.snapshot(now).size(), 2u);
  EXPECT_TRUE(before.snapshot(now + 24h).empty());

  Allowances after;
  after.restore(before.snapshot(now), now);
  EXPECT_FALSE(after.spend("person a", "games", 3, now + 5min));
  EXPECT_EQ(after.used("device 10.0.0.1", "chat", now), 1u);
  Allowances next_day;
  next_day.restore(before.snapshot(now), now + 24h);
  EXPECT_EQ(next_day.used("person a", "games", now + 24h), 0u);
}

TEST(Allowances, ManyWorkersCountAMinuteOnce) {
  Allowances allowances;
  const TimePoint now = at("2026-11-23T10:00:00Z");
  std::atomic<int> granted = 0;
  {
    std::vector<std::jthread> workers;
    for (int worker = 0; worker < 4; ++worker)
      workers.emplace_back([&] {
        for (int minute = 0; minute < 600; ++minute)
          granted += allowances.spend("person a", "games", 100, now + std::chrono::minutes(minute));
      });
  }
  EXPECT_EQ(allowances.used("person a", "games", now), 100u);
  EXPECT_EQ(granted, 400);
}

}  // namespace

namespace test {
namespace {

std::string hello(std::string_view name) {
  const tls::HelloBytes wire = tls::HelloBuilder().server_name(name).record();
  return {wire.begin(), wire.end()};
}

class DailyAllowance : public Conversation {
 protected:
  DailyAllowance() { policy.groups[0].allowances = {{"chat", 30, {"policy.yaml", 9, 9}}}; }
  void used_up(const std::string& who) {
    if (!worker_) open();
    const auto now = wall_now();
    const auto today = std::chrono::floor<std::chrono::days>(now);
    const AllowanceUse use{who, "chat", std::chrono::local_days(today.time_since_epoch()), 30};
    gateway().allowances.restore({&use, 1}, now);
  }
};

TEST_F(DailyAllowance, ARequestTakesItsMinute) {
  know({{"127.0.0.1", person("amelia.hughes")}});
  Peer pupil = client();
  pupil.sends(get("chat.example", "/"));
  Peer origin = web.accept();
  origin.expects(forwarded("GET", "chat.example", "/"));
  EXPECT_EQ(gateway().allowances.used("person amelia.hughes", "chat", wall_now()), 1u);
  EXPECT_EQ(gateway().allowances.used("device 127.0.0.1", "chat", wall_now()), 0u);
}

TEST_F(DailyAllowance, WhatNeedsNoneTakesNone) {
  Peer pupil = client();
  pupil.sends(get("web.example", "/"));
  web.accept().expects(forwarded("GET", "web.example", "/"));
  EXPECT_TRUE(gateway().allowances.snapshot(wall_now()).empty());
}

TEST_F(DailyAllowance, UsedUpItIsABlockWithARecord) {
  used_up("device 127.0.0.1");
  Peer pupil = client();
  pupil.sends(get("chat.example", "/"));
  EXPECT_EQ(pupil.answer().status, 403);
  pupil.sends(get("web.example", "/"));
  web.accept().expects(forwarded("GET", "web.example", "/"));
  ASSERT_EQ(records().size(), 1u);
  EXPECT_NE(records()[0].find(R"("action":"block")"), std::string::npos) << records()[0];
  EXPECT_NE(records()[0].find(R"("category":"chat")"), std::string::npos) << records()[0];
  EXPECT_EQ(counters().allowance_blocks.get(), 1u);
}

TEST_F(DailyAllowance, OfSomebodyElseIsNotTouched) {
  used_up("person b");
  know({{"127.0.0.1", person("a")}});
  Peer pupil = client();
  pupil.sends(get("chat.example", "/"));
  web.accept().expects(forwarded("GET", "chat.example", "/"));
}

TEST_F(DailyAllowance, UsedUpItEndsTheTunnelThatRuns) {
  const auto with_allowance = std::exchange(policy.groups[0].allowances, {});
  Peer pupil = tunnel_to("chat.example");
  pupil.sends(hello("chat.example"));
  Peer origin = web.accept();
  origin.expects(hello("chat.example"));
  used_up("device 127.0.0.1");
  policy.groups[0].allowances = with_allowance;
  publish({});
  EXPECT_NE(pupil.ending(), Ending::silent);
  wait_until([&] { return counters().allowance_blocks.get() == 1 && log->counters().written == 2; });
}

}  // namespace
}  // namespace test
}  // namespace schoolgate::flow
