// A stapled OCSP answer (RFC 6960, RFC 6066 section 8): what the issuer says about a certificate, handed over by its
// own server.
#pragma once

#include <openssl/x509.h>

#include <cstdint>
#include <string_view>

namespace schoolgate::tls {

enum class StapleSays : std::uint8_t {
  nothing,  ///< unreadable, about another certificate, badly signed, outdated, or "unknown"
  good,     ///< signed by the issuer or a signer that it named, and in its time
  revoked,  ///< by any signer: a server that presents this says so of itself
};

/// `chain` is the verified chain of `leaf`, the leaf first.
[[nodiscard]] StapleSays read_staple(std::string_view response, X509* leaf, STACK_OF(X509) * chain,
                                     X509_STORE* roots) noexcept;

/// The certificate promises a staple (TLS feature extension, RFC 7633).
[[nodiscard]] bool must_staple(const X509* leaf) noexcept;

}  // namespace schoolgate::tls
