#include "proxy/tls/leaf.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "proxy/tls/certificate_parts.h"
#include "proxy/tls/openssl_error.h"

namespace schoolgate::tls {

Result<KeyHandle> make_leaf_key() {
  KeyHandle key(EVP_EC_gen("P-256"));
  if (!key) return fail_openssl(Fault::self, "cannot make a key for certificates");
  return key;
}

std::string public_half(const evp_pkey_st* key) {
  unsigned char* bytes = nullptr;
  const int size = key ? i2d_PUBKEY(key, &bytes) : 0;
  if (size <= 0) return {};
  std::string der(reinterpret_cast<const char*>(bytes), std::size_t(size));
  OPENSSL_free(bytes);
  return der;
}

Result<std::shared_ptr<const Leaf>> make_leaf(std::string_view der, evp_pkey_st* key) {
  auto leaf = std::make_shared<Leaf>();
  leaf->certificate = certificate_from_der(der);
  if (!leaf->certificate) return fail_openssl(Fault::self, "a minted certificate cannot be read");
  if (X509_check_private_key(leaf->certificate.get(), key) != 1)
    return fail_openssl(Fault::self, "a minted certificate is for another key");
  X509_check_purpose(leaf->certificate.get(), -1, 0);  // reads the extensions now, not on the first worker's time
  EVP_PKEY_up_ref(key);
  leaf->key.reset(key);
  leaf->not_before = time_of(X509_get0_notBefore(leaf->certificate.get()));
  leaf->not_after = time_of(X509_get0_notAfter(leaf->certificate.get()));
  return leaf;
}

}  // namespace schoolgate::tls
