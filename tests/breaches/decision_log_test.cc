#include "breaches/decision_log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>

#include "base/file.h"
#include "tests/breaches/support.h"

namespace schoolgate::breaches {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

Decision a_decision() {
  Decision decision;
  decision.time = at("2026-11-23T09:30:00.007Z");
  decision.group = "ks2";
  decision.device = "10.20.2.7";
  decision.method = "GET";
  decision.host = "maths.example";
  decision.url = "http://maths.example/fractions?name=jo";
  decision.action = "allow";
  decision.stage = "request";
  decision.bytes_in = 412;
  decision.bytes_out = 18734;
  decision.ms = 23.4175;
  return decision;
}

void rlimit_fsize(rlim_t bytes) {
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
  limit.rlim_cur = std::min(bytes, limit.rlim_max);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
}

class DecisionFile : public ::testing::Test {
 protected:
  void open(std::chrono::seconds retention = 24h * 90) {
    log_ = DecisionLog::open(file_, retention, [this] { return ClockStanding{doubt_.load(), now_.load()}; });
  }
  void write(const Decision& decision) {
    DecisionBuffer buffer(log_.get());
    buffer.append(decision);
    buffer.flush();
    log_->drain();
  }
  static std::string content(const std::filesystem::path& file) { return read_file(file).value_or("(no file)"); }

  TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "decisions.jsonl";
  std::atomic<TimePoint> now_ = at("2026-11-23T09:30:00Z");
  std::atomic<ClockDoubt> doubt_ = ClockDoubt::none;
  std::unique_ptr<DecisionLog> log_;
};

TEST_F(DecisionFile, ALineHasTheFieldsOfTheContractAndNoQuery) {
  open();
  write(a_decision());
  EXPECT_EQ(content(file_),
            R"({"time":"2026-11-23T09:30:00.007Z","group":"ks2","device":"10.20.2.7","kind":"","method":"GET",)"
            R"("host":"maths.example","url":"http://maths.example/fractions?…","action":"allow","category":"",)"
            R"("stage":"request","inspected":false,"bytes_in":412,"bytes_out":18734,"ms":23.418,"rule":""})"
            "\n");
}

TEST_F(DecisionFile, ALineTellsWhatPutsThePersonAndTheDeviceIntoAGroup) {
  open();
  Decision decision = a_decision();
  const std::vector<std::string> groups{"year 6", R"(a "choir")"};
  decision.groups = groups;
  decision.kind = "school";
  decision.by_name_only = decision.query = true;
  write(decision);
  EXPECT_THAT(content(file_), HasSubstr(R"("device":"10.20.2.7","kind":"school","method")"));
  EXPECT_THAT(content(file_), HasSubstr(R"("inspected":false,"groups":["year 6","a \"choir\""],"by_name_only":true,)"
                                        R"("query":true,"bytes_in":412)"));
}

TEST_F(DecisionFile, GroupsThatWouldMakeALineLongAreLeftOutWhole) {
  open();
  Decision decision = a_decision();
  const std::vector<std::string> groups(200, "a group of the directory");
  decision.groups = groups;
  write(decision);
  EXPECT_THAT(content(file_), HasSubstr(R"("inspected":false,"groups":null,"bytes_in")"));
}

