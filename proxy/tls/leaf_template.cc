#include "proxy/tls/leaf_template.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "proxy/tls/certificate_parts.h"
#include "proxy/tls/openssl_error.h"

namespace schoolgate::tls {
namespace {

using std::chrono::days;
using std::chrono::seconds;

constexpr auto kLeafLifetime = days(198);
constexpr std::size_t kLongestCommonName = 64;  // RFC 5280, ub-common-name
constexpr std::string_view kOwnPage = "Page of the school's web filter";

using Name = std::unique_ptr<X509_NAME, decltype([](X509_NAME* n) { X509_NAME_free(n); })>;

}  // namespace

Result<LeafTemplate> LeafTemplate::make(std::shared_ptr<const Authority> authority, std::string_view public_key) {
  auto at = reinterpret_cast<const unsigned char*>(public_key.data());
  const unsigned char* const end = at + public_key.size();
  const KeyHandle key(d2i_PUBKEY(nullptr, &at, long(public_key.size())));
  if (!key || at != end || !is_p256(key.get())) {
    (void)take_openssl_error();
    return fail(Fault::self, "leaves need a P-256 key");
  }
  if (!authority->key()) return fail(Fault::self, "the authority was loaded without its key");
  CertificateHandle certificate(X509_new());
  X509* const x = certificate.get();
  X509* const issuer = authority->certificate();
  const bool built = x && X509_set_version(x, X509_VERSION_3) && X509_set_pubkey(x, key.get()) &&
                     X509_set_issuer_name(x, X509_get_subject_name(issuer)) &&
                     add_extension(x, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
                     add_extension(x, issuer, NID_key_usage, "critical,digitalSignature") &&
                     add_extension(x, issuer, NID_ext_key_usage, "serverAuth") &&
                     add_extension(x, issuer, NID_authority_key_identifier, "keyid:always");
  if (!built) return fail_openssl(Fault::self, "cannot prepare certificates");
  return LeafTemplate(std::move(authority), std::move(certificate));
}

Result<std::string> LeafTemplate::mint(std::string_view host, LeafFor what, TimePoint now) {
  const bool own = what == LeafFor::own_page;
  return mint({&host, 1}, own ? kOwnPage : std::string_view(), now, own ? days(1) : kLeafLifetime);
}

Result<std::string> LeafTemplate::mint_for_pages(std::span<const std::string_view> hosts, TimePoint now) {
  if (hosts.empty()) return fail(Fault::self, "a certificate has to name something");
  return mint(hosts, kOwnPage, now, kLeafLifetime);
}

Result<std::string> LeafTemplate::mint(std::span<const std::string_view> hosts, std::string_view organisation,
                                       TimePoint now, TimePoint::duration lifetime) {
  for (const std::string_view host : hosts)
    if (!may_be_named(host)) return fail(Fault::self, "no certificate is made for \"" + std::string(host) + '"');
  const TimePoint until = std::min(now + lifetime - seconds(1), authority_->not_after());
  if (until <= now)
    return fail(Fault::config, "the school's authority ended on " + to_rfc3339(authority_->not_after()),
                "make a new one with: schoolgate ca create");

  const Name subject(X509_NAME_new());
  const std::string_view first = hosts.front();
  const bool short_enough = first.size() <= kLongestCommonName;
  X509* const x = certificate_.get();
  const bool named = subject && (organisation.empty() || add_name(subject.get(), NID_organizationName, organisation)) &&
                     (!short_enough || add_name(subject.get(), NID_commonName, first)) &&
                     X509_set_subject_name(x, subject.get());
  // RFC 5280 section 4.2.1.6: without a subject the alternative name is critical.
  const bool minted = named && set_alternative_names(x, hosts, organisation.empty() && !short_enough) &&
                      set_random_serial(x) && set_validity(x, now - days(1), until) &&
                      X509_sign(x, authority_->key(), EVP_sha256()) > 0;
  if (!minted) return fail_openssl(Fault::self, "cannot mint a certificate for \"" + std::string(first) + '"');
  return der_of(x);
}

}  // namespace schoolgate::tls
