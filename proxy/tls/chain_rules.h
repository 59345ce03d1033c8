// Rules for certificates that browsers hold to and OpenSSL does not: found by x509-limbo, settled by Chromium.
#pragma once

#include <openssl/x509.h>

namespace schoolgate::tls {

/// Holds a verified chain (leaf first) against them. False where a certificate
///  - has a nameConstraints without any subtree, or a list of subtrees that is empty;
///  - has an authorityInfoAccess that cannot be read or says nothing;
///  - has no subject, and names in a subjectAltName that is not critical;
///  - has a wildcard name that covers a name which an issuer above it excludes.
[[nodiscard]] bool keeps_rules(const STACK_OF(X509) * chain);

}  // namespace schoolgate::tls
