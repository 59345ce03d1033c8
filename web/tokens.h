// Tokens that we sign and that somebody else brings back: form tokens, links in mails, set-up links.
//
// HMAC-SHA-256 over purpose, time of expiry and payload. The payload can be read by whoever holds the token: no secrets
// in it. A token proves that we made it for that purpose, not that it is used for the first time. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace schoolgate::web {

class Tokens {
 public:
  /// `key`: 32 secret bytes, e.g. of store::StateKey::sign("web tokens", …) or random when tokens may die with the
  /// process.
  explicit Tokens(std::string key);
  [[nodiscard]] static Tokens with_random_key();

  /// base64url; of the payload's length and a half plus 60 characters.
  [[nodiscard]] std::string sign(std::string_view purpose, std::string_view payload, TimePoint expires) const;
  /// The payload, when the token was made by sign() for that purpose and has not expired.
  [[nodiscard]] std::optional<std::string> verify(std::string_view purpose, std::string_view token,
                                                  TimePoint now) const;

 private:
  std::string key_;
};

/// `bytes` random bytes as base64url: session ids, one-time links.
[[nodiscard]] std::string random_token(std::size_t bytes = 32);

}  // namespace schoolgate::web
