#include "proxy/tls/issuer_file.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>

#include "proxy/tls/certificate_parts.h"
#include "tests/proxy/tls/certificates.h"

namespace schoolgate::tls {
namespace {

std::vector<std::string> addresses(const std::string& access) {
  CertificateSpec spec = leaf_spec("DNS:site.test");
  if (!access.empty()) spec.more = {{"authorityInfoAccess", access}};
  const Issued issuer = make_ca("issuer");
  return issuer_addresses_of(issue(spec, &issuer).certificate.get());
}

/// PKCS #7 "certs-only" with these certificates, as DER.
std::string bag_of(const std::vector<Issued>& certificates) {
  PKCS7* const bag = PKCS7_new();
  PKCS7_set_type(bag, NID_pkcs7_signed);
  PKCS7_content_new(bag, NID_pkcs7_data);
  for (const Issued& one : certificates) PKCS7_add_certificate(bag, one.certificate.get());
  unsigned char* bytes = nullptr;
  const int size = i2d_PKCS7(bag, &bytes);
  std::string der(reinterpret_cast<const char*>(bytes), std::size_t(size));
  OPENSSL_free(bytes);
  PKCS7_free(bag);
  return der;
}

TEST(IssuerFile, OnlyHttpAddressesOfIssuersAreTakenAndAtMostTwo) {
  using All = std::vector<std::string>;
  EXPECT_EQ(addresses("caIssuers;URI:http://ca.example/i.crt"), All{"http://ca.example/i.crt"});
  EXPECT_EQ(addresses("OCSP;URI:http://ca.example/ocsp"), All());
  EXPECT_EQ(addresses("caIssuers;URI:https://ca.example/i.crt"), All());
  EXPECT_EQ(addresses("caIssuers;URI:ldap://ca.example/i,caIssuers;URI:file:///etc/passwd"), All());
  EXPECT_EQ(addresses("caIssuers;URI:http://ca.example/" + std::string(2000, 'x')), All());
  EXPECT_EQ(
      addresses("caIssuers;URI:http://a.example/,caIssuers;URI:http://b.example/,caIssuers;URI:http://c.example/"),
      (All{"http://a.example/", "http://b.example/"}));
  EXPECT_EQ(addresses(""), All());
  EXPECT_EQ(issuer_addresses_of(nullptr), All());
}

TEST(IssuerFile, ACertificateIsReadInEveryFormThatAuthoritiesPublish) {
  const Issued one = make_ca("one"), other = make_ca("other");
  const std::string der = der_of(one.certificate.get()), second = der_of(other.certificate.get());
  using All = std::vector<std::string>;
  EXPECT_EQ(read_issuer_file(der), All{der});
  EXPECT_EQ(read_issuer_file(one.pem()), All{der});
  EXPECT_EQ(read_issuer_file(one.pem() + other.pem()), (All{der, second}));
  EXPECT_EQ(read_issuer_file(bag_of({one, other})), (All{der, second}));
}

TEST(IssuerFile, WhatIsNoCertificateGivesNone) {
  const Issued one = make_ca("one");
  const std::string der = der_of(one.certificate.get());
  EXPECT_TRUE(read_issuer_file("").empty());
  EXPECT_TRUE(read_issuer_file("<html>not found</html>").empty());
  EXPECT_TRUE(read_issuer_file(der + "tail").empty());
  EXPECT_TRUE(read_issuer_file(der.substr(0, der.size() / 2)).empty());
  EXPECT_TRUE(read_issuer_file("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").empty());
  EXPECT_TRUE(read_issuer_file("-----BEGIN PKCS7-----\nAAAA\n-----END PKCS7-----\n").empty());
  EXPECT_TRUE(read_issuer_file(std::string(kLargestIssuerFile + 1, '0')).empty());
  for (std::size_t i = 0; i < der.size(); i += 7) {
    std::string damaged = der;
    damaged[i] = char(damaged[i] ^ 0x55);
    static_cast<void>(read_issuer_file(damaged));
  }
}

TEST(IssuerFile, AtMostEightCertificatesAreTaken) {
  const Issued one = make_ca("one");
  std::string many;
  for (int i = 0; i < 20; ++i) many += one.pem();
  EXPECT_EQ(read_issuer_file(many).size(), 8u);
  EXPECT_EQ(read_issuer_file(bag_of(std::vector<Issued>(20, one))).size() <= 8u, true);
}

}  // namespace
}  // namespace schoolgate::tls
