// What stands between a measure and its end: a store that cannot be read.
#include "app/policy_keeper.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>

namespace schoolgate::app {
namespace {

using rules::Measure;

const TimePoint kKeptAtNine = from_rfc3339("2026-11-23T09:00:00Z").value();
Moment at_nine() { return {kKeptAtNine, SteadyTime(std::chrono::hours(5))}; }

rules::PolicySpec policy() {
  rules::PolicySpec spec;
  spec.version = "1";
  spec.timezone = "UTC";
  spec.groups.push_back({.id = "pupils", .title = "Pupils"});
  spec.fallback = "pupils";
  return spec;
}

std::shared_ptr<const rules::PolicySnapshot> compiled(const rules::PolicySpec& spec) {
  Problems warnings;
  return rules::PolicySnapshot::compile(spec, blocklists::CategoryDb::empty(), kKeptAtNine, warnings).value();
}

Measure measure(Measure::Kind kind, std::string site) {
  Measure one{.kind = kind, .id = "0197b2c4-0000-7000-8000-000000000001", .sites = {std::move(site)}};
  if (kind != Measure::Kind::emergency) one.groups = {"pupils"};
  one.by = "j.smith";
  one.why = "seen in class";
  one.from = kKeptAtNine - std::chrono::minutes(5);
  one.until = kind == Measure::Kind::emergency ? TimePoint::max() : kKeptAtNine + std::chrono::minutes(30);
  return one;
}

class Keeper : public ::testing::Test {
 protected:
  Keeper() {
    std::string name = (std::filesystem::temp_directory_path() / "schoolgate-keeper-XXXXXX").string();
    state_ = ::mkdtemp(name.data());
  }
  ~Keeper() override { std::filesystem::remove_all(state_); }

  // A gateway that starts now.
  void start() {
    store_ = std::make_unique<rules::PolicyStore>(compiled(policy()));
    keeper_ = std::make_unique<PolicyKeeper>(
        *store_, state_, [this](TimePoint) { return measures_; },
        [this](const Measure& lost) { return put_back(lost); }, [](const std::string&) { return Result<void>(); },
        [this](const std::string& why) { told_.push_back(why); });
    use();
  }
  void use() {
    for (const Problem& problem : keeper_->use(policy(), compiled(policy()), at_nine()))
      ADD_FAILURE() << problem.text();
  }
  [[nodiscard]] bool is_blocked(std::string_view url) const {
    const auto policy = store_->current();
    const auto request = rules::Request::of_url(*names::Url::parse(url), "GET", url);
    return policy->decide({}, request, rules::Stage::request, kKeptAtNine).action == rules::Action::block;
  }

  Result<bool> put_back(const Measure& lost) {
    if (!is_writable_) return fail(Fault::host, "the disk is full");
    if (closed_.contains(lost.id) || std::ranges::find(*measures_, lost.id, &Measure::id) != measures_->end())
      return false;
    measures_->push_back(lost);
    return true;
  }
  // The store is gone, and with it all that it knew.
  void lose_the_store() {
    measures_ = std::vector<Measure>();
    closed_.clear();
  }
  void undo(const Measure& measure) {
    std::erase_if(*measures_, [&](const Measure& one) { return one.id == measure.id; });
    closed_.insert(measure.id);
  }

