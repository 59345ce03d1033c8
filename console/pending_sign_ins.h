// Sign-ins whose password was right and whose code is still to come: so that no password is typed twice and none
// travels in a hidden field.
//
// Bounded and short-lived; what is dropped is wiped. Thread-safe.
#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "identity/password_secret.h"
#include "names/ip_address.h"

namespace schoolgate::console {

class PendingSignIns {
 public:
  static constexpr std::chrono::minutes kGoodFor{5};
  static constexpr std::size_t kMost = 50;

  struct Pending {
    std::string token, user;
    identity::Secret password;
    names::IpAddress address;
    TimePoint until{};
  };

  /// The token for the form that asks for the code. When there are too many, the oldest has to begin again.
  [[nodiscard]] std::string add(std::string_view user, std::string_view password, const names::IpAddress& address,
                                TimePoint now);
  /// Takes it out, when it is still good and the same device asks.
  [[nodiscard]] std::optional<Pending> take(std::string_view token, const names::IpAddress& address, TimePoint now);

 private:
  std::mutex mutex_;
  std::deque<Pending> pending_;
};

}  // namespace schoolgate::console
