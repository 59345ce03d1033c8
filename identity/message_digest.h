// The old digests that protocols are built on and nothing else here uses: MD5 for RADIUS (RFC 2865 section 3),
// HMAC-SHA-1 for one-time passwords (RFC 4226). From OpenSSL's libcrypto; this is the only file of the room that knows
// it.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace schoolgate::identity {

using Md5 = std::array<std::uint8_t, 16>;
using Sha1 = std::array<std::uint8_t, 20>;

/// Over the pieces one after the other. Nothing where this machine's OpenSSL refuses MD5 (FIPS mode).
[[nodiscard]] std::optional<Md5> md5(std::initializer_list<std::string_view> pieces);

/// RFC 2104. Nothing where this machine's OpenSSL refuses SHA-1.
[[nodiscard]] std::optional<Sha1> hmac_sha1(std::string_view key, std::string_view bytes);

}  // namespace schoolgate::identity
