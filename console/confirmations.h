// What was done, told once on the page that follows the form: never by what stands in the address alone.
//
// A confirmation is kept here under a token of its own, bound to the session that did it and to the path where it is to
// be read. An address with a made-up token, another session's or another page's shows nothing. Thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>

namespace schoolgate::console {

class Confirmations {
 public:
  using Steady = std::chrono::steady_clock::time_point;

  /// Keeps `text` for `session` (the token of its cookie; empty: for a page that is open to everybody) at `path`. Gives
  /// the address that shows it, with what `path` has as its query and fragment kept.
  [[nodiscard]] std::string keep(std::string_view session, std::string_view path, std::string text, Steady now);
  /// The text that is kept under `token` for that session and path, once; empty when there is none.
  [[nodiscard]] std::string take(std::string_view token, std::string_view session, std::string_view path, Steady now);

  static constexpr std::size_t kMost = 1000;
  static constexpr std::chrono::minutes kFor{10};

 private:
  struct Kept {
    std::string token, session, path, text;
    Steady until;
  };
  std::mutex mutex_;
  std::deque<Kept> kept_;  // oldest first
};

}  // namespace schoolgate::console
