#include "base/signature.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>

namespace schoolgate {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

}  // namespace

bool verify_ed25519(const Ed25519Key& key, std::string_view message, const Ed25519Signature& signature) {
  const Key loaded(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()), &EVP_PKEY_free);
  const DigestContext context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  if (loaded == nullptr || context == nullptr) return false;
  if (EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, loaded.get()) != 1) return false;
  return EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                          reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1;
}

Result<Ed25519Key> ed25519_key_from_pem(std::string_view pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> source(BIO_new_mem_buf(pem.data(), int(pem.size())), &BIO_free);
  const Key loaded(source ? PEM_read_bio_PUBKEY(source.get(), nullptr, nullptr, nullptr) : nullptr, &EVP_PKEY_free);
  Ed25519Key key{};
  std::size_t size = key.size();
  if (loaded == nullptr || EVP_PKEY_id(loaded.get()) != EVP_PKEY_ED25519 ||
      EVP_PKEY_get_raw_public_key(loaded.get(), key.data(), &size) != 1 || size != key.size())
    return fail(Fault::config, "not an Ed25519 public key in PEM form");
  return key;
}

Blake2b512 blake2b512(std::string_view bytes) {
  Blake2b512 out{};
  EVP_Digest(bytes.data(), bytes.size(), out.data(), nullptr, EVP_blake2b512(), nullptr);
  return out;
}

}  // namespace schoolgate
