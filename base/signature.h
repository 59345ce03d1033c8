// Ed25519 signatures (RFC 8032) and BLAKE2b-512 (RFC 7693), from OpenSSL's libcrypto: how downloads prove their origin.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace schoolgate {

using Ed25519Key = std::array<std::uint8_t, 32>;
using Ed25519Signature = std::array<std::uint8_t, 64>;
using Blake2b512 = std::array<std::uint8_t, 64>;

/// True when `signature` is `key`'s over exactly these bytes.
[[nodiscard]] bool verify_ed25519(const Ed25519Key& key, std::string_view message, const Ed25519Signature& signature);
/// Reads a public key in PEM ("-----BEGIN PUBLIC KEY-----"). Fault config: no such key in it.
[[nodiscard]] Result<Ed25519Key> ed25519_key_from_pem(std::string_view pem);
[[nodiscard]] Blake2b512 blake2b512(std::string_view bytes);

}  // namespace schoolgate
