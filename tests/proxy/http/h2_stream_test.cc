#include "proxy/http/h2_stream.h"

#include <gtest/gtest.h>

#include <string>

namespace schoolgate::http {
namespace {

TEST(SendQueue, FirstInFirstOut) {
  SendQueue queue;
  std::string pushed, popped;
  for (std::size_t i = 0; i < 2000; ++i) {
    const std::string piece(i % 97, char('a' + i % 26));
    queue.push(piece);
    pushed += piece;
    const std::size_t size = std::min(queue.size(), i % 89);
    popped += queue.front(size);
    queue.pop(size);
  }
  popped += queue.front(queue.size());
  queue.pop(queue.size());
  EXPECT_EQ(popped, pushed);
  EXPECT_EQ(queue.size(), 0U);
}

TEST(SendQueue, WhatHasNotGoneStaysWhereItIsRead) {
  SendQueue queue;
  queue.push("abcdef");
  queue.pop(2);
  EXPECT_EQ(queue.front(3), "cde");
  EXPECT_EQ(queue.front(100), "cdef");
}

TEST(Allowance, IsSpentEarnedAndNeverMoreThanFull) {
  Allowance allowance(3);
  EXPECT_TRUE(allowance.spend(2));
  EXPECT_FALSE(allowance.spend(2));
  EXPECT_TRUE(allowance.spend(1));
  EXPECT_FALSE(allowance.spend(1));
  allowance.earn(1);
  EXPECT_TRUE(allowance.spend(1));
  allowance.earn(0xFFFFFFFF);
  EXPECT_TRUE(allowance.spend(3));
  EXPECT_FALSE(allowance.spend(1));
  allowance.renew();
  EXPECT_TRUE(allowance.spend(3));
}

}  // namespace
}  // namespace schoolgate::http
