#include "proxy/net/upstream_pool.h"

#include "tests/proxy/net/loop.h"

namespace schoolgate::net {
namespace {

using std::chrono::seconds;

class UpstreamPoolTest : public Loop {
 protected:
  /// Puts a fresh connection and returns its descriptor number; the far end is kept in `far`.
  int put(UpstreamPool& pool, std::string_view key) {
    auto [near, other] = connection();
    const int fd = near.fd();
    far.push_back(std::move(other));
    pool.put(key, std::move(near));
    return fd;
  }
  std::vector<FileDescriptor> far;
};

TEST_F(UpstreamPoolTest, GivesBackTheYoungestOfTheKey) {
  UpstreamPool pool(deadlines);
  put(pool, "a");
  const int young = put(pool, "a");
  put(pool, "b");
  auto taken = pool.take("a");
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->fd(), young);
  EXPECT_EQ(pool.size(), 2u);
  EXPECT_FALSE(pool.take("c"));
  EXPECT_EQ(pool.counters().hits, 1u);
  EXPECT_EQ(pool.counters().misses, 1u);
  EXPECT_EQ(taken->send("GET").bytes, 3u);
}

TEST_F(UpstreamPoolTest, DeadConnectionsAreNotGivenOut) {
  UpstreamPool pool(deadlines);
  const int alive = put(pool, "a");
  put(pool, "a");
  far.back().reset();  // closed by the server
  put(pool, "a");
  send_text(far.back(), "HTTP/1.1 408 Request Timeout\r\n\r\n");  // speaks before it is asked
  auto taken = pool.take("a");
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->fd(), alive);
  EXPECT_EQ(pool.counters().dead, 2u);
  EXPECT_EQ(pool.size(), 0u);
}

TEST_F(UpstreamPoolTest, BoundsHoldAndTheLongestIdleGoes) {
  UpstreamPool pool(deadlines, {.per_key = 2, .total = 3, .idle = seconds(30)});
  put(pool, "a");
  put(pool, "a");
  put(pool, "a");
  EXPECT_EQ(pool.size(), 2u);
  EXPECT_EQ(read_to_end(far[0]), "");  // closed
  put(pool, "b");
  put(pool, "c");
  EXPECT_EQ(pool.size(), 3u);
  EXPECT_EQ(read_to_end(far[1]), "");
  EXPECT_EQ(pool.counters().evicted, 2u);
}

TEST_F(UpstreamPoolTest, IdleConnectionsAreClosedInTime) {
  UpstreamPool pool(deadlines, {.per_key = 8, .total = 8, .idle = seconds(10)});
  put(pool, "a");
  deadlines.advance(6);
  put(pool, "b");
  deadlines.advance(5);
  EXPECT_EQ(pool.size(), 1u);
  EXPECT_EQ(pool.counters().expired, 1u);
  EXPECT_TRUE(pool.take("b"));
  deadlines.advance(30);
  put(pool, "c");
  deadlines.advance(11);
  EXPECT_EQ(pool.size(), 0u);
}

TEST_F(UpstreamPoolTest, TheDeadlineOfTheLastRequestDoesNotFollow) {
  UpstreamPool pool(deadlines);
  auto [near, other] = connection();
  near.expire_after(seconds(2));
  pool.put("a", std::move(near));
  deadlines.advance(10);
  auto taken = pool.take("a");
  ASSERT_TRUE(taken);
  EXPECT_FALSE(taken->expired());
  EXPECT_TRUE(taken->send("x"));
}

TEST_F(UpstreamPoolTest, ClearClosesAll) {
  UpstreamPool pool(deadlines);
  put(pool, "a");
  put(pool, "b");
  pool.clear();
  EXPECT_EQ(pool.size(), 0u);
  EXPECT_EQ(read_to_end(far[0]), "");
  EXPECT_FALSE(pool.take("a"));
  put(pool, "a");
  EXPECT_TRUE(pool.take("a"));
}

}  // namespace
}  // namespace schoolgate::net
