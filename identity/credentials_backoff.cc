#include "identity/credentials_backoff.h"

#include <algorithm>

namespace schoolgate::identity {
namespace {

constexpr std::size_t kMostKeys = 50'000;
constexpr std::chrono::hours kForgotten{1};

}  // namespace

std::chrono::seconds Backoff::wait(std::string_view key, Clock::time_point now) const {
  const std::scoped_lock lock(mutex_);
  const auto found = entries_.find(std::string(key));
  if (found == entries_.end() || found->second.until <= now) return std::chrono::seconds{0};
  return std::chrono::ceil<std::chrono::seconds>(found->second.until - now);
}

std::chrono::seconds Backoff::failed(std::string_view key, Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  if (entries_.size() >= kMostKeys) make_room(now);
  Entry& entry = entries_[std::string(key)];
  if (entry.failures > 0 && now - entry.last > kForgotten) entry = Entry{};
  ++entry.failures;
  entry.last = now;
  if (entry.failures < rule_.free_attempts) return std::chrono::seconds{0};
  const std::uint32_t doublings = std::min<std::uint32_t>(entry.failures - rule_.free_attempts, 20);
  const auto wait = std::min(rule_.first_wait * (std::int64_t{1} << doublings), rule_.longest_wait);
  entry.until = now + wait;
  return wait;
}

void Backoff::succeeded(std::string_view key) {
  const std::scoped_lock lock(mutex_);
  entries_.erase(std::string(key));
}

void Backoff::make_room(Clock::time_point now) {
  std::erase_if(entries_, [&](const auto& entry) { return now - entry.second.last > kForgotten; });
  if (entries_.size() < kMostKeys) return;
  // Somebody makes keys faster than they age: keep those that wait, they are what the table is for.
  std::erase_if(entries_, [&](const auto& entry) { return entry.second.until <= now; });
  if (entries_.size() >= kMostKeys) entries_.clear();
}

}  // namespace schoolgate::identity
