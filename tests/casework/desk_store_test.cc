#include "casework/desk_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "breaches/verify.h"
#include "tests/casework/desk_support.h"

namespace schoolgate::casework {
namespace {

using namespace std::chrono_literals;

using Desk = DeskFixture;

TEST_F(Desk, IsForItsOwnerOnly) {
  struct stat about{};
  ASSERT_EQ(::stat((folder_.path() / kDeskFile).c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
}

TEST_F(Desk, EveryViewIsRecordedForGood) {
  ASSERT_TRUE(desk_->record_view(kDsl, "7GQ4-2MXKD9", "amelia.hughes", kSchoolDay).has_value());
  ASSERT_TRUE(desk_->record_view(kDeputy, "7GQ4-2MXKD9", "amelia.hughes", kSchoolDay + 1min).has_value());
  reopen();
  const auto entries = desk_->journal({.person = "amelia.hughes"});
  ASSERT_EQ(entries->size(), 2u);
  EXPECT_EQ((*entries)[0].by, "d.eputy");
  EXPECT_EQ((*entries)[0].what, "view");
  EXPECT_EQ((*entries)[1].time, kSchoolDay);
  EXPECT_EQ(desk_->journal({.by = "d.lead"})->size(), 1u);
  EXPECT_EQ(desk_->journal({.since = kSchoolDay + 1min})->size(), 1u);
  EXPECT_EQ(desk_->journal({.limit = 1})->size(), 1u);
}

TEST_F(Desk, TheChainHasNoNameAndShowsATamperedEntry) {
  ASSERT_TRUE(desk_->record_view(kDsl, "7GQ4", "amelia.hughes", kSchoolDay).has_value());
  ASSERT_TRUE(desk_->record_view(kDsl, "7GQ5", "amelia.hughes", kSchoolDay).has_value());
  auto report = breaches::verify_chain(folder_.path() / kDeskFile, folder_.path());
  ASSERT_TRUE(report.has_value());
  EXPECT_FALSE(report->fault.has_value());
  EXPECT_EQ(report->records, 2u);
  auto records = desk_->database().prepare("SELECT group_concat(record) FROM records");
  ASSERT_EQ(records->step(), store::Statement::Step::row);
  EXPECT_EQ(records->text(0).find("amelia"), std::string_view::npos);
  records->reset();
  ASSERT_TRUE(desk_->database().run("UPDATE records SET record = replace(record, '7GQ4', '7GQ6')").has_value());
  report = breaches::verify_chain(folder_.path() / kDeskFile, folder_.path());
  ASSERT_TRUE(report->fault.has_value());
  EXPECT_EQ(report->fault->seq, 1u);
}

TEST_F(Desk, ManyThreadsWithAConnectionEachKeepOneChain) {
  constexpr int kThreads = 4, kEach = 25;
  std::vector<std::thread> threads;
  std::atomic<int> done = 0;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&, i] {
      auto own = DeskStore::open(folder_.path());
      if (!own) return;
      for (int k = 0; k < kEach; ++k)
        done += (*own)->record_view(kDsl, "about-" + std::to_string(i), "p", kSchoolDay).has_value();
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, kThreads * kEach);
  const auto report = breaches::verify_chain(folder_.path() / kDeskFile, folder_.path());
  EXPECT_FALSE(report->fault.has_value()) << report->fault->text;
  EXPECT_EQ(report->records, std::uint64_t(kThreads * kEach));
  EXPECT_EQ(desk_->journal({.limit = 1000})->size(), std::size_t(kThreads * kEach));
}

TEST_F(Desk, TheFirstAcknowledgementCounts) {
  ASSERT_TRUE(desk_->acknowledge(kDsl, "e1", "amelia.hughes", kSchoolDay).has_value());
  ASSERT_TRUE(
      desk_->acknowledge(kDeputy, "e1", "amelia.hughes", kSchoolDay + 1h, Assessment::false_positive, "a lesson"));
  const auto kept = *desk_->acknowledgements("e1");
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept.front().by, "d.lead");
  EXPECT_EQ(kept.front().at, kSchoolDay);
  EXPECT_EQ(kept.back().by, "d.eputy");
  EXPECT_EQ(assessment_of(kept), Assessment::false_positive);
  EXPECT_TRUE(*desk_->is_taken_up("e1"));
  EXPECT_FALSE(*desk_->is_taken_up("e2"));
  EXPECT_TRUE(desk_->acknowledgements("e2")->empty());
}

TEST_F(Desk, WhoMayNotOrSendsUnfitTextDoesNotAcknowledge) {
  for (const Viewer& viewer : {kTechnician, kGovernor})
    EXPECT_EQ(desk_->acknowledge(viewer, "e1", "x", kSchoolDay).error().fault, Fault::client);
  EXPECT_FALSE(desk_->acknowledge(kDsl, "e1", "D.Lead", kSchoolDay).has_value());
  EXPECT_FALSE(desk_->acknowledge(kDsl, "e1", "x", kSchoolDay, Assessment::none, "\xff").has_value());
  EXPECT_FALSE(
      desk_->acknowledge(kDsl, "e1", "x", kSchoolDay, Assessment::none, std::string(1 << 20, 'x')).has_value());
  EXPECT_FALSE(*desk_->is_taken_up("e1"));
  EXPECT_TRUE(desk_->journal({})->empty());
}

TEST_F(Desk, ACanaryIsConfirmedOnceByItsOwnToken) {
  ASSERT_TRUE(desk_->begin_canary("token-1", kSchoolDay).has_value());
  EXPECT_FALSE(*desk_->confirm_canary("token-2", "d.lead", kSchoolDay + 1h));
  EXPECT_FALSE(*desk_->confirm_canary("", "d.lead", kSchoolDay + 1h));
  EXPECT_TRUE(*desk_->confirm_canary("token-1", "d.lead", kSchoolDay + 1h));
  EXPECT_FALSE(*desk_->confirm_canary("token-1", "h.ead", kSchoolDay + 2h));
  EXPECT_EQ((*desk_->last_canary())->confirmed_by, "d.lead");
  ASSERT_TRUE(desk_->begin_canary("token-3", kSchoolDay).has_value());
  EXPECT_FALSE(*desk_->confirm_canary("token-3", "d.lead", kSchoolDay + 24h * 8));
}

TEST_F(Desk, NotesForTheRecordAreCheckedToo) {
  ASSERT_TRUE(desk_->note(kDsl, "letter", "ref", "amelia.hughes", "draft made", kSchoolDay).has_value());
  EXPECT_FALSE(desk_->note(kDsl, "letter", "ref", "", std::string(5000, 'x'), kSchoolDay).has_value());
  EXPECT_EQ(desk_->journal({.what = "letter"})->size(), 1u);
}

}  // namespace
}  // namespace schoolgate::casework
