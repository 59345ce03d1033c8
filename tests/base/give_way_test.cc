#include "base/give_way.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

namespace schoolgate {
namespace {

int own_priority() { return ::getpriority(PRIO_PROCESS, 0); }

TEST(GiveWay, OnlyTheThreadThatCallsIsLessUrgent) {
  const int before = own_priority();
  int there = 0, beside = 0;
  std::thread([&] {
    give_way();
    there = own_priority();
    std::thread([&] { beside = own_priority(); }).join();
  }).join();
  EXPECT_EQ(there, std::min(before + 10, 19));
  EXPECT_EQ(beside, there) << "what it starts is its own work";
  EXPECT_EQ(own_priority(), before);
}

}  // namespace
}  // namespace schoolgate