  std::filesystem::path state_;
  Result<std::vector<Measure>> measures_;
  std::set<std::string> closed_;
  bool is_writable_ = true;
  std::vector<std::string> told_;
  std::unique_ptr<rules::PolicyStore> store_;
  std::unique_ptr<PolicyKeeper> keeper_;
};

TEST_F(Keeper, AnEmergencyBlockStaysWhenItsStoreCannotBeReadAnyMore) {
  measures_ = std::vector{measure(Measure::Kind::emergency, "films.example")};
  start();
  ASSERT_TRUE(is_blocked("http://films.example/"));
  measures_ = fail(Fault::host, "the disk is damaged");
  use();
  EXPECT_TRUE(is_blocked("http://films.example/"));
  ASSERT_EQ(told_.size(), 1u);
  EXPECT_TRUE(told_[0].contains("the disk is damaged")) << told_[0];
}

TEST_F(Keeper, AnEmergencyBlockOutlivesARestartWhoseStoreCannotBeRead) {
  measures_ = std::vector{measure(Measure::Kind::emergency, "films.example")};
  start();
  measures_ = fail(Fault::host, "the disk is damaged");
  start();
  EXPECT_TRUE(is_blocked("http://films.example/"));
  EXPECT_FALSE(is_blocked("http://other.example/"));
}

TEST_F(Keeper, AStoreThatCanBeReadAgainIsBelieved) {
  measures_ = std::vector{measure(Measure::Kind::emergency, "films.example")};
  start();
  measures_ = fail(Fault::host, "the disk is damaged");
  start();
  measures_ = std::vector<Measure>();
  closed_.insert(measure(Measure::Kind::emergency, "films.example").id);
  ASSERT_TRUE(keeper_->refresh(at_nine()));
  EXPECT_FALSE(is_blocked("http://films.example/"));
  EXPECT_EQ(told_.back(), "");
  measures_ = fail(Fault::host, "the disk is damaged");
  start();
  EXPECT_FALSE(is_blocked("http://films.example/")) << "it was undone";
}

TEST_F(Keeper, AnEmergencyBlockOutlivesARestartWithoutItsStoreAndIsToldUntilItIsUndone) {
  const Measure block = measure(Measure::Kind::emergency, "films.example");
  measures_ = std::vector{block};
  start();
  ASSERT_TRUE(told_.empty());
  lose_the_store();
  start();
  EXPECT_TRUE(is_blocked("http://films.example/"));
  ASSERT_EQ(told_.size(), 1u);
  EXPECT_TRUE(told_[0].starts_with("desk.db no longer had measure emergency ")) << told_[0];
  EXPECT_TRUE(told_[0].contains("emergency undo")) << told_[0];
  EXPECT_EQ(measures_->size(), 1u) << "it is in the store again";
  keeper_->retry(at_nine());
  EXPECT_TRUE(is_blocked("http://films.example/"));
  EXPECT_EQ(told_.size(), 1u) << "told once";
  undo(block);
  ASSERT_TRUE(keeper_->refresh(at_nine()));
  EXPECT_FALSE(is_blocked("http://films.example/"));
  EXPECT_EQ(told_.back(), "");
  start();
  EXPECT_FALSE(is_blocked("http://films.example/")) << "it was undone";
}

TEST_F(Keeper, AStoreThatIsRemovedWhileItCannotBeReadLosesNoEmergencyBlock) {
  measures_ = std::vector{measure(Measure::Kind::emergency, "films.example")};
  start();
  measures_ = fail(Fault::host, "the disk is damaged");
  start();
  lose_the_store();
  keeper_->retry(at_nine());
  EXPECT_TRUE(is_blocked("http://films.example/"));
  EXPECT_TRUE(told_.back().contains("no longer had")) << told_.back();
}

TEST_F(Keeper, WhatCannotBePutBackStaysInForceAndIsTriedAgain) {
  measures_ = std::vector{measure(Measure::Kind::exam, "maths.example")};
  start();
  ASSERT_TRUE(is_blocked("http://films.example/"));
  lose_the_store();
  is_writable_ = false;
  start();
  EXPECT_TRUE(is_blocked("http://films.example/"));
  EXPECT_TRUE(told_.back().contains("the disk is full")) << told_.back();
  EXPECT_EQ(KeptMeasures(state_).read().size(), 1u);
  is_writable_ = true;
  keeper_->retry(at_nine());
  EXPECT_TRUE(is_blocked("http://films.example/"));
  EXPECT_EQ(measures_->size(), 1u);
  keeper_->refresh_if_due({kKeptAtNine + std::chrono::minutes(31), SteadyTime(std::chrono::hours(6))});
  EXPECT_FALSE(is_blocked("http://films.example/")) << "its time is over";
  EXPECT_EQ(told_.back(), "");
}

TEST_F(Keeper, ASupervisedSessionIsNotOpenedFromMemoryAfterARestart) {
  measures_ = std::vector{measure(Measure::Kind::supervised, "games.example")};
  start();
  EXPECT_TRUE(KeptMeasures(state_).read().empty());
}

}  // namespace
}  // namespace schoolgate::app
