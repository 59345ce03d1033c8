// The signed call with which a logon script reports that a person has signed in to a machine, or out of it.
//
//   POST /logon   user=amelia.hughes&address=10.20.1.15&event=in&time=1795338000&signature=<hex>
//   signature = HMAC-SHA-256(secret, "v1\nuser\naddress\nevent\ntime"), each as sent; time in seconds since 1970
//
// Pure but for its memory of signatures, which is thread-safe; the portal calls it. A call is good once and within five
// minutes of our clock.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <expected>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/error.h"
#include "identity/seen_marks.h"
#include "names/ip_address.h"

namespace schoolgate::identity {

/// The five parameters as they came, decoded.
struct LogonParameters {
  std::string user, address, event, time, signature;
};

struct LogonCall {
  std::string user;  ///< canonical account name
  names::IpAddress address;
  bool in = true;  ///< false: signed out, or the screen is locked and another person may use it next
};

enum class LogonRefusal : std::uint8_t { malformed, wrong_signature, stale, repeated, too_many };
inline constexpr std::size_t kLogonRefusals = 5;
/// A sentence for the script's log.
[[nodiscard]] std::string_view to_string(LogonRefusal refusal) noexcept;

struct LogonCounters {
  std::uint64_t taken = 0;
  std::array<std::uint64_t, kLogonRefusals> refused{};
};

class LogonCalls {
 public:
  static constexpr std::chrono::minutes kSkew{5};
  static constexpr std::size_t kRemembered = 100'000;

  /// The secret is the file's first line. Fault config: unreadable, or shorter than 16 characters.
  [[nodiscard]] static Result<LogonCalls> open(const std::filesystem::path& secret_file);
  explicit LogonCalls(std::string secret) : state_(std::make_unique<State>()), secret_(std::move(secret)) {}

  /// Calls that were taken by an earlier process are not taken again. Fault host.
  [[nodiscard]] Result<void> keep_seen_in(const std::filesystem::path& file) { return state_->kept.keep_in(file); }
  /// The signature is looked at before anything else is read.
  [[nodiscard]] std::expected<LogonCall, LogonRefusal> read(const LogonParameters& parameters, TimePoint now);
  [[nodiscard]] LogonCounters counters() const;

  /// What a script has to send as `signature`; for the tests and the documentation.
  [[nodiscard]] static std::string sign(std::string_view secret, const LogonParameters& parameters);

 private:
  struct State {
    std::mutex mutex;
    std::unordered_map<std::string, TimePoint> seen;  ///< signature -> when it may be forgotten
    std::deque<std::string> order;
    SeenMarks kept{kRemembered};  ///< the same, over a restart
    LogonCounters counters;
  };
  [[nodiscard]] std::expected<LogonCall, LogonRefusal> judge(const LogonParameters& parameters, TimePoint now);

  std::unique_ptr<State> state_;
  std::string secret_;
};

}  // namespace schoolgate::identity
