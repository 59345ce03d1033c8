// The devices that have read a warning page and gone on, and the sites for which they did.
//
// The continue button leads back to the same URL with a token; the token is bound to the device, the site and the
// clock hour it was made in, by a key that lives as long as the process. Redeeming it leaves a pass for that device and
// site, so the pages that follow need no second click. Thread-safe; consulted only when a verdict is "warn".
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "names/ip_address.h"

namespace schoolgate::flow {

class WarningPasses {
 public:
  static constexpr std::string_view kParameter = "schoolgate-continue";
  static constexpr auto kLasts = std::chrono::minutes(60);

  WarningPasses();

  /// The text to offer behind the continue button.
  [[nodiscard]] std::string token(const names::IpAddress& device, std::string_view host, TimePoint now) const;
  /// True when `token` was made for this device and site in this clock hour or the one before; then there is a pass for
  /// kLasts from now on.
  [[nodiscard]] bool redeem(std::string_view token, const names::IpAddress& device, std::string_view host,
                            TimePoint now);
  [[nodiscard]] bool has(const names::IpAddress& device, std::string_view host, TimePoint now) const;

 private:
  [[nodiscard]] std::string sign(const names::IpAddress& device, std::string_view host, std::int64_t hour) const;

  static constexpr std::size_t kMost = 100'000;  ///< beyond, passes that ended are swept and new ones refused
  std::string key_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, TimePoint> until_;  ///< "device host" -> end
};

/// Takes "schoolgate-continue=…" out of an origin-form target: the token, and the target without it.
struct ContinuedTarget {
  std::string_view token;  ///< empty when there is none
  std::string target;
};
[[nodiscard]] ContinuedTarget split_continue(std::string_view target);

/// `target` with the token as its last parameter.
[[nodiscard]] std::string with_continue(std::string_view target, std::string_view token);

/// The answer to a redeemed token: the browser is sent to the page it wanted. `url` is absolute: a path that begins
/// with
/// "//" would lead to another site.
[[nodiscard]] std::string redirect_answer(std::string_view url, bool keep_alive);

}  // namespace schoolgate::flow
