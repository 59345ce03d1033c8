#include "web/own_certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "base/digest.h"
#include "base/file.h"
#include "web/pem.h"

namespace schoolgate::web {
namespace {

using std::chrono::days;

constexpr auto kLifetime = days(825);  // the longest that Apple's systems accept
constexpr auto kRenewBefore = days(30);
constexpr std::string_view kSignsItself = "Schoolgate ";                 // and the name of the file: the common name
constexpr std::string_view kSigned = "Page of the school's web filter";  // organisation, as the issuer writes it

std::string content_of(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return size > 0 ? std::string(bytes, std::size_t(size)) : std::string();
}

bool is_named_by(X509* certificate, const std::string& host) {
  if (const auto address = names::IpAddress::parse(host))
    return X509_check_ip_asc(certificate, address->text().c_str(), 0) == 1;
  return X509_check_host(certificate, host.data(), host.size(), 0, nullptr) == 1;
}

std::size_t number_of_names(const X509* certificate) {
  auto* all = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  const int number = sk_GENERAL_NAME_num(all);
  GENERAL_NAMES_free(all);
  return number > 0 ? std::size_t(number) : 0;
}

bool names_all(X509* certificate, const std::vector<std::string>& hosts) {
  return std::ranges::all_of(hosts, [&](const std::string& host) { return is_named_by(certificate, host); });
}

Certificate from_der(std::string_view der) {
  auto at = reinterpret_cast<const unsigned char*>(der.data());
  Certificate certificate(d2i_X509(nullptr, &at, long(der.size())));
  ERR_clear_error();
  return certificate;
}

// By its key, not by its name: an authority that was made anew under the same name is another.
bool is_signed_by(X509* certificate, X509* issuer) {
  const bool is = X509_NAME_cmp(X509_get_issuer_name(certificate), X509_get_subject_name(issuer)) == 0 &&
                  X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;
  ERR_clear_error();
  return is;
}

bool add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool add_name(X509_NAME* subject, int nid, std::string_view text) {
  return X509_NAME_add_entry_by_NID(subject, nid, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(text.data()),
                                    int(text.size()), -1, 0) == 1;
}

/// At most 64 bytes (RFC 5280 ub-organization-name, counted carefully), cut between characters.
std::string fitting(std::string text) {
  std::size_t size = std::min<std::size_t>(text.size(), 64);
  while (size > 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  text.resize(size);
  return text;
}

/// Names come from the configuration and go into a text that OpenSSL takes apart at commas.
bool is_dns_name(std::string_view name) {
  return !name.empty() && name.size() <= 253 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

Result<Certificate> sign_itself(const OwnCertificate& own, EVP_PKEY* key, TimePoint now) {
  Certificate made(X509_new());
  X509* const x = made.get();
  std::string alternatives;
  for (const std::string& host : hosts_of(own)) {
    const bool is_address = names::IpAddress::parse(host).has_value();
    if (!is_address && !is_dns_name(host)) return fail(Fault::config, '"' + host + "\" is no name for a certificate");
    alternatives += (alternatives.empty() ? "" : ",") + std::string(is_address ? "IP:" : "DNS:") + host;
  }
  std::array<std::uint8_t, 16> serial{};
  fill_random(serial);
  serial[0] = serial[0] >> 1 | 0x40;  // positive and of full length
  const std::unique_ptr<BIGNUM, Freed<BN_free>> number(BN_bin2bn(serial.data(), serial.size(), nullptr));
  const auto seconds = [](TimePoint time) {
    return std::time_t(std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count());
  };
  X509_NAME* const subject = x ? X509_get_subject_name(x) : nullptr;
  const bool built = x && number && X509_set_version(x, X509_VERSION_3) &&
                     BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(x)) &&
                     ASN1_TIME_set(X509_getm_notBefore(x), seconds(now - std::chrono::hours(1))) &&
                     ASN1_TIME_set(X509_getm_notAfter(x), seconds(now - std::chrono::hours(1) + kLifetime)) &&
                     X509_set_pubkey(x, key) && add_name(subject, NID_organizationName, fitting(own.school)) &&
                     add_name(subject, NID_commonName, fitting(std::string(kSignsItself) + own.file)) &&
                     X509_set_issuer_name(x, subject) && add_extension(x, NID_basic_constraints, "critical,CA:FALSE") &&
                     add_extension(x, NID_key_usage, "critical,digitalSignature") &&
                     add_extension(x, NID_ext_key_usage, "serverAuth") &&
                     add_extension(x, NID_subject_key_identifier, "hash") &&
                     add_extension(x, NID_subject_alt_name, alternatives) && X509_sign(x, key, EVP_sha256()) > 0;
  if (!built) return fail_openssl(Fault::self, "cannot make a certificate for the pages");
  return made;
}

Result<Certificate> have_it_signed(const OwnCertificate& own, const Issuer& issuer, EVP_PKEY* key) {
  unsigned char* bytes = nullptr;
  const int size = i2d_PUBKEY(key, &bytes);
  if (size <= 0) return fail_openssl(Fault::self, "cannot write down a public key");
  const std::string public_key(reinterpret_cast<const char*>(bytes), std::size_t(size));
  OPENSSL_free(bytes);
  const std::vector<std::string> hosts = hosts_of(own);
  const auto der = issuer.sign(public_key, hosts);
  if (!der) return std::unexpected(der.error());
  Certificate certificate = from_der(*der);
  const Certificate authority = from_der(issuer.certificate);
  const bool fits = certificate && authority && X509_check_private_key(certificate.get(), key) == 1 &&
                    is_signed_by(certificate.get(), authority.get()) && names_all(certificate.get(), hosts);
  ERR_clear_error();
  if (!fits) return fail(Fault::self, "what the authority signed is not what was asked for");
  return certificate;
}

std::string part_of_subject(const X509* certificate, int nid) {
  char text[256] = "";
  const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), nid, text, sizeof text);
  return size > 0 ? std::string(text, std::size_t(size)) : std::string();
}

Certificate certificate_there(const OwnCertificate& own) {
  const auto text = read_file(own.certificate_file(), kLargestPemFile);
  return text ? first_certificate(*text) : nullptr;
}

}  // namespace

