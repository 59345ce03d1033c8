// Typed text that came when its session was over: kept for the account that typed it, until that one has signed in
// again.
//
// In memory, of this process, for a day. Nothing of it is done before its author sends it once more. Thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "web/form.h"

namespace schoolgate::console {

struct KeptForm {
  std::string path;  ///< where it was sent to
  std::vector<std::pair<std::string, std::string>> fields;
};

class KeptForms {
 public:
  using Steady = std::chrono::steady_clock::time_point;

  /// Passwords, codes and form tokens are left out. Gives the token under which it is found again; empty: it is larger
  /// than what is kept.
  [[nodiscard]] std::string keep(std::string_view account, std::string_view path, const web::Form& form, Steady now);
  /// Of that account only; it stays until its day is over.
  [[nodiscard]] std::optional<KeptForm> find(std::string_view token, std::string_view account, Steady now);

  static constexpr std::size_t kMost = 500, kMostOfAccount = 10, kMostBytes = 64 * 1024;
  static constexpr std::chrono::hours kFor{24};

 private:
  struct Kept {
    std::string token, account;
    KeptForm form;
    Steady until;
  };
  std::mutex mutex_;
  std::deque<Kept> kept_;  // oldest first
};

/// The field that says, signed, which account a form was shown to.
inline constexpr std::string_view kWhoseField = "whose";

}  // namespace schoolgate::console
