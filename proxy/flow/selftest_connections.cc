#include "proxy/flow/selftest_connections.h"

#include <algorithm>

namespace schoolgate::flow {

bool SelftestConnections::expect(const net::Endpoint& from, Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(expected_, [&](const Expected& one) { return one.until <= now || one.from == from; });
  const bool fits = expected_.size() < kMost;
  if (fits) expected_.push_back({from, now + kFor});
  count_.store(expected_.size(), std::memory_order_release);
  return fits;
}

bool SelftestConnections::take(const net::Endpoint& peer, Clock::time_point now) {
  if (count_.load(std::memory_order_acquire) == 0) return false;
  const std::scoped_lock lock(mutex_);
  bool taken = false;
  std::erase_if(expected_, [&](const Expected& one) {
    const bool is_it = one.from == peer && one.until > now;
    taken |= is_it;
    return is_it || one.until <= now;
  });
  count_.store(expected_.size(), std::memory_order_release);
  return taken;
}

}  // namespace schoolgate::flow
