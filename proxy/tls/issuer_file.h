// Where a certificate says that its issuer's certificate can be fetched, and what comes from there (RFC 5280 4.2.2.1).
//
// Pure. The bytes are anybody's: what is read here is believed by nobody until a chain to a root was verified with it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

struct x509_st;

namespace schoolgate::tls {

inline constexpr std::size_t kLargestIssuerFile = 64 * 1024;

/// The http addresses of its caIssuers: at most two, of at most 1,024 bytes. Never https: verifying it could need
/// another missing issuer, and so on for ever.
[[nodiscard]] std::vector<std::string> issuer_addresses_of(const x509_st* certificate);

/// The certificates of a fetched file, each as DER: one certificate, or PKCS #7 "certs-only", as DER or PEM. At most
/// eight; none of what is larger than kLargestIssuerFile or is something else.
[[nodiscard]] std::vector<std::string> read_issuer_file(std::string_view bytes);

}  // namespace schoolgate::tls
