// Whether a server's certificate is the one of the host that was asked for: what OpenSSL verifies, and what we add.
//
// Lives in a Session during the handshake; called back by OpenSSL in its midst, so that a refusal leaves as an alert.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "proxy/tls/certificate_fault.h"
#include "proxy/tls/handles.h"
#include "proxy/tls/missing_issuers.h"
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
  bool verified = false;  ///< verify_chain() has said yes: a handshake that ends otherwise, and was not resumed, failed

  std::shared_ptr<MissingIssuers> issuers;  ///< null: none is looked for
  std::string wanted_issuer;             ///< where the issuer of `lacking` may be: to be looked for, then verified anew
  CertificateHandle lacking;             ///< the certificate at which the chain broke off
  std::vector<std::string> asked;        ///< addresses looked at during this handshake
  std::vector<CertificateHandle> found;  ///< what they gave: only to build a chain with
};

/// How many addresses one handshake may look at: chains that lack more are refused.
inline constexpr std::size_t kMostIssuersAsked = 4;

/// Verifies the chain in `context`: time, signatures, purpose, name, constraints; then that our own authority is not in
/// it and no wildcard covers a public suffix. False with check.fault and the context's error set; with
/// check.wanted_issuer set too where an issuer is missing that could be fetched: look there, take_issuers(), try again.
[[nodiscard]] bool verify_chain(x509_store_ctx_st* context, ServerCheck& check) noexcept;

/// Takes of `certificates` (DER) those that may have issued check.lacking.
void take_issuers(ServerCheck& check, const std::vector<std::string>& certificates);

/// Looks at the stapled OCSP answer, or its absence. False with check.fault set: revoked, or promised and not given.
[[nodiscard]] bool verify_staple(ssl_st* ssl, ServerCheck& check) noexcept;

}  // namespace schoolgate::tls
