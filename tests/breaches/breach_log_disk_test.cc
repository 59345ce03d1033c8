// The breach log when the disk fails, hangs or the process is killed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <latch>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "base/digest.h"
#include "breaches/breach_log.h"
#include "breaches/verify.h"
#include "store/sqlite.h"
#include "store/state_key.h"
#include "tests/breaches/failing_disk.h"
#include "tests/breaches/support.h"

namespace schoolgate::breaches {
namespace {

using ::testing::HasSubstr;
using Mood = FailingDisk::Mood;

// Counts the receipts of many appends, and waits for them.
class Receipts {
 public:
  explicit Receipts(std::ptrdiff_t count) : left_(count) {}
  BreachLog::Acknowledge one() {
    return [this](Receipt receipt) {
      (receipt.durable ? durable_ : not_durable_)++;
      left_.count_down();
    };
  }
  void wait() { left_.wait(); }
  int durable() const { return durable_; }
  int not_durable() const { return not_durable_; }

 private:
  std::latch left_;
  std::atomic<int> durable_ = 0, not_durable_ = 0;
};

class FailingDiskLog : public ::testing::TestWithParam<Mood> {
 protected:
  BreachLogSettings settings() {
    auto settings = settings_in(folder_.path());
    settings.vfs = FailingDisk::kName;
    settings.durable_deadline = std::chrono::milliseconds(40);
    settings.on_trouble = [this](const LogTrouble& trouble) {
      const std::lock_guard guard(mutex_);
      ++troubles_[trouble.kind];
      changed_.notify_all();
    };
    return settings;
  }
  int troubles(LogTrouble::Kind kind) {
    const std::lock_guard guard(mutex_);
    return troubles_[kind];
  }
  void wait_for(LogTrouble::Kind kind) {
    std::unique_lock guard(mutex_);
    changed_.wait(guard, [&] { return troubles_[kind] > 0; });
  }
  // However slow this machine's disk is at the moment: appends until one is durable in time, and says how many that
  // took.
  static std::uint64_t append_until_durable(BreachLog& log) {
    std::uint64_t count = 1;
    while (!append_and_wait(log, a_breach()).durable) ++count;
    return count;
  }
  void expect_whole(std::size_t records) {
    const auto lines = lines_of(exported(folder_.path()));
    EXPECT_EQ(lines.size(), records);
    std::set<std::string> ids;
    for (const std::string& line : lines) ids.insert(field(line, "id"));
    EXPECT_EQ(ids.size(), lines.size()) << "a record is there twice";
    const auto report = verify_breaches(folder_.path());
    ASSERT_TRUE(report.has_value()) << report.error().text();
    EXPECT_FALSE(report->fault.has_value()) << report->fault->text;
  }

