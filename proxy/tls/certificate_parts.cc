#include "proxy/tls/certificate_parts.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>
#include <memory>

#include "base/digest.h"
#include "names/ip_address.h"

namespace schoolgate::tls {
namespace {

/// What an iPAddress name holds: 4 or 16 octets.
std::string_view octets_of(const names::IpAddress& address) noexcept {
  const std::string_view all(reinterpret_cast<const char*>(address.bytes().data()), 16);
  return address.is_v4() ? all.substr(12) : all;
}

}  // namespace

std::string_view without_brackets(std::string_view host) noexcept {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') return host.substr(1, host.size() - 2);
  return host;
}

TimePoint time_of(const ASN1_TIME* time) noexcept {
  std::tm parts{};
  if (!ASN1_TIME_to_tm(time, &parts)) return {};
  return TimePoint(std::chrono::seconds(::timegm(&parts)));
}

bool set_validity(X509* certificate, TimePoint from, TimePoint to) noexcept {
  using std::chrono::system_clock;
  return ASN1_TIME_set(X509_getm_notBefore(certificate), system_clock::to_time_t(from)) &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), system_clock::to_time_t(to));
}

bool set_random_serial(X509* certificate) noexcept {
  std::array<std::uint8_t, 16> bytes;
  fill_random(bytes);
  bytes[0] = std::uint8_t((bytes[0] & 0x7f) | 0x40);  // positive, and always of the same length
  return ASN1_STRING_set(X509_get_serialNumber(certificate), bytes.data(), int(bytes.size()));
}

bool add_name(X509_NAME* name, int nid, std::string_view text, std::size_t limit) {
  std::string clean(text.substr(0, limit));
  if (text.size() > limit) {
    std::size_t end = limit;
    while (end > 0 && (std::uint8_t(text[end]) & 0xc0) == 0x80) --end;
    clean.resize(end);
  }
  for (char& c : clean)
    if (std::uint8_t(c) < 0x20 || c == 0x7f) c = ' ';
  return X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(clean.data()),
                                    int(clean.size()), -1, 0);
}

bool add_extension(X509* certificate, X509* issuer, int nid, const char* value) noexcept {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  const bool added = extension && X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  return added;
}

bool set_alternative_names(X509* certificate, std::span<const std::string_view> hosts, bool critical) noexcept {
  using Names = std::unique_ptr<GENERAL_NAMES, decltype([](GENERAL_NAMES* n) { GENERAL_NAMES_free(n); })>;
  const Names all(sk_GENERAL_NAME_new_null());
  if (!all) return false;
  for (const std::string_view host : hosts) {
    const auto address = names::IpAddress::parse(without_brackets(host));
    const std::string_view content = address ? octets_of(*address) : host;
    GENERAL_NAME* name = GENERAL_NAME_new();
    if (!name || !sk_GENERAL_NAME_push(all.get(), name)) {
      GENERAL_NAME_free(name);
      return false;
    }
    ASN1_STRING* value = address ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
    if (!value || !ASN1_STRING_set(value, content.data(), int(content.size()))) {
      ASN1_STRING_free(value);
      return false;
    }
    GENERAL_NAME_set0_value(name, address ? GEN_IPADD : GEN_DNS, value);
  }
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, all.get(), critical, X509V3_ADD_REPLACE) == 1;
}

bool may_be_named(std::string_view host) noexcept {
  if (names::IpAddress::parse(without_brackets(host))) return true;
  if (host.empty() || host.size() > 253) return false;
  std::size_t label = 0;
  for (const char c : host) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
      continue;
    }
    const bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!fits || ++label > 63) return false;
  }
  return label > 0;
}

std::vector<std::string> dns_names_of(const X509* certificate) {
  std::vector<std::string> out;
  if (!certificate) return out;
  auto* all = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all, i);
    if (name->type == GEN_DNS)
      out.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                       std::size_t(ASN1_STRING_length(name->d.dNSName)));
  }
  GENERAL_NAMES_free(all);
  return out;
}

std::string der_of(const X509* certificate) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate, &bytes);
  if (size <= 0) return {};
  std::string der(reinterpret_cast<const char*>(bytes), std::size_t(size));
  OPENSSL_free(bytes);
  return der;
}

CertificateHandle certificate_from_der(std::string_view der) noexcept {
  auto at = reinterpret_cast<const unsigned char*>(der.data());
  const unsigned char* const end = at + der.size();
  CertificateHandle certificate(d2i_X509(nullptr, &at, long(der.size())));
  if (at != end) certificate.reset();
  return certificate;
}

bool is_p256(const EVP_PKEY* key) noexcept {
  char group[32] = {};
  std::size_t length = 0;
  return key && EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group, sizeof group, &length) &&
         std::string_view(group, length) == "prime256v1";
}

}  // namespace schoolgate::tls
