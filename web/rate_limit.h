// How often somebody may do something: a token bucket per key (an address, an account), bounded in keys.
//
// Thread-safe. When all places are taken by keys that still wait, a new key is refused: a flood must not open the gate.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace schoolgate::web {

class RateLimit {
 public:
  using Clock = std::chrono::steady_clock;

  /// `burst` at once, then one more each `interval`.
  RateLimit(unsigned burst, std::chrono::milliseconds interval, std::size_t most_keys = 10'000);

  /// Takes one; zero when it may go on, else how long to wait (for Retry-After).
  [[nodiscard]] std::chrono::milliseconds take(std::string_view key, Clock::time_point now = Clock::now());
  [[nodiscard]] std::size_t keys() const;

 private:
  void forget_full(Clock::time_point now);

  mutable std::mutex mutex_;
  unsigned burst_;
  std::chrono::milliseconds interval_;
  std::size_t most_keys_;
  /// When the bucket will be full again.
  std::unordered_map<std::string, Clock::time_point> full_at_;
};

}  // namespace schoolgate::web
