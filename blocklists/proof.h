// How a fetched list proves that it is what its publisher published: a file of SHA-256 sums, a minisign signature, or a
// bare Ed25519 signature. Pure: bytes in, an answer out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace schoolgate::blocklists {

/// `sums` is in the format of sha256sum(1); the line of `file_name` counts, or the only line there is. Fault upstream:
/// another sum, or none for this file.
[[nodiscard]] Result<void> check_sha256(std::string_view content, std::string_view file_name, std::string_view sums);

/// What a good signature says besides.
struct Signed {
  std::uint64_t timestamp = 0;  ///< of minisign's trusted comment; 0 when it has none
};

/// `signature` is a minisign signature (legacy or prehashed) and `public_key` a minisign key, or `signature` is 64
/// bytes (raw or base64) and `public_key` a PEM. Fault upstream: it does not fit; config: the key cannot be read.
[[nodiscard]] Result<Signed> check_signature(std::string_view content, std::string_view signature,
                                             std::string_view public_key);

}  // namespace schoolgate::blocklists
