// What the breach log writes when it counts the like of a minute together: nothing goes unrecorded, whatever ends it.
//
//   goes wrong when                                       | then
//   a device asks for the same thing again and again      | one record and a sum; each attempt is told durable
//   the gateway is killed before the minute is over       | what was acknowledged is a record after the next start
//   the gateway ends in order                             | the sums are records
//   a device does more than it may in a minute            | its attempts wait; those of others do not
//   the gateway is killed while attempts wait             | their number is a record after the next start
//   something urgent comes from a device that waits       | its record is written at once
//   the disk hangs while attempts wait                    | they are told "not durable" after their own deadline
//   many devices have attempts that wait                  | the queue of the others stays free
//   too much waits                                        | it is counted by category, and the disk is not filled
//   the disk fails while sums are open                    | each attempt is counted once when it is back
//   attempts join a commit that failed and is on disk     | they are acknowledged only when they are written, too
//   a sum of sealed addresses is left by a kill           | the copy of its address is there
//   a row that was left cannot be read                    | its number of attempts is a record all the same
//   a counted attempt's page is asked about               | its number leads to the sum, also before the minute ends
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <latch>
#include <thread>

#include "breaches/breach_log.h"
#include "breaches/episodes.h"
#include "breaches/find_reference.h"
#include "breaches/verify.h"
#include "tests/breaches/failing_disk.h"
#include "tests/breaches/support.h"

