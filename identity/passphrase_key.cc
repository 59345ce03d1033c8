#include "identity/passphrase_key.h"

#include <argon2.h>

#include <string>

namespace schoolgate::identity {

Result<Sha256> key_of_passphrase(std::string_view passphrase, std::string_view salt, const PassphraseCost& cost) {
  Sha256 key{};
  const int done = argon2id_hash_raw(cost.passes, cost.kibibytes, cost.lanes, passphrase.data(), passphrase.size(),
                                     salt.data(), salt.size(), key.data(), key.size());
  if (done != ARGON2_OK)
    return fail(Fault::host, std::string("no key can be made of the passphrase: ") + argon2_error_message(done),
                "it takes 64 MiB of memory for a moment");
  return key;
}

}  // namespace schoolgate::identity
