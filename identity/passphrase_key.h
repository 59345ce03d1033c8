// A key made of a passphrase by Argon2id (RFC 9106), for what is sealed under one: a backup.
//
// Stateless; any thread. Costs what its numbers say: 64 MiB and three passes are about a quarter of a second.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/digest.h"
#include "base/error.h"

namespace schoolgate::identity {

struct PassphraseCost {
  std::uint32_t kibibytes = 0, passes = 0, lanes = 0;
};

/// Fault host: no memory, or numbers that Argon2 does not take.
[[nodiscard]] Result<Sha256> key_of_passphrase(std::string_view passphrase, std::string_view salt,
                                               const PassphraseCost& cost);

}  // namespace schoolgate::identity
