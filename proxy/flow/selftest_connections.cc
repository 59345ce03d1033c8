#include "proxy/flow/selftest_connections.h"

#include <algorithm>
#include <utility>

namespace schoolgate::flow {

bool SelftestConnections::expect(const net::Endpoint& from, Selftest what, Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(expected_, [&](const Expected& one) { return one.until <= now || one.from == from; });
  const bool fits = expected_.size() < kMost;
  if (fits) expected_.push_back({from, std::move(what), now + kFor});
  count_.store(expected_.size(), std::memory_order_release);
  return fits;
}

std::optional<Selftest> SelftestConnections::take(const net::Endpoint& peer, Clock::time_point now) {
  if (count_.load(std::memory_order_acquire) == 0) return std::nullopt;
  const std::scoped_lock lock(mutex_);
  std::optional<Selftest> taken;
  std::erase_if(expected_, [&](Expected& one) {
    const bool is_it = one.from == peer && one.until > now;
    if (is_it) taken = std::move(one.what);
    return is_it || one.until <= now;
  });
  count_.store(expected_.size(), std::memory_order_release);
  return taken;
}

}  // namespace schoolgate::flow
