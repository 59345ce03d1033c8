// Certificates made for one test: roots, intermediates and leaves with chosen faults.
#pragma once

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "proxy/tls/handles.h"

namespace schoolgate::tls {

/// A certificate with its key; copies share both.
struct Issued {
  std::shared_ptr<X509> certificate;
  std::shared_ptr<EVP_PKEY> key;
  [[nodiscard]] std::string pem() const;
};

struct CertificateSpec {
  std::string common_name = "test";
  std::string alternative_names;  ///< as "DNS:a.example,IP:192.0.2.1"; empty: no such extension
  TimePoint from = wall_now() - std::chrono::days(10);
  TimePoint to = wall_now() + std::chrono::days(10);
  std::string basic_constraints;  ///< as "critical,CA:TRUE"; empty: no such extension
  std::string key_usage;
  std::string extended_key_usage;
  std::string key = "P-256";                              ///< or "RSA-2048", "RSA-1024", "ED25519"
  std::string digest = "SHA256";                          ///< empty where the issuer's key brings its own (Ed25519)
  std::vector<std::pair<std::string, std::string>> more;  ///< name or OID -> value in OpenSSL's configuration words
};

/// Signed by `issuer`, or by itself.
[[nodiscard]] Issued issue(const CertificateSpec& spec, const Issued* issuer = nullptr);

/// A root or, with an issuer, an intermediate.
[[nodiscard]] Issued make_ca(const std::string& name, const Issued* issuer = nullptr, CertificateSpec spec = {});
/// A sound server certificate for these alternative names.
[[nodiscard]] CertificateSpec leaf_spec(const std::string& alternative_names);

/// A plain OpenSSL server context with `chain` (leaf first) and its key; no policy of ours.
[[nodiscard]] SslContextHandle plain_server_context(const std::vector<Issued>& chain);
/// A plain OpenSSL client context that trusts `root`.
[[nodiscard]] SslContextHandle plain_client_context(X509* root);

/// The extension of `certificate` as OpenSSL prints it; empty when absent.
[[nodiscard]] std::string printed_extension(const X509* certificate, int nid);

}  // namespace schoolgate::tls
