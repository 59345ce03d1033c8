// Certificates and keys as the pages' TLS needs them: handles of OpenSSL's, and PEM. Internal to web/.
#pragma once

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/error.h"

namespace schoolgate::web {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* thing) const noexcept {
    Free(thing);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;

inline constexpr std::size_t kLargestPemFile = 256 * 1024;

/// Wiped when it goes.
struct Secret {
  std::string text;
  ~Secret() { OPENSSL_cleanse(text.data(), text.size()); }
};

/// `what`, and what OpenSSL says of it.
[[nodiscard]] std::unexpected<Error> fail_openssl(Fault fault, std::string what);
/// Null where there is none.
[[nodiscard]] Certificate first_certificate(const std::string& pem);
[[nodiscard]] TimePoint time_of(const ASN1_TIME* time);
[[nodiscard]] bool signs_itself(X509* certificate);

}  // namespace schoolgate::web
