#include "breaches/episodes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/breaches/support.h"

namespace schoolgate::breaches {
namespace {

using namespace std::chrono_literals;

const TimePoint kMorning = at("2026-11-23T09:00:00Z");

class Episodes : public ::testing::Test {
 protected:
  void append(Breach breach) {
    if (!log_) log_ = open_log(settings_in(folder_.path()));
    ASSERT_TRUE(append_and_wait(*log_, std::move(breach)).durable);
  }
  void restart() { log_.reset(); }
  std::vector<std::string> ids() {
    std::vector<std::string> out;
    for (const auto& line : lines_of(exported(folder_.path()))) out.push_back(field(line, "episode"));
    return out;
  }
  // Closes the log, which stores all sums.
  std::vector<Episode> sums() {
    log_.reset();
    auto database = store::Database::open(folder_.path() / "breaches.db", store::Database::Access::read);
    if (!database) throw std::runtime_error(database.error().text());
    auto episodes = episodes_changed_since(*database, 0, 100);
    if (!episodes) throw std::runtime_error(episodes.error().text());
    return *std::move(episodes);
  }
  TemporaryFolder folder_;
  std::unique_ptr<BreachLog> log_;
};

TEST_F(Episodes, GapsUnderFifteenMinutesKeepAnEpisodeTogether) {
  append(a_breach(kMorning));
  append(a_breach(kMorning + 14min + 59s));
  append(a_breach(kMorning + 29min));
  append(a_breach(kMorning + 44min));
  const auto episodes = ids();
  EXPECT_EQ(episodes[0], episodes[1]);
  EXPECT_EQ(episodes[1], episodes[2]);
  EXPECT_NE(episodes[2], episodes[3]) << "a gap of exactly fifteen minutes begins a new one";
}

TEST_F(Episodes, ASumCountsWithAllItsAttemptsAlsoAfterARestart) {
  Breach sum = a_breach(kMorning + 40s);
  sum.attempts = 57;
  sum.addresses = 12;
  sum.initiated = Initiated::user;
  append(a_breach(kMorning));
  append(sum);
  auto episodes = sums();
  ASSERT_EQ(episodes.size(), 1u);
  EXPECT_EQ(episodes[0].attempts, 58u);
  EXPECT_EQ(episodes[0].by_user, 57u);
  const std::string line = lines_of(exported(folder_.path())).at(1);
  EXPECT_EQ(field(line, "attempts"), "57");
  EXPECT_EQ(field(line, "addresses"), "12");
  EXPECT_EQ(field(lines_of(exported(folder_.path())).at(0), "attempts"), "");
  {
    auto database = store::Database::open(folder_.path() / "breaches.db", store::Database::Access::write);
    ASSERT_TRUE(database->run("DELETE FROM episodes"));
  }
  restart();
  append(a_breach(kMorning + 2min));
  EXPECT_EQ(sums()[0].attempts, 59u) << "made again from the records";
}

TEST_F(Episodes, AnotherThemeIsAnotherEpisode) {
  Breach other = a_breach(kMorning);
  other.reason.theme = "self-harm";
  append(a_breach(kMorning));
  append(other);
  EXPECT_NE(ids()[0], ids()[1]);
}

TEST_F(Episodes, APersonIsFollowedFromDeviceToDevice) {
  Breach first = a_breach(kMorning), second = a_breach(kMorning + 1min);
  first.person = second.person = "jo";
  second.device = "10.20.2.8";
  append(first);
  append(second);
  EXPECT_EQ(ids()[0], ids()[1]);
}

TEST_F(Episodes, WithoutAPersonTheDeviceCounts) {
  Breach second = a_breach(kMorning);
  second.device = "10.20.2.8";
  append(a_breach(kMorning));
  append(second);
  EXPECT_NE(ids()[0], ids()[1]);
}

TEST_F(Episodes, ADayBackOnTheClockBeginsANewOne) {
  append(a_breach(kMorning));
  append(a_breach(kMorning - 24h));
  EXPECT_NE(ids()[0], ids()[1]);
}

TEST_F(Episodes, AnEpisodeGoesOnAfterARestart) {
  append(a_breach(kMorning));
  restart();
  append(a_breach(kMorning + 5min));
  restart();
  append(a_breach(kMorning + 10min));
  EXPECT_EQ(ids()[0], ids()[1]);
  EXPECT_EQ(ids()[1], ids()[2]);
  const auto all = sums();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].attempts, 3u);
}

TEST_F(Episodes, WhatTheGatewayTriesItselfIsKeptAndIsNone) {
  Breach probe = a_breach(kMorning);
  probe.confidence = kSelftest;
  append(probe);
  restart();
  append(probe);
  restart();  // what no sum covers is read again at the start
  append(a_breach(kMorning + 1min));
  EXPECT_EQ(ids()[0], R"("")");
  EXPECT_EQ(ids()[1], R"("")");
  EXPECT_NE(ids()[2], R"("")");
  const auto episodes = sums();
  ASSERT_EQ(episodes.size(), 1u);
  EXPECT_EQ(episodes[0].attempts, 1u);
}

TEST_F(Episodes, AnIllegalAddressThatTheGatewayTriesItselfLeavesNoCopy) {
  Breach probe = a_breach(kMorning);
  probe.confidence = kSelftest;
  probe.reason.illegal = true;
  append(probe);
  log_.reset();
  auto database = store::Database::open(folder_.path() / "breaches.db", store::Database::Access::read);
  ASSERT_TRUE(database);
  auto count = database->prepare("SELECT count(*) FROM sealed_addresses");
  ASSERT_TRUE(count);
  ASSERT_EQ(count->step(), store::Statement::Step::row);
  EXPECT_EQ(count->integer(0), 0);
}

TEST_F(Episodes, SumsTellCountTimesSitesAndTheHighestUrgency) {
  Breach second = a_breach(kMorning + 2min), third = a_breach(kMorning + 1min);
  second.site = "other-spins.example";
  second.reason.urgency = 4;
  append(a_breach(kMorning));
  append(second);
  append(third);
  const auto all = sums();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].attempts, 3u);
  EXPECT_EQ(all[0].first, kMorning);
  EXPECT_EQ(all[0].last, kMorning + 2min);
  EXPECT_EQ(all[0].urgency, 4);
  EXPECT_EQ(all[0].sites, 2u);
  EXPECT_EQ(all[0].group, "ks2");
  EXPECT_EQ(all[0].theme, "gambling");
  EXPECT_EQ(all[0].through_seq, 3u);
  EXPECT_FALSE(all[0].illegal);
}

TEST_F(Episodes, TheReferenceIsThatOfTheId) {
  append(a_breach(kMorning));
  const auto all = sums();
  // Ten characters of Crockford's base 32 from the id's last fifty bits, as Uuid::reference() makes them.
  EXPECT_THAT(all.at(0).reference, testing::MatchesRegex("[0-9A-HJKMNP-TV-Z]+-[0-9A-HJKMNP-TV-Z]+"));
  EXPECT_EQ(all.at(0).reference.size(), 11u);
}

}  // namespace
}  // namespace schoolgate::breaches
