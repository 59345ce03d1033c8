// Sealing a few bytes so that only the holder of a key can read them, and nobody can change them unnoticed: AES-256-GCM
// (NIST SP 800-38D) from OpenSSL's libcrypto.
//
// A fresh random nonce of 96 bits each time: for keys that seal millions of texts, not billions. Pure but for the
// random bytes; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"

namespace schoolgate {

/// nonce (12 bytes), ciphertext, tag (16 bytes). `about` is not in it but must be the same when it is opened.
[[nodiscard]] std::string seal(const Sha256& key, std::string_view text, std::string_view about);
/// nullopt when it was not sealed with this key and `about`, or was changed.
[[nodiscard]] std::optional<std::string> open_sealed(const Sha256& key, std::string_view box, std::string_view about);

}  // namespace schoolgate
