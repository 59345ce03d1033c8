#include "identity/credentials_pool.h"

#include <gtest/gtest.h>

#include <future>
#include <string>

namespace schoolgate::identity {
namespace {

// One thread, which waits in its first job until everything else is queued: so the order is the pool's alone.
class PoolTest : public ::testing::Test {
 protected:
  PoolTest() {
    std::promise<void> busy;
    EXPECT_TRUE(pool_.take("first", [&busy, go = go_.get_future().share()](std::size_t) {
      busy.set_value();
      go.wait();
    }));
    busy.get_future().wait();
  }
  ~PoolTest() override {
    if (!gone_) go_.set_value();
  }
  bool asks(const std::string& client, int number) {
    return pool_.take(client, [this, said = client + std::to_string(number) + " "](std::size_t) { order_ += said; });
  }
  std::string order() {
    std::promise<void> done;
    gone_ = true;
    go_.set_value();
    while (pool_.waiting() != 0) std::this_thread::yield();
    EXPECT_TRUE(pool_.take("last", [&](std::size_t) { done.set_value(); }));
    done.get_future().wait();
    return order_;
  }

  bool gone_ = false;
  std::promise<void> go_;
  std::string order_;  // the pool's one thread writes it
  CredentialsPool pool_{1, 80};
};

TEST_F(PoolTest, ServesClientsInTurnAndEachInItsOwnOrder) {
  for (int i = 1; i <= 4; ++i) EXPECT_TRUE(asks("flood", i));
  EXPECT_TRUE(asks("amelia", 1));
  EXPECT_TRUE(asks("noah", 1));
  EXPECT_TRUE(asks("amelia", 2));
  EXPECT_EQ(order(), "flood1 amelia1 noah1 flood2 amelia2 flood3 flood4 ");
}

TEST_F(PoolTest, OneClientHasAnEighthOfTheQueueAtMost) {
  int taken = 0;
  while (taken < 80 && asks("flood", taken)) ++taken;
  EXPECT_EQ(taken, 10);
  EXPECT_TRUE(asks("amelia", 1));
}

TEST_F(PoolTest, TheWholeQueueIsBoundedToo) {
  for (int i = 0; i < 80; ++i) EXPECT_TRUE(asks("client" + std::to_string(i), i));
  EXPECT_FALSE(asks("amelia", 1));
  EXPECT_FALSE(pool_.take(CredentialsPool::kOurselves, [](std::size_t) {}));
}

TEST_F(PoolTest, WorkThatCanBeLeftOutIsWhenHalfIsFull) {
  for (int i = 0; i < 40; ++i) EXPECT_TRUE(asks("client" + std::to_string(i), i));
  EXPECT_FALSE(pool_.take_if_idle([](std::size_t) {}));
  EXPECT_TRUE(asks("amelia", 1));
}

}  // namespace
}  // namespace schoolgate::identity
