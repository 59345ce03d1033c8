#include "identity/message_digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <memory>

namespace schoolgate::identity {

std::optional<Md5> md5(std::initializer_list<std::string_view> pieces) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  if (!context || EVP_DigestInit_ex(context.get(), EVP_md5(), nullptr) != 1) return std::nullopt;
  for (const std::string_view piece : pieces)
    if (EVP_DigestUpdate(context.get(), piece.data(), piece.size()) != 1) return std::nullopt;
  Md5 digest{};
  unsigned length = 0;
  if (EVP_DigestFinal_ex(context.get(), digest.data(), &length) != 1 || length != digest.size()) return std::nullopt;
  return digest;
}

std::optional<Sha1> hmac_sha1(std::string_view key, std::string_view bytes) {
  Sha1 digest{};
  unsigned length = 0;
  if (key.data() == nullptr) key = "";  // which HMAC() would take for "the key of the call before"
  if (!HMAC(EVP_sha1(), key.data(), int(key.size()), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
            digest.data(), &length) ||
      length != digest.size())
    return std::nullopt;
  return digest;
}

}  // namespace schoolgate::identity
