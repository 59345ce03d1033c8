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

std::expected<void, Backoff::HeldUp> Backoff::take(std::string_view key, Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  auto found = entries_.find(std::string(key));
  if (found == entries_.end()) {
    if (!has_room(now)) return std::unexpected(HeldUp{.why = HeldUp::Why::under_way});
    found = entries_.emplace(std::string(key), Entry{}).first;
  }
  Entry& entry = found->second;
  if (entry.until > now)
    return std::unexpected(HeldUp{.wait = std::chrono::ceil<std::chrono::seconds>(entry.until - now)});
  if (entry.failures > 0 && now - entry.last > kForgotten) entry.failures = 0;
  const std::uint32_t left = entry.failures < rule_.free_attempts ? rule_.free_attempts - entry.failures : 1;
  if (entry.under_way >= left) return std::unexpected(HeldUp{.why = HeldUp::Why::under_way});
  ++entry.under_way;
  return {};
}

std::chrono::seconds Backoff::failed(std::string_view key, Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  const auto found = entries_.find(std::string(key));
  if (found == entries_.end()) return std::chrono::seconds{0};
  Entry& entry = found->second;
  if (entry.under_way > 0) --entry.under_way;
  if (entry.failures > 0 && now - entry.last > kForgotten) entry.failures = 0;
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
  const auto found = entries_.find(std::string(key));
  if (found == entries_.end()) return;
  if (rule_.success == OnSuccess::forgets) found->second.failures = 0, found->second.until = {};
  end_one(found);
}

void Backoff::given_up(std::string_view key) {
  const std::scoped_lock lock(mutex_);
  if (const auto found = entries_.find(std::string(key)); found != entries_.end()) end_one(found);
}

void Backoff::end_one(std::unordered_map<std::string, Entry>::iterator found) {
  Entry& entry = found->second;
  if (entry.under_way > 0) --entry.under_way;
  if (entry.under_way == 0 && entry.failures == 0) entries_.erase(found);
}

bool Backoff::has_room(Clock::time_point now) {
  if (entries_.size() < kMostKeys) return true;
  const auto forget = [&](const auto& is_over) {
    std::erase_if(entries_, [&](const auto& entry) { return entry.second.under_way == 0 && is_over(entry.second); });
    return entries_.size() < kMostKeys;
  };
  if (forget([&](const Entry& entry) { return now - entry.last > kForgotten; })) return true;
  // Somebody makes keys faster than they age: keep those that wait, they are what the table is for.
  return forget([&](const Entry& entry) { return entry.until <= now; });
}

std::expected<Attempt, Backoff::HeldUp> Attempt::take(std::vector<Count> counts, Backoff::Clock::time_point now) {
  Attempt attempt;
  std::expected<void, Backoff::HeldUp> refused;
  for (Count& count : counts) {
    if (auto taken = count.table.take(count.key, now)) {
      attempt.counts_.push_back({&count.table, std::move(count.key)});
    } else if (refused.has_value() || refused.error().wait < taken.error().wait) {
      refused = taken;
    }
  }
  if (!refused) return std::unexpected(refused.error());
  return attempt;
}

Attempt::~Attempt() {
  for (const Counted& count : counts_) count.table->given_up(count.key);
}

std::chrono::seconds Attempt::failed(Backoff::Clock::time_point now) {
  std::chrono::seconds longest{0};
  for (const Counted& count : std::exchange(counts_, {}))
    longest = std::max(longest, count.table->failed(count.key, now));
  return longest;
}

void Attempt::succeeded() {
  for (const Counted& count : std::exchange(counts_, {})) count.table->succeeded(count.key);
}

}  // namespace schoolgate::identity