namespace schoolgate::breaches {
namespace {

using namespace std::chrono_literals;

BreachLogSettings folding_in(const std::filesystem::path& folder) {
  BreachLogSettings settings = settings_in(folder);
  settings.folds = true;
  return settings;
}

Breach now_of(const std::string& site, const std::string& device = "10.20.2.7") {
  Breach breach = a_breach(wall_now());
  breach.site = site;
  breach.url = "http://" + site + "/";
  breach.reason.entry = site;
  breach.device = device;
  return breach;
}

/// All attempts that the log tells of.
std::uint64_t attempts_in(const std::filesystem::path& folder) {
  std::uint64_t sum = 0;
  for (const std::string& line : lines_of(exported(folder))) {
    const std::string attempts = field(line, "attempts");
    sum += attempts.empty() ? 1 : std::stoull(attempts);
  }
  return sum;
}

void expect_whole(const std::filesystem::path& folder) {
  const auto verified = verify_chain(folder / "breaches.db", folder);
  ASSERT_TRUE(verified.has_value());
  EXPECT_FALSE(verified->fault.has_value());
}

/// What is appended now is of one minute: not begun in the last seconds of one.
void wait_for_room_in_the_minute() {
  while (wall_now() - std::chrono::floor<std::chrono::minutes>(wall_now()) > 55s) std::this_thread::sleep_for(100ms);
}

TEST(BreachLogFolding, TheLikeOfAMinuteIsARecordAndASum) {
  wait_for_room_in_the_minute();
  const TemporaryFolder folder;
  std::atomic<int> durable = 0;
  {
    const auto log = open_log(folding_in(folder.path()));
    for (int i = 0; i < 500; ++i)
      log->append(now_of("lucky-spins.example"), [&](Receipt r) { durable += r.durable && r.seq > 0; });
    ASSERT_TRUE(append_and_wait(*log, now_of("other.example")).durable);
    for (int i = 0; i < 2000 && durable < 500; ++i) std::this_thread::sleep_for(10ms);  // told in no order
    EXPECT_EQ(durable, 500);
    EXPECT_EQ(lines_of(exported(folder.path())).size(), 2u) << "the sum waits for the end of its minute";
  }
  const auto lines = lines_of(exported(folder.path()));
  EXPECT_EQ(lines.size(), 3u);
  EXPECT_EQ(attempts_in(folder.path()), 501u);
  expect_whole(folder.path());
  auto database = store::Database::open(folder.path() / "breaches.db", store::Database::Access::read);
  const auto episodes = episodes_changed_since(*database, 0, 10);
  ASSERT_EQ(episodes->size(), 1u);
  EXPECT_EQ(episodes->front().attempts, 501u);
}

TEST(BreachLogFolding, WhatWasAcknowledgedIsThereAfterAKill) {
  wait_for_room_in_the_minute();
  const TemporaryFolder folder;
  int told[2];
  ASSERT_EQ(::pipe(told), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto log = open_log(folding_in(folder.path()));
    std::latch all(300);
    for (int i = 0; i < 300; ++i)
      log->append(now_of("lucky-spins.example"), [&](Receipt r) {
        if (r.durable) all.count_down();
      });
    all.wait();
    if (::write(told[1], "x", 1) != 1) ::_exit(1);
    ::pause();
    ::_exit(0);
  }
  char byte;
  ASSERT_EQ(::read(told[0], &byte, 1), 1);
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  {
    const auto log = open_log(folding_in(folder.path()));
    EXPECT_EQ(attempts_in(folder.path()), 300u);
  }
  EXPECT_EQ(attempts_in(folder.path()), 300u) << "and only once";
  expect_whole(folder.path());
  auto database = store::Database::open(folder.path() / "breaches.db", store::Database::Access::read);
  const auto episodes = episodes_changed_since(*database, 0, 10);
  ASSERT_EQ(episodes->size(), 1u);
  EXPECT_EQ(episodes->front().attempts, 300u);
}

/// Runs `fill` in a gateway of its own and kills it when `fill` has returned.
void in_a_killed_gateway(const std::filesystem::path& folder, const std::function<void(BreachLog&)>& fill) {
  int told[2];
  ASSERT_EQ(::pipe(told), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto log = open_log(folding_in(folder));
    fill(*log);
    if (::write(told[1], "x", 1) != 1) ::_exit(1);
    ::pause();
    ::_exit(0);
  }
  char byte;
  ASSERT_EQ(::read(told[0], &byte, 1), 1);
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  ::close(told[0]);
  ::close(told[1]);
}

TEST(BreachLogFolding, WhatWaitsForItsTurnIsCountedWhenTheGatewayIsKilled) {
  wait_for_room_in_the_minute();
  const TemporaryFolder folder;
  in_a_killed_gateway(folder.path(), [](BreachLog& log) {
    for (int i = 0; i < 1500; ++i) log.append(now_of("site" + std::to_string(i) + ".example"), [](Receipt) {});
    while (log.counters().turns < 850) std::this_thread::sleep_for(10ms);
    // Whatever is durable after them was written after they were counted.
    EXPECT_TRUE(append_and_wait(log, now_of("other.example", "10.20.2.8")).durable);
    EXPECT_TRUE(append_and_wait(log, now_of("another.example", "10.20.2.8")).durable);
  });
  {
    const auto log = open_log(folding_in(folder.path()));
  }
  EXPECT_EQ(attempts_in(folder.path()), 1502u);
  expect_whole(folder.path());
}

TEST(BreachLogFolding, AttemptsThatWaitLeaveTheQueueToTheOthers) {
  wait_for_room_in_the_minute();
  const TemporaryFolder folder;
  BreachLogSettings settings = folding_in(folder.path());
  settings.queue_limit = 700;
  const auto log = open_log(settings);
  for (int i = 0; i < 1200; ++i) {
    log->append(now_of("site" + std::to_string(i) + ".example"), [](Receipt) {});
    while (log->counters().waiting - log->counters().turns > 400) std::this_thread::sleep_for(1ms);
  }
  while (log->counters().turns < 500) std::this_thread::sleep_for(5ms);
  for (int i = 0; i < 300; ++i)
    ASSERT_TRUE(append_and_wait(*log, now_of("other" + std::to_string(i) + ".example", "10.20.2.8")).durable);
  EXPECT_EQ(log->counters().lost, 0u);
  EXPECT_LT(log->counters().lag_seconds, 1.0) << "who waits for a turn is not late";
}

TEST(BreachLogFolding, TheAddressOfASealedSumIsKeptThroughAKill) {
  wait_for_room_in_the_minute();
  const TemporaryFolder folder;
  in_a_killed_gateway(folder.path(), [](BreachLog& log) {
    Breach breach = now_of("sealed.example");
    breach.reason.illegal = true;
    for (int i = 0; i < 5; ++i) {
      breach.id = Uuid::v7(breach.time);
      EXPECT_TRUE(append_and_wait(log, breach).durable);
    }
  });
  {
    const auto log = open_log(folding_in(folder.path()));
  }
  EXPECT_EQ(attempts_in(folder.path()), 5u);
  auto database = store::Database::open(folder.path() / "breaches.db", store::Database::Access::read);
  auto query = database->prepare(
      "SELECT count(*) FROM records JOIN sealed_addresses ON id = json_extract(record, '$.id')"
      " WHERE episode = json_extract(record, '$.episode')");
  ASSERT_EQ(query->step(), store::Statement::Step::row);
  EXPECT_EQ(query->integer(0), 2) << "of the record and of the sum";
}

TEST(BreachLogFolding, ARowThatCannotBeReadIsCountedAllTheSame) {
  wait_for_room_in_the_minute();
  const TemporaryFolder folder;
  in_a_killed_gateway(folder.path(), [](BreachLog& log) {
    for (int i = 0; i < 8; ++i) EXPECT_TRUE(append_and_wait(log, now_of("lucky-spins.example")).durable);
  });
  {
    auto database = store::Database::open(folder.path() / "breaches.db", store::Database::Access::write);
    ASSERT_TRUE(database->run("UPDATE open_sums SET record = 'torn'").has_value());
  }
  {
    const auto log = open_log(folding_in(folder.path()));
  }
  EXPECT_EQ(attempts_in(folder.path()), 8u);
  expect_whole(folder.path());
}

TEST(BreachLogFolding, TheNumberOfACountedAttemptLeadsToItsSum) {
  wait_for_room_in_the_minute();
  const TemporaryFolder folder;
  std::string number;
  {
    const auto log = open_log(folding_in(folder.path()));
    EXPECT_FALSE(append_and_wait(*log, now_of("lucky-spins.example")).counted_in.has_value());
    const auto second = append_and_wait(*log, now_of("lucky-spins.example"));
    const auto third = append_and_wait(*log, now_of("lucky-spins.example"));
    ASSERT_TRUE(second.counted_in && third.counted_in);
    EXPECT_EQ(*second.counted_in, *third.counted_in);
    number = third.counted_in->reference();
    const auto found = find_reference(folder.path(), {}, number);
    ASSERT_TRUE(found.has_value());
    ASSERT_TRUE(found->has_value()) << "before the minute is over";
    EXPECT_EQ(field((**found).record, "attempts"), "2");
    EXPECT_EQ(field((**found).record, "seq"), "null");
  }
  const auto found = find_reference(folder.path(), {}, number);
  ASSERT_TRUE(found.has_value());
  ASSERT_TRUE(found->has_value());
  EXPECT_TRUE((**found).is_breach);
  EXPECT_EQ(field((**found).record, "attempts"), "2");
}

TEST(BreachLogFolding, ADeviceThatDoesTooMuchWaitsAndOthersDoNot) {
  wait_for_room_in_the_minute();
  const TemporaryFolder folder;
  BreachLogSettings settings = folding_in(folder.path());
  settings.durable_deadline = 200ms;
  std::atomic<int> durable = 0, late = 0;
  {
    const auto log = open_log(settings);
    for (int i = 0; i < 700; ++i)
      log->append(now_of("site" + std::to_string(i) + ".example"), [&](Receipt r) { ++(r.durable ? durable : late); });
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_TRUE(append_and_wait(*log, now_of("other.example", "10.20.2.8")).durable);
    for (int i = 0; i < 2000 && durable < 600; ++i) std::this_thread::sleep_for(10ms);
    EXPECT_GE(durable, 600);
    const int by_now = durable;
    const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    EXPECT_LE(by_now, 600 + 10 * (seconds + 1)) << "ten a second";
    EXPECT_EQ(late, 0) << "who waits for a turn is not late";
  }
  EXPECT_EQ(durable, 700) << "at the end all are written";
  EXPECT_EQ(attempts_in(folder.path()), 701u);
}

TEST(BreachLogFolding, AnUrgentAttemptWaitsBehindNoFlood) {
  wait_for_room_in_the_minute();
  const TemporaryFolder folder;
  const auto log = open_log(folding_in(folder.path()));
  for (int i = 0; i < 1200; ++i) log->append(now_of("site" + std::to_string(i) + ".example"), [](Receipt) {});
  while (log->counters().turns < 500) std::this_thread::sleep_for(5ms);
  Breach urgent = now_of("help.example"), illegal = now_of("sealed.example");
  urgent.reason.urgency = 5;
  urgent.reason.category = "suicide";
  illegal.reason.illegal = true;
  for (const Breach& breach : {urgent, illegal}) {
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_TRUE(append_and_wait(*log, breach).durable);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s) << breach.site;
  }
}

TEST(BreachLogFolding, WhoWaitsForATurnIsToldWhenNoneComes) {
  wait_for_room_in_the_minute();
  const TemporaryFolder folder;
  FailingDisk disk;
  BreachLogSettings settings = folding_in(folder.path());
  settings.vfs = FailingDisk::kName;
  settings.durable_deadline = 100ms;
  settings.turn_deadline = 3000ms;
  std::atomic<int> late = 0;
  {
    const auto log = open_log(settings);
    for (int i = 0; i < 700; ++i)
      log->append(now_of("site" + std::to_string(i) + ".example"), [&](Receipt r) { late += !r.durable; });
    while (log->counters().turns < 50) std::this_thread::sleep_for(5ms);
    disk.become(FailingDisk::Mood::hanging);
    for (int i = 0; i < 1000 && late < 40; ++i) std::this_thread::sleep_for(10ms);
    EXPECT_GE(late, 40);
    disk.become(FailingDisk::Mood::well);
  }
  EXPECT_EQ(attempts_in(folder.path()), 700u) << "and is written all the same";
}

TEST(BreachLogFolding, AFloodNeitherFillsTheDiskNorHidesAnAttempt) {
  wait_for_room_in_the_minute();
  const TemporaryFolder folder;
  constexpr int kFlood = 20'000;
  std::atomic<int> durable = 0;
  {
    const auto log = open_log(folding_in(folder.path()));
    for (int i = 0; i < kFlood; ++i)
      log->append(now_of("decoy" + std::to_string(i) + ".example"), [&](Receipt r) { durable += r.durable; });
    ASSERT_TRUE(append_and_wait(*log, now_of("other.example", "10.20.2.8")).durable);
  }
  EXPECT_EQ(durable, kFlood);
  EXPECT_EQ(attempts_in(folder.path()), std::uint64_t(kFlood + 1));
  EXPECT_LT(lines_of(exported(folder.path())).size(), 2700u);
  expect_whole(folder.path());
}

TEST(BreachLogFolding, EachAttemptIsCountedOnceWhenTheDiskIsBack) {
  for (const auto mood : {FailingDisk::Mood::full, FailingDisk::Mood::broken, FailingDisk::Mood::sync_broken}) {
    wait_for_room_in_the_minute();
    const TemporaryFolder folder;
    FailingDisk disk;
    BreachLogSettings settings = folding_in(folder.path());
    settings.vfs = FailingDisk::kName;
    settings.durable_deadline = 100ms;
    {
      const auto log = open_log(settings);
      for (int i = 0; i < 3; ++i) EXPECT_TRUE(append_and_wait(*log, now_of("lucky-spins.example")).durable);
      disk.become(mood);
      for (int i = 0; i < 4; ++i) (void)append_and_wait(*log, now_of("lucky-spins.example"));
      (void)append_and_wait(*log, now_of("other.example"));
      disk.become(FailingDisk::Mood::well);
      for (int i = 0; i < 1000 && log->counters().waiting > 0; ++i) std::this_thread::sleep_for(10ms);
      EXPECT_EQ(log->counters().waiting, 0u);
      EXPECT_TRUE(append_and_wait(*log, now_of("lucky-spins.example")).durable);
    }
    EXPECT_EQ(attempts_in(folder.path()), 9u) << int(mood);
    expect_whole(folder.path());
  }
}

// A commit whose sync fails reaches the disk all the same; what joins it while the disk is away does not.
TEST(BreachLogFolding, WhatJoinsAFailedCommitIsWrittenBeforeItIsAcknowledged) {
  wait_for_room_in_the_minute();
  const TemporaryFolder folder;
  FailingDisk disk;
  BreachLogSettings settings = folding_in(folder.path());
  settings.vfs = FailingDisk::kName;
  settings.durable_deadline = 200ms;
  {
    const auto log = open_log(settings);
    for (int i = 0; i < 640; ++i) log->append(now_of("site" + std::to_string(i) + ".example"), [](Receipt) {});
    for (int i = 0; i < 2000 && log->counters().written < 600; ++i) std::this_thread::sleep_for(5ms);
    disk.become(FailingDisk::Mood::sync_broken);
    EXPECT_FALSE(append_and_wait(*log, now_of("other.example", "10.20.2.8")).durable);
    std::this_thread::sleep_for(1500ms);  // turns come meanwhile
    disk.become(FailingDisk::Mood::well);
    for (int i = 0; i < 2000 && log->counters().waiting > 0; ++i) std::this_thread::sleep_for(10ms);
    EXPECT_EQ(log->counters().waiting, 0u);
  }
  EXPECT_EQ(attempts_in(folder.path()), 641u);
  expect_whole(folder.path());
}

TEST(BreachLogFolding, TheSelfTestHasEachOfItsRecords) {
  const TemporaryFolder folder;
  const auto log = open_log(folding_in(folder.path()));
  for (int i = 0; i < 3; ++i) {
    Breach probe = now_of("lucky-spins.example");
    probe.confidence = kSelftest;
    ASSERT_TRUE(append_and_wait(*log, probe).durable);
  }
  EXPECT_EQ(lines_of(exported(folder.path())).size(), 3u);
}

}  // namespace
}  // namespace schoolgate::breaches
