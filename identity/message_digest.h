// MD5, which RADIUS is built on (RFC 2865 section 3) and nothing else here uses. From OpenSSL's libcrypto; this is the
// only file of the room that knows it.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace schoolgate::identity {

using Md5 = std::array<std::uint8_t, 16>;

/// Over the pieces one after the other. Nothing where this machine's OpenSSL refuses MD5 (FIPS mode).
[[nodiscard]] std::optional<Md5> md5(std::initializer_list<std::string_view> pieces);

}  // namespace schoolgate::identity
