// The pieces that certificates are made of and read from, shared by the authority and its leaves.
#pragma once

#include <openssl/x509.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "proxy/tls/handles.h"

namespace schoolgate::tls {

[[nodiscard]] TimePoint time_of(const ASN1_TIME* time) noexcept;
[[nodiscard]] bool set_validity(X509* certificate, TimePoint from, TimePoint to) noexcept;
/// 127 random bits, never zero (RFC 5280 section 4.1.2.2 wants it positive and at most 20 octets).
[[nodiscard]] bool set_random_serial(X509* certificate) noexcept;
/// One attribute of a name, UTF-8, cut to `limit` bytes at a character's edge; control characters become spaces.
[[nodiscard]] bool add_name(X509_NAME* name, int nid, std::string_view text, std::size_t limit = 64);
/// An extension in OpenSSL's configuration words: only for words that stand in our source.
[[nodiscard]] bool add_extension(X509* certificate, X509* issuer, int nid, const char* value) noexcept;
/// Puts `hosts` (DNS names or IP literals, checked by may_be_named) in place of any subjectAltName.
[[nodiscard]] bool set_alternative_names(X509* certificate, std::span<const std::string_view> hosts,
                                         bool critical) noexcept;
/// True for an IP literal (brackets allowed) or a canonical DNS name: lower-case letters, digits, hyphens, underscores
/// in labels of at most 63, 253 in all. Nothing else is ever written into a certificate.
[[nodiscard]] bool may_be_named(std::string_view host) noexcept;

/// The DNS names of its subjectAltName, as they stand there; none for null.
[[nodiscard]] std::vector<std::string> dns_names_of(const X509* certificate);

[[nodiscard]] std::string der_of(const X509* certificate);
[[nodiscard]] CertificateHandle certificate_from_der(std::string_view der) noexcept;
[[nodiscard]] bool is_p256(const EVP_PKEY* key) noexcept;

/// An IPv6 address of a URL without its brackets; any other host as it is.
[[nodiscard]] std::string_view without_brackets(std::string_view host) noexcept;

}  // namespace schoolgate::tls
