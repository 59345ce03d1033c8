// Against guessing: whoever fails too often waits, longer each time, and never for good.
//
// Thread-safe. Keys are whatever the caller counts by: an account, an address, both. Holds at most 50,000 of them and
// forgets a key an hour after its last failure.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace schoolgate::identity {

class Backoff {
 public:
  using Clock = std::chrono::steady_clock;
  struct Rule {
    std::uint32_t free_attempts;      ///< failures before the first wait
    std::chrono::seconds first_wait;  ///< doubles with each further failure
    std::chrono::seconds longest_wait;
  };

  explicit Backoff(Rule rule) : rule_(rule) {}

  /// How long `key` must still wait; zero when it may try.
  [[nodiscard]] std::chrono::seconds wait(std::string_view key, Clock::time_point now) const;
  /// Counts a failure. Returns the wait that follows from it; zero when there is none yet.
  std::chrono::seconds failed(std::string_view key, Clock::time_point now);
  void succeeded(std::string_view key);

 private:
  struct Entry {
    std::uint32_t failures = 0;
    Clock::time_point last{}, until{};
  };
  void make_room(Clock::time_point now);

  const Rule rule_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace schoolgate::identity
