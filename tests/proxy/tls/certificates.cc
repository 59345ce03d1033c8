#include "tests/proxy/tls/certificates.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "proxy/tls/certificate_parts.h"

namespace schoolgate::tls {
namespace {

std::shared_ptr<EVP_PKEY> make_key(const std::string& kind) {
  EVP_PKEY* const key = kind.starts_with("RSA-")  ? EVP_RSA_gen(unsigned(std::stoi(kind.substr(4))))
                        : kind.ends_with("25519") ? EVP_PKEY_Q_keygen(nullptr, nullptr, kind.c_str())
                                                  : EVP_EC_gen(kind.c_str());
  EXPECT_NE(key, nullptr) << kind;
  return {key, EVP_PKEY_free};
}

void extend(X509* certificate, X509* issuer, const std::string& name, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_nconf(nullptr, &context, name.c_str(), value.c_str());
  EXPECT_NE(extension, nullptr) << name << '=' << value;
  EXPECT_EQ(X509_add_ext(certificate, extension, -1), 1);
  X509_EXTENSION_free(extension);
}

}  // namespace

std::string Issued::pem() const {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate.get());
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, std::size_t(size)};
}

Issued issue(const CertificateSpec& spec, const Issued* issuer) {
  Issued made{{X509_new(), X509_free}, make_key(spec.key)};
  X509* const x = made.certificate.get();
  X509* const signer = issuer ? issuer->certificate.get() : x;
  EXPECT_TRUE(X509_set_version(x, X509_VERSION_3) && set_random_serial(x) && set_validity(x, spec.from, spec.to));
  EXPECT_TRUE(add_name(X509_get_subject_name(x), NID_commonName, spec.common_name));
  EXPECT_TRUE(X509_set_issuer_name(x, X509_get_subject_name(signer)) && X509_set_pubkey(x, made.key.get()));
  extend(x, signer, "subjectKeyIdentifier", "hash");
  if (issuer) extend(x, signer, "authorityKeyIdentifier", "keyid");
  if (!spec.alternative_names.empty()) extend(x, signer, "subjectAltName", spec.alternative_names);
  if (!spec.basic_constraints.empty()) extend(x, signer, "basicConstraints", spec.basic_constraints);
  if (!spec.key_usage.empty()) extend(x, signer, "keyUsage", spec.key_usage);
  if (!spec.extended_key_usage.empty()) extend(x, signer, "extendedKeyUsage", spec.extended_key_usage);
  for (const auto& [name, value] : spec.more) extend(x, signer, name, value);
  EXPECT_GT(X509_sign(x, issuer ? issuer->key.get() : made.key.get(),
                      spec.digest.empty() ? nullptr : EVP_get_digestbyname(spec.digest.c_str())),
            0);
  // Read back, as a peer would: what was set while building is no longer cached.
  CertificateHandle read = certificate_from_der(der_of(x));
  EXPECT_TRUE(read);
  made.certificate = {read.release(), X509_free};
  return made;
}

Issued make_ca(const std::string& name, const Issued* issuer, CertificateSpec spec) {
  spec.common_name = name;
  if (spec.basic_constraints.empty()) spec.basic_constraints = "critical,CA:TRUE";
  if (spec.key_usage.empty()) spec.key_usage = "critical,keyCertSign,cRLSign";
  return issue(spec, issuer);
}

CertificateSpec leaf_spec(const std::string& alternative_names) {
  return {.common_name = "a test's server",
          .alternative_names = alternative_names,
          .basic_constraints = "critical,CA:FALSE",
          .key_usage = "critical,digitalSignature",
          .extended_key_usage = "serverAuth"};
}

SslContextHandle plain_server_context(const std::vector<Issued>& chain) {
  SslContextHandle context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_set_security_level(context.get(), 0);
  EXPECT_EQ(SSL_CTX_use_certificate(context.get(), chain.front().certificate.get()), 1);
  EXPECT_EQ(SSL_CTX_use_PrivateKey(context.get(), chain.front().key.get()), 1);
  for (std::size_t i = 1; i < chain.size(); ++i)
    EXPECT_EQ(SSL_CTX_add1_chain_cert(context.get(), chain[i].certificate.get()), 1);
  return context;
}

SslContextHandle plain_client_context(X509* root) {
  SslContextHandle context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (root) EXPECT_EQ(X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), root), 1);
  return context;
}

std::string printed_extension(const X509* certificate, int nid) {
  const int at = X509_get_ext_by_NID(certificate, nid, -1);
  if (at < 0) return {};
  X509_EXTENSION* const extension = X509_get_ext(certificate, at);
  const BioHandle bio(BIO_new(BIO_s_mem()));
  if (X509_EXTENSION_get_critical(extension)) BIO_puts(bio.get(), "critical ");
  X509V3_EXT_print(bio.get(), extension, 0, 0);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, std::size_t(size)};
}

}  // namespace schoolgate::tls