TEST_F(DecisionFile, ASearchIsKeptByItsWords) {
  open();
  Decision decision = a_decision();
  decision.search = "number bonds";
  write(decision);
  EXPECT_NE(content(file_).find(R"(","search":"number bonds","action":)"), std::string::npos) << content(file_);
}

TEST_F(DecisionFile, SaysWhoAskedAndHowSureWeAreWhereThatIsKnown) {
  open();
  Decision decision = a_decision();
  decision.person = "amelia.hughes";
  decision.confidence = "login";
  decision.source = "sign-in";
  write(decision);
  EXPECT_THAT(content(file_), HasSubstr(R"("group":"ks2","person":"amelia.hughes","confidence":"login",)"
                                        R"("source":"sign-in","device":"10.20.2.7")"));
  decision.person = decision.source = {};
  decision.confidence = "unknown";
  write(decision);
  EXPECT_THAT(content(file_), HasSubstr(R"("group":"ks2","confidence":"unknown","device")"));
}

TEST_F(DecisionFile, SaysWhichPageAskedWhereAWalledGardenRefused) {
  open();
  Decision decision = a_decision();
  decision.page = "phonics.example";
  write(decision);
  EXPECT_THAT(content(file_), HasSubstr(R"(","page":"phonics.example","action":)"));
  decision.sealed = true;
  write(decision);
  const std::string both = content(file_);
  EXPECT_EQ(both.find("phonics.example"), both.rfind("phonics.example")) << both;
}

TEST_F(DecisionFile, SealedDecisionsWithholdHostAndUrl) {
  open();
  Decision decision = a_decision();
  decision.sealed = true;
  write(decision);
  EXPECT_THAT(content(file_), HasSubstr(R"("host":"sealed","url":"sealed","action")"));
  EXPECT_THAT(content(file_), Not(HasSubstr("maths")));
}

TEST_F(DecisionFile, HostileTextStaysInItsFieldAndLine) {
  open();
  Decision decision = a_decision();
  decision.host = "a\"\r\n{\x1b[31m\xfe";
  write(decision);
  EXPECT_THAT(content(file_), HasSubstr(R"("host":"a\"\r\n{\u001b[31m\ufffd",)"));
  EXPECT_EQ(lines_of(content(file_)).size(), 1u);
}

TEST_F(DecisionFile, TheFileIsReadableByItsGroupOnly) {
  open();
  struct stat about{};
  ASSERT_EQ(::stat(file_.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0640u);
}

TEST_F(DecisionFile, ANewDayBeginsANewFileAndOldOnesGo) {
  for (const char* name : {"decisions-2026-10-01.jsonl", "decisions-2026-11-22.jsonl", "decisions-by-hand.jsonl"})
    ASSERT_TRUE(replace_file(folder_.path() / name, "{}\n").has_value());
  open(24h * 30);
  write(a_decision());
  now_ = at("2026-11-24T00:00:00Z");
  write(a_decision());
  EXPECT_EQ(lines_of(content(file_)).size(), 1u);
  EXPECT_EQ(lines_of(content(folder_.path() / "decisions-2026-11-23.jsonl")).size(), 1u);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "decisions-2026-10-01.jsonl"));
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / "decisions-2026-11-22.jsonl"));
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / "decisions-by-hand.jsonl"));
}

TEST_F(DecisionFile, PackedFilesAndThoseOfAnotherRotationGoToo) {
  const auto put = [&](const char* name, TimePoint changed) {
    ASSERT_TRUE(replace_file(folder_.path() / name, "{}\n").has_value());
    const timespec time{.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(changed.time_since_epoch()).count()};
    const timespec both[2] = {time, time};
    ASSERT_EQ(::utimensat(AT_FDCWD, (folder_.path() / name).c_str(), both, 0), 0);
  };
  const TimePoint long_ago = at("2026-10-01T12:00:00Z"), lately = at("2026-11-22T12:00:00Z");
  const std::vector<const char*> old{"decisions-2026-10-01.jsonl.gz", "decisions-2026-10-02.jsonl.zst"};
  const std::vector<const char*> of_another{"decisions.jsonl.1", "decisions.jsonl.2.gz", "decisions.jsonl-20261001.gz"};
  const std::vector<const char*> kept{"decisions-2026-11-22.jsonl.gz", "decisions.jsonl.3", "others.jsonl.1",
                                      "decisions-by-hand.jsonl.gz"};
  for (const char* name : old) put(name, lately);
  for (const char* name : of_another) put(name, long_ago);
  for (const char* name : kept) put(name, lately);
  open(24h * 30);
  write(a_decision());
  now_ = at("2026-11-24T00:00:00Z");
  write(a_decision());
  for (const char* name : old) EXPECT_FALSE(std::filesystem::exists(folder_.path() / name)) << name;
  for (const char* name : of_another) EXPECT_FALSE(std::filesystem::exists(folder_.path() / name)) << name;
  for (const char* name : kept) EXPECT_TRUE(std::filesystem::exists(folder_.path() / name)) << name;
}

// The clock is 400 days ahead, or years behind, for a start: files go by the likely day, and none is removed.
TEST_F(DecisionFile, AClockThatIsNotBelievedRemovesNoFile) {
  for (const char* name : {"decisions-2026-08-01.jsonl", "decisions-2026-11-22.jsonl"})
    ASSERT_TRUE(replace_file(folder_.path() / name, "{}\n").has_value());
  open(24h * 90);
  write(a_decision());
  doubt_ = ClockDoubt::ahead;
  now_ = at("2026-11-24T00:00:00Z");  // what is likely
  write(a_decision());
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / "decisions-2026-08-01.jsonl"));
  doubt_ = ClockDoubt::none;
  now_ = at("2026-11-25T00:00:00Z");
  write(a_decision());
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "decisions-2026-08-01.jsonl"));
  for (const char* name : {"decisions-2026-11-22.jsonl", "decisions-2026-11-23.jsonl", "decisions-2026-11-24.jsonl"})
    EXPECT_TRUE(std::filesystem::exists(folder_.path() / name)) << name;
}

