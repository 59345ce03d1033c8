#include "proxy/net/buffer_pool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace schoolgate::net {
namespace {

TEST(BufferPool, BuffersComeBackAndAreTakenAgain) {
  BufferPool pool;
  char* first = nullptr;
  {
    Buffer buffer = pool.take_relay();
    ASSERT_EQ(buffer.size(), 65536u);
    std::memset(buffer.data(), 1, buffer.size());
    first = buffer.data();
    EXPECT_EQ(pool.relay_in_use(), 1u);
  }
  EXPECT_EQ(pool.relay_in_use(), 0u);
  EXPECT_EQ(pool.take_relay().data(), first);
  EXPECT_EQ(pool.take_head().size(), 16384u);
}

TEST(BufferPool, MovingHandsOverAndReleasesOnce) {
  BufferPool pool;
  Buffer a = pool.take_head();
  Buffer b = std::move(a);
  EXPECT_FALSE(a);  // NOLINT(bugprone-use-after-move): an empty handle is what a moved-from one is
  EXPECT_TRUE(b);
  b = pool.take_head();
  EXPECT_EQ(pool.head_in_use(), 1u);
  b.release();
  b.release();
  EXPECT_EQ(pool.head_in_use(), 0u);
}

TEST(BufferPool, HeadBuffersAreRefusedAtTheCap) {
  BufferPool pool({.relay_buffers = 1, .head_buffers = 2, .kept = 1});
  const Buffer a = pool.take_head(), b = pool.take_head();
  EXPECT_FALSE(pool.take_head());
  EXPECT_EQ(pool.head_refused(), 1u);
}

TEST(BufferPool, RelayBuffersShrinkAtTheCapButNeverEnd) {
  BufferPool pool({.relay_buffers = 2, .head_buffers = 1, .kept = 1});
  std::vector<Buffer> taken;
  for (int i = 0; i < 10; ++i) taken.push_back(pool.take_relay());
  EXPECT_EQ(taken[1].size(), BufferPool::kRelaySize);
  EXPECT_EQ(taken[2].size(), BufferPool::kSmallSize);
  EXPECT_EQ(pool.relay_pressed(), 8u);
  taken.clear();
  EXPECT_EQ(pool.take_relay().size(), BufferPool::kRelaySize);
}

}  // namespace
}  // namespace schoolgate::net
