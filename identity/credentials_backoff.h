// Against guessing: after too many failures the next attempt waits, longer each time, and never for good.
//
// An attempt counts from the moment at which it is taken, not from its answer: two hundred guesses at once are no more
// guesses than two hundred in a row. So as many are under way at once as there are free failures left, and behind a
// wait one.
//
// Thread-safe. Keys are chosen by the caller: an account, an address, both. Holds at most 50,000 of them and
// forgets a key an hour after its last failure; when all of them wait or are under way, a new key is held up: a flood
// of names must not open the gate.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace schoolgate::identity {

class Backoff {
 public:
  using Clock = std::chrono::steady_clock;
  enum class OnSuccess : std::uint8_t { forgets, keeps };  ///< what a right attempt does to the failures before it
  struct Rule {
    std::uint32_t free_attempts;      ///< failures before the first wait
    std::chrono::seconds first_wait;  ///< doubles with each further failure
    std::chrono::seconds longest_wait;
    OnSuccess success = OnSuccess::forgets;
  };
  /// Why an attempt may not be made now.
  struct HeldUp {
    enum class Why : std::uint8_t {
      failures,   ///< too many were wrong
      under_way,  ///< as many as may be wrong are being judged, or there is no room to count another key
    };
    Why why = Why::failures;
    std::chrono::seconds wait{1};
  };

  explicit Backoff(Rule rule) : rule_(rule) {}

  /// How long `key` must still wait; zero when it may try.
  [[nodiscard]] std::chrono::seconds wait(std::string_view key, Clock::time_point now) const;

  /// One attempt is being made. Each that is taken ends in exactly one of the three below: Attempt sees to it.
  [[nodiscard]] std::expected<void, HeldUp> take(std::string_view key, Clock::time_point now);
  /// It was wrong. Returns the wait that follows from it; zero when there is none yet.
  std::chrono::seconds failed(std::string_view key, Clock::time_point now);
  void succeeded(std::string_view key);
  /// It was not judged.
  void given_up(std::string_view key);

 private:
  struct Entry {
    std::uint32_t failures = 0, under_way = 0;
    Clock::time_point last{}, until{};
  };
  [[nodiscard]] bool has_room(Clock::time_point now);
  void end_one(std::unordered_map<std::string, Entry>::iterator found);

  const Rule rule_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
};

/// One attempt, counted under several keys at once until it is answered. Movable; given up when it goes unanswered. The
/// tables must outlive it.
class Attempt {
 public:
  struct Count {
    Backoff& table;
    std::string key;
  };
  /// All of them, or none: then what holds it up longest.
  [[nodiscard]] static std::expected<Attempt, Backoff::HeldUp> take(std::vector<Count> counts,
                                                                    Backoff::Clock::time_point now);
  Attempt(Attempt&& other) noexcept : counts_(std::exchange(other.counts_, {})) {}
  Attempt& operator=(Attempt&& other) noexcept {
    counts_.swap(other.counts_);
    return *this;
  }
  ~Attempt();

  /// The longest wait that follows from it.
  std::chrono::seconds failed(Backoff::Clock::time_point now);
  void succeeded();

 private:
  struct Counted {
    Backoff* table;
    std::string key;
  };
  Attempt() = default;
  std::vector<Counted> counts_;
};

}  // namespace schoolgate::identity
