// Whether a server's certificate is the one of the host that was asked for: what OpenSSL verifies, and what we add.
//
// Lives in a Session during the handshake; called back by OpenSSL in its midst, so that a refusal leaves as an alert.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "proxy/tls/certificate_fault.h"
#include "proxy/tls/trust_store.h"

struct x509_store_ctx_st;

namespace schoolgate::tls {

struct ServerCheck {
  std::string host;  ///< canonical, without brackets
  bool is_address = false;
  std::shared_ptr<const TrustStore> trust;
  CertificateFault fault;
  std::vector<std::string> names;  ///< that the certificate says it covers, whether it was believed or not
  bool client_certificate_wanted = false;
};

/// Verifies the chain in `context`: time, signatures, purpose, name, constraints; then that our own authority is not in
/// it and no wildcard covers a public suffix. False with check.fault and the context's error set.
[[nodiscard]] bool verify_chain(x509_store_ctx_st* context, ServerCheck& check) noexcept;

/// Looks at the stapled OCSP answer, or its absence. False with check.fault set: revoked, or promised and not given.
[[nodiscard]] bool verify_staple(ssl_st* ssl, ServerCheck& check) noexcept;

}  // namespace schoolgate::tls
