#include "proxy/tls/server_check.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>

#include "proxy/tls/certificate_parts.h"
#include "proxy/tls/chain_rules.h"
#include "proxy/tls/issuer_file.h"
#include "proxy/tls/lean_library.h"
#include "proxy/tls/site_name.h"
#include "proxy/tls/staple.h"

namespace schoolgate::tls {
namespace {

using Kind = CertificateFault::Kind;

bool same_public_key(const X509* a, const X509* b) noexcept {
  const ASN1_BIT_STRING* const left = X509_get0_pubkey_bitstr(a);
  const ASN1_BIT_STRING* const right = X509_get0_pubkey_bitstr(b);
  return left && right && ASN1_STRING_length(left) == ASN1_STRING_length(right) &&
         std::memcmp(ASN1_STRING_get0_data(left), ASN1_STRING_get0_data(right),
                     std::size_t(ASN1_STRING_length(left))) == 0;
}

bool holds_our_key(const STACK_OF(X509) * certificates, const Authority& own) noexcept {
  for (int i = 0; i < sk_X509_num(certificates); ++i)
    if (same_public_key(sk_X509_value(certificates, i), own.certificate())) return true;
  return false;
}

/// A chain of ours that the trust store does not know ends one certificate before our authority.
bool says_we_issued_it(const STACK_OF(X509) * certificates, const Authority& own) noexcept {
  for (int i = 0; i < sk_X509_num(certificates); ++i)
    if (X509_NAME_cmp(X509_get_issuer_name(sk_X509_value(certificates, i)), X509_get_subject_name(own.certificate())) ==
        0)
      return true;
  return false;
}

/// The names of the leaf alone, and no common name. OpenSSL has verified an address.
bool is_named(const ServerCheck& check) {
  return check.is_address || std::ranges::any_of(check.names, [&check](const std::string& name) {
           return stands_for(name, check.host,
                             [&check](std::string_view above) { return check.trust->is_public_suffix(above); });
         });
}

/// Verifies with what was found beside what was sent. OpenSSL keeps a list of its own, so ours ends here.
bool verify_with_found(X509_STORE_CTX* context, STACK_OF(X509) * sent, const ServerCheck& check) noexcept {
  if (check.found.empty()) return X509_verify_cert(context) == 1;
  STACK_OF(X509)* const all = sent ? sk_X509_dup(sent) : sk_X509_new_null();
  for (const CertificateHandle& one : check.found) sk_X509_push(all, one.get());
  X509_STORE_CTX_set0_untrusted(context, all);
  const bool sound = X509_verify_cert(context) == 1;
  X509_STORE_CTX_set0_untrusted(context, sent);
  sk_X509_free(all);
  return sound;
}

bool lacks_issuer(int error) noexcept {
  return error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT || error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
         error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE;
}

/// Notes where the issuer of the last certificate of the chain may be; false when there is no place left to look.
bool note_wanted_issuer(X509_STORE_CTX* context, ServerCheck& check) {
  const STACK_OF(X509)* const chain = X509_STORE_CTX_get0_chain(context);
  X509* const last = sk_X509_num(chain) > 0 ? sk_X509_value(chain, sk_X509_num(chain) - 1) : nullptr;
  if (!last || !check.issuers || check.asked.size() >= kMostIssuersAsked) return false;
  for (std::string& address : issuer_addresses_of(last)) {
    if (std::ranges::find(check.asked, address) != check.asked.end()) continue;
    X509_up_ref(last);
    check.lacking.reset(last);
    check.wanted_issuer = std::move(address);
    return true;
  }
  return false;
}

bool refuse(X509_STORE_CTX* context, ServerCheck& check, Kind kind) noexcept {
  check.fault = {.kind = kind};
  X509_STORE_CTX_set_error(context, X509_V_ERR_APPLICATION_VERIFICATION);
  return false;
}

}  // namespace

bool verify_chain(x509_store_ctx_st* context, ServerCheck& check) noexcept {
  const Authority* const own = check.trust->own_authority();
  STACK_OF(X509)* const sent = X509_STORE_CTX_get0_untrusted(context);
  try {
    check.names = dns_names_of(X509_STORE_CTX_get0_cert(context));
  } catch (...) {
    return refuse(context, check, Kind::too_large);  // memory
  }
  if (!verify_with_found(context, sent, check)) {
    const int error = X509_STORE_CTX_get_error(context);
    check.fault.kind = kind_of_verify_error(error, X509_STORE_CTX_get_error_depth(context), sk_X509_num(sent));
    if (check.fault.kind == Kind::none) check.fault.kind = Kind::other;
    if (own && (holds_our_key(sent, *own) || says_we_issued_it(sent, *own))) check.fault.kind = Kind::own_authority;
    if (const X509* current = X509_STORE_CTX_get_current_cert(context)) {
      if (check.fault.kind == Kind::expired) check.fault.when = time_of(X509_get0_notAfter(current));
      if (check.fault.kind == Kind::not_yet_valid) check.fault.when = time_of(X509_get0_notBefore(current));
    }
    if (error == X509_V_OK) X509_STORE_CTX_set_error(context, X509_V_ERR_APPLICATION_VERIFICATION);
    try {
      if (lacks_issuer(error) && check.fault.kind != Kind::own_authority) note_wanted_issuer(context, check);
    } catch (...) {
      check.wanted_issuer.clear();  // memory: as if there were no place to look
    }
    return false;
  }
  if (own && (holds_our_key(X509_STORE_CTX_get0_chain(context), *own) || holds_our_key(sent, *own)))
    return refuse(context, check, Kind::own_authority);
  try {
    if (!is_named(check)) return refuse(context, check, Kind::wrong_name);
    if (!keeps_rules(X509_STORE_CTX_get0_chain(context))) return refuse(context, check, Kind::broken_chain);
  } catch (...) {
    return refuse(context, check, Kind::too_large);  // memory
  }
  check.fault = {};
  check.verified = true;
  return true;
}

void take_issuers(ServerCheck& check, const std::vector<std::string>& certificates) {
  for (const std::string& der : certificates) {
    auto at = reinterpret_cast<const unsigned char*>(der.data());
    X509* read = X509_new_ex(lean_library(), nullptr);  // by what will verify with it
    if (!d2i_X509(&read, &at, long(der.size()))) continue;
    CertificateHandle one(read);
    if (check.lacking && X509_check_issued(one.get(), check.lacking.get()) == X509_V_OK)
      check.found.push_back(std::move(one));
  }
  ERR_clear_error();
}

bool verify_staple(ssl_st* ssl, ServerCheck& check) noexcept {
  const unsigned char* response = nullptr;
  const long size = SSL_get_tlsext_status_ocsp_resp(ssl, &response);
  const std::string_view answer(reinterpret_cast<const char*>(response), size > 0 && response ? std::size_t(size) : 0);
  X509* const leaf = SSL_get0_peer_certificate(ssl);
  const StapleSays says =
      answer.empty() ? StapleSays::nothing
                     : read_staple(answer, leaf, SSL_get0_verified_chain(ssl), check.trust->roots_for(check.host));
  if (says == StapleSays::revoked)
    check.fault = {.kind = Kind::revoked};
  else if (says != StapleSays::good && must_staple(leaf))
    check.fault = {.kind = Kind::no_revocation_proof};
  return !check.fault;
}

}  // namespace schoolgate::tls
