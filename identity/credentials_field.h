// The value of a Proxy-Authorization field, taken apart: "Basic …" (RFC 7617, UTF-8) or "Negotiate …" (RFC 4559).
//
// Pure; fuzzed (tests/fuzz/negotiate_token_fuzz.cc). What it cannot read is an error, never a guess.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/base64.h"
#include "base/error.h"
#include "identity/password_secret.h"

namespace schoolgate::identity {

inline constexpr std::size_t kLongestCredentials =
    90'000;  ///< characters: the largest token, in base64, and its scheme

struct BasicCredentials {
  std::string user;
  Secret password;
};
struct NegotiateCredentials {
  std::string token;  ///< decoded
};
using ReadCredentials = std::variant<BasicCredentials, NegotiateCredentials>;

/// Fault client: too long, another scheme, no base64, Basic without a colon, control characters or what is no UTF-8.
/// The error holds no part of the field. Wipes nothing of the caller's.
[[nodiscard]] Result<ReadCredentials> read_credentials(std::string_view field);

/// As schoolgate::from_base64(), at most `limit` bytes and at least one.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text, std::size_t limit);

}  // namespace schoolgate::identity
