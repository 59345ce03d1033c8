#include "proxy/tls/issuer_file.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>

#include <memory>

#include "base/ascii.h"
#include "proxy/tls/certificate_parts.h"
#include "proxy/tls/handles.h"

namespace schoolgate::tls {
namespace {

constexpr int kMostAddresses = 2;
constexpr std::size_t kLongestAddress = 1024;
constexpr int kMostCertificates = 8;

using Pkcs7 = std::unique_ptr<PKCS7, decltype([](PKCS7* p) { PKCS7_free(p); })>;

std::vector<std::string> certificates_of(const PKCS7* bag) {
  std::vector<std::string> out;
  if (!bag || !PKCS7_type_is_signed(bag) || !bag->d.sign) return out;
  const STACK_OF(X509)* const all = bag->d.sign->cert;
  for (int i = 0; i < sk_X509_num(all) && i < kMostCertificates; ++i) out.push_back(der_of(sk_X509_value(all, i)));
  return out;
}

std::vector<std::string> read_pem(std::string_view bytes) {
  std::vector<std::string> out;
  const BioHandle certificates(BIO_new_mem_buf(bytes.data(), int(bytes.size())));
  while (int(out.size()) < kMostCertificates) {
    const CertificateHandle one(PEM_read_bio_X509(certificates.get(), nullptr, nullptr, nullptr));
    if (!one) break;
    out.push_back(der_of(one.get()));
  }
  if (!out.empty()) return out;
  const BioHandle bag(BIO_new_mem_buf(bytes.data(), int(bytes.size())));
  return certificates_of(Pkcs7(PEM_read_bio_PKCS7(bag.get(), nullptr, nullptr, nullptr)).get());
}

}  // namespace

std::vector<std::string> issuer_addresses_of(const x509_st* certificate) {
  using Access =
      std::unique_ptr<AUTHORITY_INFO_ACCESS, decltype([](AUTHORITY_INFO_ACCESS* a) { AUTHORITY_INFO_ACCESS_free(a); })>;
  std::vector<std::string> out;
  const Access access(certificate ? static_cast<AUTHORITY_INFO_ACCESS*>(
                                        X509_get_ext_d2i(certificate, NID_info_access, nullptr, nullptr))
                                  : nullptr);
  for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access.get()) && int(out.size()) < kMostAddresses; ++i) {
    const ACCESS_DESCRIPTION* const one = sk_ACCESS_DESCRIPTION_value(access.get(), i);
    if (OBJ_obj2nid(one->method) != NID_ad_ca_issuers || one->location->type != GEN_URI) continue;
    const ASN1_STRING* const text = one->location->d.uniformResourceIdentifier;
    const std::string_view address(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                   std::size_t(ASN1_STRING_length(text)));
    if (address.size() > 7 && address.size() <= kLongestAddress && equal_ignoring_case(address.substr(0, 7), "http://"))
      out.emplace_back(address);
  }
  ERR_clear_error();
  return out;
}

std::vector<std::string> read_issuer_file(std::string_view bytes) {
  std::vector<std::string> out;
  if (bytes.empty() || bytes.size() > kLargestIssuerFile) return out;
  if (const CertificateHandle one = certificate_from_der(bytes)) {
    out.push_back(der_of(one.get()));
  } else if (bytes.find("-----BEGIN ") != std::string_view::npos) {
    out = read_pem(bytes);
  } else {
    auto at = reinterpret_cast<const unsigned char*>(bytes.data());
    out = certificates_of(Pkcs7(d2i_PKCS7(nullptr, &at, long(bytes.size()))).get());
  }
  ERR_clear_error();
  return out;
}

}  // namespace schoolgate::tls
