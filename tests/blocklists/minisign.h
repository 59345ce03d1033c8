// Makes minisign keys and signatures, for the tests of what checks them.
#pragma once

#include <openssl/evp.h>

#include <string>

#include "base/digest.h"
#include "base/signature.h"

namespace schoolgate::blocklists {

inline std::string to_base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  out.resize(std::size_t(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                         reinterpret_cast<const unsigned char*>(bytes.data()), int(bytes.size()))));
  return out;
}

class Minisigner {
 public:
  explicit Minisigner(std::string key_id = "8bytekey")
      : key_id_(std::move(key_id)), key_(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")) {}
  ~Minisigner() { EVP_PKEY_free(key_); }
  Minisigner(const Minisigner&) = delete;
  Minisigner& operator=(const Minisigner&) = delete;

  [[nodiscard]] std::string public_key() const {
    std::string raw(32, '\0');
    std::size_t size = raw.size();
    EVP_PKEY_get_raw_public_key(key_, reinterpret_cast<unsigned char*>(raw.data()), &size);
    return "untrusted comment: minisign public key\n" + to_base64("Ed" + key_id_ + raw) + "\n";
  }
  [[nodiscard]] std::string sign_raw(std::string_view message) const {
    std::string out(64, '\0');
    std::size_t size = out.size();
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_DigestSignInit(context, nullptr, nullptr, nullptr, key_);
    EVP_DigestSign(context, reinterpret_cast<unsigned char*>(out.data()), &size,
                   reinterpret_cast<const unsigned char*>(message.data()), message.size());
    EVP_MD_CTX_free(context);
    return out;
  }
  [[nodiscard]] std::string sign(std::string_view content, std::uint64_t timestamp, bool prehashed = true) const {
    const Blake2b512 hash = blake2b512(content);
    const std::string signature =
        sign_raw(prehashed ? std::string_view(reinterpret_cast<const char*>(hash.data()), hash.size()) : content);
    const std::string comment = "timestamp:" + std::to_string(timestamp) + "\tfile:list.txt";
    return "untrusted comment: signature\n" + to_base64((prehashed ? "ED" : "Ed") + key_id_ + signature) +
           "\ntrusted comment: " + comment + "\n" + to_base64(sign_raw(signature + comment)) + "\n";
  }
  [[nodiscard]] EVP_PKEY* key() const noexcept { return key_; }

 private:
  std::string key_id_;
  EVP_PKEY* key_;
};

}  // namespace schoolgate::blocklists