  TemporaryFolder folder_;
  FailingDisk disk_;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<LogTrouble::Kind, int> troubles_;
};

TEST_P(FailingDiskLog, WaitingRecordsAreToldNotDurableAndWrittenWhenTheDiskIsBack) {
  std::uint64_t written = 0;
  {
    const auto log = open_log(settings());
    written = append_until_durable(*log);
    disk_.become(GetParam());
    Receipts receipts(20);
    for (int i = 0; i < 20; ++i) log->append(a_breach(), receipts.one());
    receipts.wait();
    EXPECT_EQ(receipts.not_durable(), 20);
    EXPECT_EQ(log->counters().waiting, 20u);
    EXPECT_GT(log->counters().lag_seconds, 0.0);
    disk_.become(Mood::well);
    if (GetParam() != Mood::hanging) {
      wait_for(LogTrouble::Kind::recovered);
      EXPECT_EQ(troubles(LogTrouble::Kind::failing), 1);
      EXPECT_GE(log->counters().failures, 1u);
    }
    written += 20 + append_until_durable(*log);
    EXPECT_EQ(log->counters().written, written);
    EXPECT_EQ(log->counters().waiting, 0u);
    EXPECT_EQ(log->counters().lost, 0u);
  }
  expect_whole(written);
}

TEST_P(FailingDiskLog, ALogThatCannotBeOpenedIsToldAndWrittenWhenTheDiskIsBack) {
  if (GetParam() == Mood::hanging) GTEST_SKIP() << "opening waits for such a disk";
  std::uint64_t written = 0;
  {
    disk_.become(GetParam());
    const auto log = open_log(settings());
    EXPECT_FALSE(append_and_wait(*log, a_breach()).durable);
    EXPECT_EQ(troubles(LogTrouble::Kind::failing), 1);
    disk_.become(Mood::well);
    wait_for(LogTrouble::Kind::recovered);
    written = 1 + append_until_durable(*log);
    EXPECT_EQ(log->counters().lost, 0u);
  }
  expect_whole(written);
}

TEST_P(FailingDiskLog, TheQueueIsBoundedAndWhatDoesNotFitIsCounted) {
  auto small = settings();
  small.queue_limit = 10;
  std::uint64_t written = 0;
  {
    const auto log = open_log(small);
    written = append_until_durable(*log);
    disk_.become(GetParam());
    Receipts receipts(25);
    for (int i = 0; i < 25; ++i) log->append(a_breach(), receipts.one());
    receipts.wait();
    EXPECT_EQ(receipts.not_durable(), 25);
    EXPECT_EQ(log->counters().waiting, 10u);
    EXPECT_EQ(log->counters().lost, 15u);
    disk_.become(Mood::well);
  }
  expect_whole(written + 10);
}

INSTANTIATE_TEST_SUITE_P(Moods, FailingDiskLog,
                         ::testing::Values(Mood::full, Mood::broken, Mood::sync_broken, Mood::hanging));

using FailingDiskWithReader = FailingDiskLog;
using FailingDiskAtTheEnd = FailingDiskLog;

TEST_P(FailingDiskAtTheEnd, ClosingEndsAndTellsWhatWasLost) {
  Receipts receipts(5);
  {
    auto patient = settings();
    patient.durable_deadline = std::chrono::minutes(10);
    const auto log = open_log(patient);
    ASSERT_TRUE(append_and_wait(*log, a_breach()).durable);
    disk_.become(GetParam());
    for (int i = 0; i < 5; ++i) log->append(a_breach(), receipts.one());
  }
  EXPECT_EQ(receipts.not_durable(), 5);
  disk_.become(Mood::well);
  const auto report = verify_breaches(folder_.path());
  ASSERT_TRUE(report.has_value());
  EXPECT_FALSE(report->fault.has_value());
}

INSTANTIATE_TEST_SUITE_P(Once, FailingDiskWithReader, ::testing::Values(Mood::broken));
INSTANTIATE_TEST_SUITE_P(Moods, FailingDiskAtTheEnd, ::testing::Values(Mood::full, Mood::broken, Mood::sync_broken));

TEST(DamagedLog, AFileThatIsNoDatabaseIsMovedAsideAndANewLogBegun) {
  const TemporaryFolder folder;
  ASSERT_TRUE(replace_file(folder.path() / "breaches.db", std::string(8192, 'x')).has_value());
  auto settings = settings_in(folder.path());
  std::string told;
  settings.on_trouble = [&](const LogTrouble& trouble) { told = trouble.text; };
  const auto log = open_log(settings);
  EXPECT_THAT(told, HasSubstr("moved to"));
  EXPECT_TRUE(append_and_wait(*log, a_breach()).durable);
  int aside = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
    aside += entry.path().filename().string().starts_with("breaches.db.damaged-");
  EXPECT_EQ(aside, 1);
}

TEST(DamagedLog, AMissingLogIsToldWhereThereWasOne) {
  const TemporaryFolder folder;
  {
    ASSERT_TRUE(append_and_wait(*open_log(settings_in(folder.path())), a_breach()).durable);
  }
  std::filesystem::remove(folder.path() / "breaches.db");
  auto settings = settings_in(folder.path());
  std::string told;
  settings.on_trouble = [&](const LogTrouble& trouble) { told = trouble.text; };
  open_log(settings);
  EXPECT_THAT(told, HasSubstr("was missing"));
}

TEST(DamagedLog, AFreshFolderWithOnlyAKeyIsNoTrouble) {
  const TemporaryFolder folder;
  ASSERT_TRUE(store::StateKey::load_or_create(folder.path()).has_value());
  auto settings = settings_in(folder.path());
  int told = 0;
  settings.on_trouble = [&](const LogTrouble&) { ++told; };
  open_log(settings);
  EXPECT_EQ(told, 0);
}

// SQLite's locks belong to the process: whatever else here opens and closes the file must not drop them, or the last
// reader elsewhere would take the write-ahead log away.
TEST_P(FailingDiskWithReader, AReopenedLogKeepsItsRecordsWhileOthersReadAndLeave) {
  std::uint64_t written = 0;
  {
    const auto log = open_log(settings());
    written = append_until_durable(*log);
    auto reader = store::Database::open(folder_.path() / "breaches.db", store::Database::Access::read);
    ASSERT_TRUE(reader.has_value() && reader->run("SELECT count(*) FROM records").has_value());
    disk_.become(Mood::broken);
    EXPECT_FALSE(append_and_wait(*log, a_breach()).durable);
    disk_.become(Mood::well);
    wait_for(LogTrouble::Kind::recovered);
    const pid_t child = ::fork();
    if (child == 0) {
      const std::string look = "import sqlite3; sqlite3.connect('" + (folder_.path() / "breaches.db").string() +
                               "').execute('SELECT count(*) FROM records').fetchall()";
      ::execl("/usr/bin/python3", "python3", "-c", look.c_str(), nullptr);
      ::_exit(127);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ASSERT_TRUE(std::filesystem::exists(folder_.path() / "breaches.db-wal"));
    written += 1 + append_until_durable(*log);
  }
  expect_whole(written);
}

// A gateway in a process of its own that appends without end and writes the id of every acknowledged record to `pipe`.
void append_until_killed(const std::filesystem::path& folder, int pipe) {
  const auto log = open_log(settings_in(folder));
  std::atomic<int> in_flight = 0;
  while (true) {
    while (in_flight.load() >= 64) std::this_thread::yield();
    ++in_flight;
    Breach breach = a_breach();
    const auto id = breach.id.bytes();
    log->append(std::move(breach), [&in_flight, pipe, id](Receipt receipt) {
      if (receipt.durable && ::write(pipe, id.data(), id.size()) != ssize_t(id.size())) ::_exit(1);
      --in_flight;
    });
  }
}

std::string hyphenated(const std::string& bytes) {
  std::string hex = to_hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  for (const std::size_t at : {8u, 13u, 18u, 23u}) hex.insert(at, "-");
  return '"' + hex + '"';
}

TEST(KilledLog, NoAcknowledgedRecordIsLostAtAnyInstant) {
  const TemporaryFolder folder;
  const char* wanted = std::getenv("SCHOOLGATE_KILL_ROUNDS");
  const int rounds = wanted ? std::atoi(wanted) : 25;
  std::mt19937 random(20261122);
  std::set<std::string> acknowledged;
  for (int round = 0; round < rounds; ++round) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(pipe[0]);
      // On a thread of its own: the main one's store of random bytes for ids was copied by fork().
      std::thread([&] { append_until_killed(folder.path(), pipe[1]); }).join();
    }
    ::close(pipe[1]);
    const auto kill_after = std::uniform_int_distribution<std::size_t>(0, 300)(random);
    std::string bytes;
    char chunk[4096];
    bool killed = false;
    while (true) {
      if (!killed && bytes.size() / 16 >= kill_after) killed = ::kill(child, SIGKILL) == 0;
      const auto got = ::read(pipe[0], chunk, sizeof chunk);
      if (got <= 0) break;
      bytes.append(chunk, std::size_t(got));
    }
    ::close(pipe[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    for (std::size_t at = 0; at + 16 <= bytes.size(); at += 16) acknowledged.insert(hyphenated(bytes.substr(at, 16)));
    // Killed before the first record: there may be no log yet.
    if (!std::filesystem::exists(folder.path() / "state.key")) continue;
    {
      open_log(settings_in(folder.path()));
    }
    const auto report = verify_breaches(folder.path());
    ASSERT_TRUE(report.has_value()) << report.error().text();
    ASSERT_FALSE(report->fault.has_value()) << "round " << round << ": " << report->fault->text;
  }
  std::set<std::string> kept;
  const auto lines = lines_of(exported(folder.path()));
  for (const std::string& line : lines) kept.insert(field(line, "id"));
  EXPECT_EQ(kept.size(), lines.size()) << "a record is there twice";
  EXPECT_GT(acknowledged.size(), std::size_t(rounds));
  for (const std::string& id : acknowledged) ASSERT_TRUE(kept.contains(id)) << "lost: " << id;
  std::set<std::string> episodes;
  for (const std::string& line : lines) episodes.insert(field(line, "episode"));
  EXPECT_EQ(episodes.size(), 1u) << "one device, one theme, one moment: one episode, through every kill";
}

}  // namespace
}  // namespace schoolgate::breaches
