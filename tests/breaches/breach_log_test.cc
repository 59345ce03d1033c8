#include "breaches/breach_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <latch>
#include <random>
#include <set>
#include <thread>

#include "tests/breaches/support.h"

namespace schoolgate::breaches {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(BreachLog, ARecordIsAcknowledgedAsDurableWithItsNumber) {
  const TemporaryFolder folder;
  const auto log = open_log(settings_in(folder.path()));
  const Receipt first = append_and_wait(*log, a_breach());
  const Receipt second = append_and_wait(*log, a_breach());
  EXPECT_TRUE(first.durable);
  EXPECT_EQ(first.seq, 1u);
  EXPECT_EQ(second.seq, 2u);
  EXPECT_EQ(log->counters().written, 2u);
  EXPECT_EQ(log->counters().waiting, 0u);
}

TEST(BreachLog, ARecordCarriesTheFieldsOfTheContractInOrder) {
  const TemporaryFolder folder;
  const auto log = open_log(settings_in(folder.path()));
  const Breach breach = a_breach(at("2026-11-23T09:30:00.125Z"));
  const std::string id = breach.id.text();
  ASSERT_TRUE(append_and_wait(*log, breach).durable);
  const std::string line = lines_of(exported(folder.path())).at(0);
  EXPECT_THAT(
      line,
      testing::StartsWith(
          R"({"id":")" + id +
          R"(","seq":1,"school":"Ashford Oaks Primary School",)"
          R"("gateway":"gw-1","time":"2026-11-23T09:30:00.125Z","group":"ks2","person":null,"confidence":"network",)"
          R"("device":"10.20.2.7","action":"block","category":"gambling","theme":"gambling","urgency":2,)"
          R"("site":"lucky-spins.example","url":"http://lucky-spins.example/wheel?…","method":"GET","stage":"request",)"
          R"("initiated":"unknown","reason":{"tier":"category","rule":"","list":"ut1-gambling",)"
          R"("entry":"lucky-spins.example","source":"lists/gambling","policy_version":"v1"},"policy_version":"v1",)"
          R"("categories":[],"episode":")"));
  EXPECT_THAT(line, testing::HasSubstr(R"(","reference":")" + breach.id.reference() + R"(","previous_hash":")"));
}

TEST(BreachLog, ARecordNamesEveryCategoryAndAWithheldOneItsOwnAlone) {
  const TemporaryFolder folder;
  const auto log = open_log(settings_in(folder.path()));
  Breach breach = a_breach();
  breach.reason.categories = {{.id = "gambling", .lists = {"ut1-gambling", "hz"}, .rules = {"rules/own.yaml:3"}},
                              {.id = "games", .lists = {"ut1-games"}}};
  ASSERT_TRUE(append_and_wait(*log, breach).durable);
  breach.id = Uuid::v7(breach.time);
  breach.reason.sealed = true;
  ASSERT_TRUE(append_and_wait(*log, breach).durable);
  const auto lines = lines_of(exported(folder.path()));
  EXPECT_THAT(
      lines.at(0),
      testing::HasSubstr(R"(,"categories":[{"category":"gambling","lists":["ut1-gambling","hz"],)"
                         R"("rules":["rules/own.yaml:3"]},{"category":"games","lists":["ut1-games"],"rules":[]}],)"
                         R"("episode":")"));
  EXPECT_THAT(lines.at(1), testing::HasSubstr(R"("rules":["rules/own.yaml:3"]}],"episode":")"));
  EXPECT_THAT(lines.at(1), testing::Not(testing::HasSubstr("games")));
}

TEST(BreachLog, TheFilesAreForTheGatewayAlone) {
  const TemporaryFolder folder;
  const auto log = open_log(settings_in(folder.path()));
  ASSERT_TRUE(append_and_wait(*log, a_breach()).durable);
  for (const char* name : {"breaches.db", "breaches.db-wal", "state.key"}) {
    struct stat about{};
    ASSERT_EQ(::stat((folder.path() / name).c_str(), &about), 0) << name;
    EXPECT_EQ(about.st_mode & 0777, 0600u) << name;
  }
}

TEST(BreachLog, NumbersAndChainGoOnAfterARestart) {
  const TemporaryFolder folder;
  {
    EXPECT_EQ(append_and_wait(*open_log(settings_in(folder.path())), a_breach()).seq, 1u);
  }
  {
    EXPECT_EQ(append_and_wait(*open_log(settings_in(folder.path())), a_breach()).seq, 2u);
  }
  EXPECT_EQ(lines_of(exported(folder.path())).size(), 2u);
}

TEST(BreachLog, ASecondWriterOfTheSameFolderIsRefused) {
  const TemporaryFolder folder;
  const auto log = open_log(settings_in(folder.path()));
  const auto second = BreachLog::open(settings_in(folder.path()));
  ASSERT_FALSE(second.has_value());
  EXPECT_THAT(second.error().text(), HasSubstr("another process"));
}

TEST(BreachLog, AFolderThatCannotBeMadeIsWaitedFor) {
  const TemporaryFolder folder;
  const auto place = folder.path() / "in-the-way" / "state";
  std::ofstream(place.parent_path()) << "a file, not a folder";
  {
    const auto log = open_log(settings_in(place));
    std::filesystem::remove(place.parent_path());
    while (!append_and_wait(*log, a_breach()).durable) continue;
  }
  EXPECT_FALSE(lines_of(exported(place)).empty());
}

TEST(BreachLog, ClosingWritesWhatWaits) {
  const TemporaryFolder folder;
  std::atomic<int> durable = 0;
  {
    const auto log = open_log(settings_in(folder.path()));
    for (int i = 0; i < 500; ++i) log->append(a_breach(), [&](Receipt r) { durable += r.durable; });
  }
  EXPECT_EQ(durable, 500);
  EXPECT_EQ(lines_of(exported(folder.path())).size(), 500u);
}

TEST(BreachLog, ManyThreadsEachGetTheirOwnNumbers) {
  const TemporaryFolder folder;
  constexpr int kThreads = 4, kEach = 300;
  std::vector<std::uint64_t> seqs(kThreads * kEach);
  {
    const auto log = open_log(settings_in(folder.path()));
    std::latch done(kThreads * kEach);
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < kEach; ++i)
          log->append(a_breach(), [&, slot = std::size_t(t * kEach + i)](Receipt r) {
            seqs[slot] = r.seq;
            done.count_down();
          });
      });
    done.wait();
  }
  const std::set<std::uint64_t> different(seqs.begin(), seqs.end());
  EXPECT_EQ(different.size(), seqs.size());
  EXPECT_EQ(*different.begin(), 1u);
  EXPECT_EQ(*different.rbegin(), seqs.size());
}

}  // namespace
}  // namespace schoolgate::breaches
