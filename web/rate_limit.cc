#include "web/rate_limit.h"

namespace schoolgate::web {

RateLimit::RateLimit(unsigned burst, std::chrono::milliseconds interval, std::size_t most_keys)
    : burst_(burst), interval_(interval), most_keys_(most_keys) {}

std::chrono::milliseconds RateLimit::take(std::string_view key, Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  auto found = full_at_.find(std::string(key));
  if (found == full_at_.end()) {
    if (full_at_.size() >= most_keys_) forget_full(now);
    if (full_at_.size() >= most_keys_) return interval_;
    found = full_at_.emplace(key, now).first;
  }
  Clock::time_point& full_at = found->second;
  const Clock::time_point next = std::max(full_at, now) + interval_;
  const auto over = next - (now + interval_ * burst_);
  if (over > Clock::duration::zero()) return std::chrono::ceil<std::chrono::milliseconds>(over);
  full_at = next;
  return std::chrono::milliseconds(0);
}

void RateLimit::forget_full(Clock::time_point now) {
  std::erase_if(full_at_, [&](const auto& entry) { return entry.second <= now; });
}

std::size_t RateLimit::keys() const {
  const std::scoped_lock lock(mutex_);
  return full_at_.size();
}

}  // namespace schoolgate::web
