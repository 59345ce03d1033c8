#include "proxy/tls/staple.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/tls1.h>
#include <openssl/x509v3.h>

#include <memory>

namespace schoolgate::tls {
namespace {

using Response = std::unique_ptr<OCSP_RESPONSE, decltype([](OCSP_RESPONSE* r) { OCSP_RESPONSE_free(r); })>;
using Basic = std::unique_ptr<OCSP_BASICRESP, decltype([](OCSP_BASICRESP* r) { OCSP_BASICRESP_free(r); })>;
using Id = std::unique_ptr<OCSP_CERTID, decltype([](OCSP_CERTID* i) { OCSP_CERTID_free(i); })>;

constexpr long kClockMayDiffer = 300;  ///< seconds

/// The single answer about `leaf`, whichever hash the responder named it with.
OCSP_SINGLERESP* answer_about(OCSP_BASICRESP* basic, X509* leaf, X509* issuer) noexcept {
  for (int i = 0; i < OCSP_resp_count(basic); ++i) {
    OCSP_SINGLERESP* const single = OCSP_resp_get0(basic, i);
    const auto named = const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(single));
    ASN1_OBJECT* hash = nullptr;
    if (!OCSP_id_get0_info(nullptr, &hash, nullptr, nullptr, named)) continue;
    const EVP_MD* const digest = EVP_get_digestbyobj(hash);
    const Id wanted(digest ? OCSP_cert_to_id(digest, leaf, issuer) : nullptr);
    if (wanted && OCSP_id_cmp(named, wanted.get()) == 0) return single;
  }
  return nullptr;
}

}  // namespace

StapleSays read_staple(std::string_view bytes, X509* leaf, STACK_OF(X509) * chain, X509_STORE* roots) noexcept {
  StapleSays says = StapleSays::nothing;
  auto at = reinterpret_cast<const unsigned char*>(bytes.data());
  const Response response(d2i_OCSP_RESPONSE(nullptr, &at, long(bytes.size())));
  X509* const issuer = sk_X509_num(chain) > 1 ? sk_X509_value(chain, 1) : leaf;
  if (response && leaf && OCSP_response_status(response.get()) == OCSP_RESPONSE_STATUS_SUCCESSFUL) {
    const Basic basic(OCSP_response_get1_basic(response.get()));
    OCSP_SINGLERESP* const single = basic ? answer_about(basic.get(), leaf, issuer) : nullptr;
    int reason = 0;
    ASN1_GENERALIZEDTIME *revoked = nullptr, *from = nullptr, *until = nullptr;
    const int status =
        single ? OCSP_single_get0_status(single, &reason, &revoked, &from, &until) : V_OCSP_CERTSTATUS_UNKNOWN;
    if (status == V_OCSP_CERTSTATUS_REVOKED)
      says = StapleSays::revoked;
    else if (status == V_OCSP_CERTSTATUS_GOOD && OCSP_check_validity(from, until, kClockMayDiffer, -1) == 1 &&
             OCSP_basic_verify(basic.get(), chain, roots, 0) == 1)
      says = StapleSays::good;
  }
  ERR_clear_error();
  return says;
}

bool must_staple(const X509* leaf) noexcept {
  using Feature = std::unique_ptr<TLS_FEATURE, decltype([](TLS_FEATURE* f) { TLS_FEATURE_free(f); })>;
  const Feature features(leaf ? static_cast<TLS_FEATURE*>(X509_get_ext_d2i(leaf, NID_tlsfeature, nullptr, nullptr))
                              : nullptr);
  for (int i = 0; features && i < sk_ASN1_INTEGER_num(features.get()); ++i)
    if (ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features.get(), i)) == TLSEXT_TYPE_status_request) return true;
  return false;
}

}  // namespace schoolgate::tls