bool is_given(const OwnCertificate& own) {
  const Certificate certificate = certificate_there(own);
  if (!certificate || part_of_subject(certificate.get(), NID_organizationName) == kSigned) return false;
  const bool ours = signs_itself(certificate.get()) &&
                    part_of_subject(certificate.get(), NID_commonName) == fitting(std::string(kSignsItself) + own.file);
  return !ours;
}

std::vector<std::string> hosts_of(const OwnCertificate& own) {
  std::vector<std::string> hosts;
  const auto add = [&](std::string host) {
    for (char& c : host)
      if (c >= 'A' && c <= 'Z') c = char(c + 32);
    if (std::ranges::find(hosts, host) == hosts.end()) hosts.push_back(std::move(host));
  };
  for (const std::string& name : own.names) add(name);
  for (const names::IpAddress& address : own.addresses) add(address.text());
  for (const char* always : {"localhost", "127.0.0.1", "::1"}) add(always);
  return hosts;
}

std::optional<std::string> why_anew(const OwnCertificate& own, const Issuer* issuer, TimePoint now) {
  if (is_given(own)) return std::nullopt;
  std::error_code ignored;
  if (!std::filesystem::exists(own.certificate_file(), ignored) || !std::filesystem::exists(own.key_file(), ignored))
    return "there is none";
  const Certificate certificate = certificate_there(own);
  if (!certificate) return "it cannot be read";
  const std::vector<std::string> hosts = hosts_of(own);
  if (!names_all(certificate.get(), hosts)) return "it does not name what it should";
  const TimePoint ends = time_of(X509_get0_notAfter(certificate.get()));
  const bool runs_out = ends <= now + kRenewBefore;
  if (!issuer) return runs_out ? std::optional<std::string>("it runs out") : std::nullopt;
  const Certificate authority = from_der(issuer->certificate);
  if (!authority || !is_signed_by(certificate.get(), authority.get())) return "another authority signs";
  if (number_of_names(certificate.get()) != hosts.size()) return "it names what it should not";
  if (time_of(X509_get0_notBefore(certificate.get())) > now) return "its time has not come";
  // One that ends with its authority is not made better by another.
  if (runs_out && time_of(X509_get0_notAfter(authority.get())) > ends + days(1)) return "it runs out";
  return std::nullopt;
}

bool still_serves(const OwnCertificate& own, TimePoint now) {
  const Certificate certificate = certificate_there(own);
  return certificate && names_all(certificate.get(), hosts_of(own)) &&
         time_of(X509_get0_notBefore(certificate.get())) <= now && now < time_of(X509_get0_notAfter(certificate.get()));
}

Result<void> make_certificate(const OwnCertificate& own, const Issuer* issuer, TimePoint now) {
  const Key key(EVP_EC_gen("P-256"));
  if (!key) return fail_openssl(Fault::self, "cannot make a key");
  const auto made = issuer ? have_it_signed(own, *issuer, key.get()) : sign_itself(own, key.get(), now);
  if (!made) return std::unexpected(made.error());
  const Bio key_text(BIO_new(BIO_s_secmem())), certificate_text(BIO_new(BIO_s_mem()));
  if (!key_text || !certificate_text || !PEM_write_bio_X509(certificate_text.get(), made->get()) ||
      !PEM_write_bio_PKCS8PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr))
    return fail_openssl(Fault::self, "cannot write down the certificate for the pages");
  const Secret secret{content_of(key_text.get())};
  if (auto written = replace_file(own.key_file(), secret.text, 0600); !written) return written;
  return replace_file(own.certificate_file(), content_of(certificate_text.get()), 0644);
}

}  // namespace schoolgate::web
