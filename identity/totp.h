// Time-based one-time passwords (RFC 6238): HMAC-SHA-1, six digits, steps of 30 seconds, as every authenticator app
// has them. Pure functions; the step that was used last is kept in user_database.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace schoolgate::identity {

/// 20 random bytes (RFC 4226 section 4, R6), as bytes.
[[nodiscard]] std::string make_totp_secret();

/// RFC 4648 base32 without padding: what people type into their app.
[[nodiscard]] std::string to_base32(std::string_view bytes);
/// Either case; spaces and padding are skipped. Nothing for other characters.
[[nodiscard]] std::optional<std::string> from_base32(std::string_view text);

/// "otpauth://totp/ISSUER:ACCOUNT?secret=…&issuer=ISSUER&digits=6&period=30", percent-encoded: what the QR code holds.
[[nodiscard]] std::string totp_uri(std::string_view secret, std::string_view issuer, std::string_view account);

/// The step that `now` lies in: seconds since 1970 / 30.
[[nodiscard]] std::int64_t totp_step(TimePoint now) noexcept;
/// Six digits. Aborts never; empty when this machine's OpenSSL refuses SHA-1.
[[nodiscard]] std::string totp_code(std::string_view secret, std::int64_t step);

/// The step that `code` is right for, among the one of `now` and its two neighbours, when it is later than `last_used`
/// (a code opens once: RFC 6238 section 5.2). Spaces in `code` are skipped. Constant time in the code.
[[nodiscard]] std::optional<std::int64_t> check_totp(std::string_view secret, std::string_view code, TimePoint now,
                                                     std::int64_t last_used);

}  // namespace schoolgate::identity
