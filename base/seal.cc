#include "base/seal.h"

#include <openssl/evp.h>

#include <memory>

namespace schoolgate {
namespace {

constexpr std::size_t kNonce = 12, kTag = 16;

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace

std::string seal(const Sha256& key, std::string_view text, std::string_view about) {
  std::string box(kNonce + text.size() + kTag, '\0');
  fill_random({bytes_of(box), kNonce});
  const CipherContext context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int length = 0;
  const bool done =
      context && EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.data(), bytes_of(box)) == 1 &&
      EVP_EncryptUpdate(context.get(), nullptr, &length, bytes_of(about), int(about.size())) == 1 &&
      EVP_EncryptUpdate(context.get(), bytes_of(box) + kNonce, &length, bytes_of(text), int(text.size())) == 1 &&
      EVP_EncryptFinal_ex(context.get(), bytes_of(box) + kNonce + text.size(), &length) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, int(kTag), bytes_of(box) + kNonce + text.size()) == 1;
  return done ? box : std::string();
}

std::optional<std::string> open_sealed(const Sha256& key, std::string_view box, std::string_view about) {
  if (box.size() < kNonce + kTag) return std::nullopt;
  const std::size_t size = box.size() - kNonce - kTag;
  std::string text(size, '\0'), tag(box.substr(kNonce + size));
  const CipherContext context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int length = 0;
  const bool done = context &&
                    EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.data(), bytes_of(box)) == 1 &&
                    EVP_DecryptUpdate(context.get(), nullptr, &length, bytes_of(about), int(about.size())) == 1 &&
                    EVP_DecryptUpdate(context.get(), bytes_of(text), &length, bytes_of(box) + kNonce, int(size)) == 1 &&
                    EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, int(kTag), bytes_of(tag)) == 1 &&
                    EVP_DecryptFinal_ex(context.get(), bytes_of(text) + size, &length) == 1;
  if (!done) return std::nullopt;
  return text;
}

}  // namespace schoolgate
