// The breach log's database when any single operation on the disk fails, each in turn, and when all after it do: after
// a new start nothing is lost that was said to be kept, nothing is there twice, and the chain is whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "breaches/breach_store.h"
#include "breaches/verify.h"
#include "store/state_key.h"
#include "tests/breaches/failing_disk.h"
#include "tests/breaches/support.h"

namespace schoolgate::breaches {
namespace {

const TimePoint kFirstDay = at("2026-11-23T09:30:00Z"), kSecondDay = at("2026-11-24T09:30:00Z");

class Torture : public testing::TestWithParam<bool> {
 protected:
  // A life of the database in which the disk fails once, or from then on until it is mended. False when it was over
  // before it came to that.
  bool live_with_failure_at(std::uint64_t number) {
    const TemporaryFolder folder;
    folder_ = &folder;
    kept_.clear();
    store_.reset();
    auto key = store::StateKey::load_or_create(folder.path());
    key_ = &*key;
    disk_.fail_operation(number, GetParam());

    open();
    write({a_breach(kFirstDay), a_breach(kFirstDay), a_sealed_breach(kFirstDay)});
    const std::vector<std::string> of_first_day = kept_;
    write({a_breach(kSecondDay)});
    attempt([&] { return store_->checkpoint_all().has_value(); });
    attempt([&] { return store_->remove_before(kSecondDay, kSecondDay).has_value(); });
    std::erase_if(kept_,
                  [&](const std::string& id) { return std::ranges::find(of_first_day, id) != of_first_day.end(); });
    write({a_breach(kSecondDay), a_breach(kSecondDay)});
    const bool failed = disk_.operations() >= number || mended_;
    store_.reset();
    disk_.become(FailingDisk::Mood::well);
    mended_ = false;

    std::vector<std::string> there;
    for (const std::string& line : lines_of(exported(folder.path()))) there.push_back(field(line, "id"));
    EXPECT_THAT(there, testing::UnorderedElementsAreArray(kept_));
    const auto report = verify_breaches(folder.path());
    EXPECT_TRUE(report.has_value()) << report.error().text();
    if (report) EXPECT_FALSE(report->fault.has_value()) << report->fault->text;
    return failed;
  }

 private:
  static Breach a_sealed_breach(TimePoint time) {
    Breach breach = a_breach(time);
    breach.reason.tier = "illegal";
    breach.reason.sealed = breach.reason.illegal = true;
    return breach;
  }

  // As the log does it: what has failed is thrown away and opened anew, on a disk that was mended.
  void open() {
    std::optional<std::filesystem::path> aside;
    const BreachStore::Settings settings{
        .folder = folder_->path(), .school = "S", .gateway = "G", .vfs = FailingDisk::kName};
    auto opened = BreachStore::open(settings, *key_, aside);
    if (!opened) {
      mend();
      opened = BreachStore::open(settings, *key_, aside);
      ASSERT_TRUE(opened) << opened.error().text();
    }
    EXPECT_FALSE(aside.has_value()) << "a disk that cannot be read is no damaged file";
    store_ = *std::move(opened);
  }

  template <class Step>
  void attempt(Step step) {
    if (step()) return;
    mend();
    store_.reset();
    open();
    ASSERT_NE(store_, nullptr);
    EXPECT_TRUE(step());
  }

  void write(const std::vector<Breach>& breaches) {
    for (const Breach& breach : breaches) kept_.push_back('"' + breach.id.text() + '"');  // as field() reads it
    if (store_->write(breaches, true)) return;
    const std::string attempted = store_->attempted_hash();
    mend();
    store_.reset();
    open();
    ASSERT_NE(store_, nullptr);
    if (!attempted.empty() && store_->head().hash == attempted) return;  // it had reached the disk all the same
    EXPECT_TRUE(store_->write(breaches, true));
  }

  void mend() {
    mended_ = true;
    disk_.become(FailingDisk::Mood::well);
  }

  FailingDisk disk_;
  const TemporaryFolder* folder_ = nullptr;
  const store::StateKey* key_ = nullptr;
  std::unique_ptr<BreachStore> store_;
  std::vector<std::string> kept_;
  bool mended_ = false;
};

TEST_P(Torture, WhateverOperationFailsNothingIsLostOrDoubled) {
  std::uint64_t number = 1;
  while (live_with_failure_at(number) && !HasFailure()) ++number;
  EXPECT_FALSE(HasFailure()) << "at operation " << number;
  EXPECT_GT(number, 50u) << "hardly anything was tried";
  RecordProperty("operations", int(number) - 1);
}

INSTANTIATE_TEST_SUITE_P(Once, Torture, testing::Values(false));
INSTANTIATE_TEST_SUITE_P(FromThenOn, Torture, testing::Values(true));

}  // namespace
}  // namespace schoolgate::breaches
