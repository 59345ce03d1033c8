#include "proxy/net/deadlines.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

namespace schoolgate::net {
namespace {

using std::chrono::seconds;

struct Bell final : Deadline {
  explicit Bell(DeadlineList& list) : Deadline(list) {}
  void on_deadline() override {
    ++rung;
    at = deadlines().now();
  }
  int rung = 0;
  std::uint32_t at = 0;
};

TEST(Deadlines, RunOutOnceAndNotBeforeTheirTime) {
  DeadlineList list;
  Bell bell(list);
  bell.expire_after(seconds(3));
  list.advance(3);
  EXPECT_EQ(bell.rung, 0);
  list.advance(1);
  EXPECT_EQ(bell.rung, 1);
  EXPECT_FALSE(bell.has_deadline());
  list.advance(600);
  EXPECT_EQ(bell.rung, 1);
}

TEST(Deadlines, MoveLaterAndSooner) {
  DeadlineList list;
  Bell later(list), sooner(list);
  later.expire_after(seconds(2));
  later.expire_after(seconds(50));
  sooner.expire_after(seconds(50));
  sooner.expire_after(seconds(2));
  list.advance(10);
  EXPECT_EQ(later.rung, 0);
  EXPECT_EQ(sooner.rung, 1);
  list.advance(100);
  EXPECT_EQ(later.at, 51u);
}

TEST(Deadlines, ClearedOnesNeverRun) {
  DeadlineList list;
  Bell bell(list);
  bell.expire_after(seconds(5));
  bell.clear_deadline();
  list.advance(2000);
  EXPECT_EQ(bell.rung, 0);
  bell.expire_after(seconds(1));
  list.advance(2);
  EXPECT_EQ(bell.rung, 1);
}

TEST(Deadlines, LongerThanTheWheelStillEndOnTime) {
  DeadlineList list;
  Bell bell(list);
  bell.expire_after(seconds(3600));
  list.advance(3600);
  EXPECT_EQ(bell.rung, 0);
  list.advance();
  EXPECT_EQ(bell.rung, 1);
}

TEST(Deadlines, MovedAndDestroyedEntriesKeepTheListWhole) {
  DeadlineList list;
  struct Movable final : Deadline {
    Movable(DeadlineList& l, int& c) : Deadline(l), count(&c) {}
    void on_deadline() override { ++*count; }
    int* count;
  };
  int count = 0;
  std::vector<Movable> entries;
  for (int i = 0; i < 100; ++i) {
    entries.emplace_back(list, count);  // moves the others now and then
    entries.back().expire_after(seconds(5));
  }
  entries.erase(entries.begin(), entries.begin() + 40);
  list.advance(6);
  EXPECT_EQ(count, 60);
}

TEST(Deadlines, AnEntryMayDestroyOthersAndSetNewOnes) {
  DeadlineList list;
  struct Reaper final : Deadline {
    Reaper(DeadlineList& l, std::vector<std::unique_ptr<Bell>>& v) : Deadline(l), victims(v) {}
    void on_deadline() override {
      victims.clear();
      expire_after(seconds(0));
      ++runs;
    }
    std::vector<std::unique_ptr<Bell>>& victims;
    int runs = 0;
  };
  std::vector<std::unique_ptr<Bell>> victims;
  Reaper reaper(list, victims);
  reaper.expire_after(seconds(1));
  for (int i = 0; i < 10; ++i) victims.emplace_back(std::make_unique<Bell>(list))->expire_after(seconds(1));
  list.advance(2);
  EXPECT_EQ(reaper.runs, 1);
  list.advance(3);
  EXPECT_EQ(reaper.runs, 4);
}

TEST(Deadlines, RandomMovesAgreeWithAPlainModel) {
  DeadlineList list;
  std::mt19937 random(7);
  std::vector<std::unique_ptr<Bell>> bells;
  std::vector<std::uint32_t> due(200, 0);  // 0: none
  std::vector<int> rung(200, 0);
  for (int i = 0; i < 200; ++i) bells.push_back(std::make_unique<Bell>(list));
  for (int round = 0; round < 3000; ++round) {
    for (int moves = int(random() % 20); moves > 0; --moves) {
      const std::size_t i = random() % bells.size();
      if (random() % 10 == 0) {
        bells[i]->clear_deadline();
        due[i] = 0;
      } else {
        const std::uint32_t limit = random() % (random() % 5 == 0 ? 1000 : 30);
        bells[i]->expire_after(seconds(limit));
        due[i] = list.now() + limit + 1;
      }
    }
    list.advance();
    for (std::size_t i = 0; i < bells.size(); ++i) {
      if (due[i] == list.now()) {
        ++rung[i];
        due[i] = 0;
      }
      ASSERT_EQ(bells[i]->rung, rung[i]) << "entry " << i << " at " << list.now();
    }
  }
}

TEST(Deadlines, EntriesMayOutliveTheirList) {
  auto list = std::make_unique<DeadlineList>();
  Bell bell(*list);
  bell.expire_after(seconds(1));
  list.reset();
  EXPECT_EQ(bell.rung, 0);
}

TEST(Deadlines, TicksComeFromTheClock) {
  asio::io_context io(1);
  DeadlineList list;
  Bell bell(list);
  bell.expire_after(seconds(0));
  asio::co_spawn(io, run_ticks(list), asio::detached);
  while (bell.rung == 0) ASSERT_GT(io.run_one_for(seconds(20)), 0u);
  EXPECT_GE(list.now(), 1u);
}

}  // namespace
}  // namespace schoolgate::net