TEST_F(DecisionFile, AFileWhoseTimeIsThatOfAWrongClockIsNotTakenForAnOldOne) {
  for (const auto wrong : {-24h * 365 * 6, 24h * 400}) {
    ASSERT_TRUE(replace_file(file_, "{}\n").has_value());
    const auto time = std::chrono::file_clock::from_sys(now_.load() + wrong);
    std::filesystem::last_write_time(file_,
                                     std::chrono::time_point_cast<std::filesystem::file_time_type::duration>(time));
    open();
    write(a_decision());
    EXPECT_EQ(lines_of(content(file_)).size(), 2u) << wrong;
    log_.reset();
    std::filesystem::remove(file_);
  }
}

TEST_F(DecisionFile, AFileThatWasRenamedOrRemovedIsBegunAgain) {
  open();
  write(a_decision());
  std::filesystem::rename(file_, folder_.path() / "decisions.jsonl.1");
  write(a_decision());
  EXPECT_EQ(lines_of(content(file_)).size(), 1u);
  EXPECT_EQ(lines_of(content(folder_.path() / "decisions.jsonl.1")).size(), 1u);
  std::filesystem::remove(file_);
  write(a_decision());
  EXPECT_EQ(lines_of(content(file_)).size(), 1u);
  // As logrotate does it with `create`.
  std::filesystem::rename(file_, folder_.path() / "decisions.jsonl.2");
  ASSERT_TRUE(replace_file(file_, "").has_value());
  write(a_decision());
  EXPECT_EQ(lines_of(content(file_)).size(), 1u);
}

TEST_F(DecisionFile, ClosingWritesWhatWaits) {
  open();
  DecisionBuffer buffer(log_.get());
  for (int i = 0; i < 5000; ++i) buffer.append(a_decision());
  buffer.flush();
  log_.reset();
  EXPECT_EQ(lines_of(content(file_)).size(), 5000u);
}

TEST_F(DecisionFile, WhatAFullDiskDoesNotTakeIsCounted) {
  // The kernel's own limit on the size of a file: a write past it is cut short, and the next one fails (EFBIG).
  open();
  write(a_decision());
  rlimit_fsize(std::filesystem::file_size(file_) + 100);
  write(a_decision());
  rlimit_fsize(RLIM_INFINITY);
  EXPECT_EQ(log_->dropped(), 1u);
  write(a_decision());
  EXPECT_EQ(log_->dropped(), 1u);
  EXPECT_EQ(lines_of(content(file_)).size(), 2u) << "no torn line is left behind";
}

TEST_F(DecisionFile, MoreThanTheBoundIsDroppedAndCounted) {
  open();
  std::string block(65u << 20, 'x');
  block.back() = '\n';
  log_->submit(std::move(block), 17);
  EXPECT_EQ(log_->dropped(), 17u);
}

TEST(DecisionFileAbsent, IsToldOnceAndWrittenOnceItCanBe) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "nowhere" / "decisions.jsonl";
  std::vector<std::string> told;
  const auto log = DecisionLog::open(file, 24h, believed_clock, [&](const std::string& why) { told.push_back(why); });
  const auto write = [&] {
    log->submit("{}\n", 1);
    log->drain();
  };
  write();
  write();
  EXPECT_EQ(log->dropped(), 2u);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_THAT(told[0], ::testing::HasSubstr("cannot open"));
  std::filesystem::create_directory(file.parent_path());
  write();
  EXPECT_EQ(log->dropped(), 2u);
  EXPECT_EQ(*read_file(file), "{}\n");
  EXPECT_EQ(told, (std::vector<std::string>{told[0], ""}));
}

TEST(DecisionBufferAlone, WithoutALogItDoesNothing) {
  DecisionBuffer buffer(nullptr);
  buffer.append(a_decision());
  buffer.flush();  // must not touch the log that is not there
}

}  // namespace
}  // namespace schoolgate::breaches
