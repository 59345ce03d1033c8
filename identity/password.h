// How passwords are kept and judged: Argon2id (RFC 9106) in its encoded form, with a salt of its own each.
//
// Stateless; any thread, but never a worker's: one hash or check costs about 20 ms of a core and 19 MiB for that long.
// The cost is OWASP's first row for Argon2id that suits a gateway where 500 people sign in at the first bell:
// 19 MiB, two passes, one lane (OWASP Password Storage Cheat Sheet). Nothing here puts a password into an error.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace schoolgate::identity {

inline constexpr std::size_t kShortestPassword = 8;  ///< characters, as NIST SP 800-63B section 5.1.1.2 asks
inline constexpr std::size_t kLongestPassword =
    256;  ///< bytes: nothing longer is hashed, so a long text cannot make us work

/// "$argon2id$v=19$m=19456,t=2,p=1$…". Fault host: no memory; fault client: longer than kLongestPassword.
[[nodiscard]] Result<std::string> hash_password(std::string_view password);

/// True when `password` is the one that was hashed. False for an encoded form that is none, or that asks for more than
/// 256 MiB or 16 passes.
[[nodiscard]] bool verify_password(const std::string& encoded, std::string_view password) noexcept;

/// Costs what a check costs and says no: for names without an account, so that time does not tell which names exist.
void verify_nobody(std::string_view password) noexcept;

/// True for what was hashed with another cost than today's: hash it anew when its owner has just signed in.
[[nodiscard]] bool needs_rehash(std::string_view encoded) noexcept;

/// Why `password` will not do for `user`, as a sentence to its owner; nothing when it will do. Looks at length, the
/// user's own name and the commonest choices; asks for no mixture of kinds of characters (NIST SP 800-63B).
[[nodiscard]] std::optional<std::string> weakness_of(std::string_view password, std::string_view user);

}  // namespace schoolgate::identity
