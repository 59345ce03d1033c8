// Passwords that were right or wrong lately, as keyed hashes: so that a browser's six connections are one question, and
// a directory that is down does not lock a school out.
//
// The key is random and lives in this process only; a password is never kept in any other form. Thread-safe; holds at
// most 20,000 answers.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/digest.h"

namespace schoolgate::identity {

class SeenPasswords {
 public:
  using Clock = std::chrono::steady_clock;
  struct Ages {
    std::chrono::seconds right;        ///< a right password is believed so long without asking
    std::chrono::seconds wrong;        ///< and a wrong one disbelieved
    std::chrono::seconds when_silent;  ///< and a right one when the directory does not answer
  };

  explicit SeenPasswords(Ages ages);

  /// What stands for a name with a password. Nothing can be learnt from it without the key.
  [[nodiscard]] std::string digest(std::string_view user, std::string_view password) const;

  enum class Seen { never, right, wrong };
  [[nodiscard]] Seen look_up(const std::string& digest, Clock::time_point now) const;
  /// True when it was right at its last answer and that is not too long ago.
  [[nodiscard]] bool was_right(const std::string& digest, Clock::time_point now) const;

  void put(const std::string& digest, std::string_view user, bool right, Clock::time_point now);
  /// The account is switched off, or its password was changed: nothing that was right is any more.
  void forget(std::string_view user);

 private:
  struct Entry {
    std::string user;
    bool right = false;
    Clock::time_point at{};
  };

  const Ages ages_;
  Sha256 key_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace schoolgate::identity
