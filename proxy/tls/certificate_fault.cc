#include "proxy/tls/certificate_fault.h"

#include <openssl/x509_vfy.h>

#include <array>

namespace schoolgate::tls {
namespace {

using Kind = CertificateFault::Kind;

std::string day_of(TimePoint time) {
  static constexpr std::array kMonths = {"January", "February", "March",     "April",   "May",      "June",
                                         "July",    "August",   "September", "October", "November", "December"};
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(time));
  return std::to_string(unsigned(date.day())) + ' ' + kMonths[unsigned(date.month()) - 1] + ' ' +
         std::to_string(int(date.year()));
}

}  // namespace

std::string CertificateFault::text() const {
  switch (kind) {
    case Kind::none: return {};
    case Kind::expired: return "The certificate of this site ended on " + day_of(when) + '.';
    case Kind::not_yet_valid: return "The certificate of this site is not valid before " + day_of(when) + '.';
    case Kind::wrong_name: return "The certificate that this site shows is for another name.";
    case Kind::self_signed: return "This site has signed its own certificate: no authority we trust vouches for it.";
    case Kind::unknown_issuer: return "The certificate of this site was issued by an authority that we do not know.";
    case Kind::incomplete_chain:
      return "The chain of this site's certificate is incomplete: the certificates in between are missing.";
    case Kind::revoked: return "The certificate of this site was withdrawn by its issuer.";
    case Kind::no_revocation_proof:
      return "The certificate of this site promises a proof that it was not withdrawn, and the site does not give it.";
    case Kind::weak: return "The certificate of this site is protected by a signature or a key that can be forged.";
    case Kind::not_for_servers: return "The certificate that this site shows may not be used for a web site.";
    case Kind::broken_chain: return "The certificate of this site was issued against the rules for certificates.";
    case Kind::own_authority:
      return "This site shows a certificate that pretends to come from the school's own filter.";
    case Kind::too_large: return "The certificates of this site are too large to be read.";
    case Kind::client_certificate_wanted:
      return "This site asks visitors for a certificate of their own, which cannot be passed on.";
    case Kind::other: return "The certificate of this site could not be verified.";
  }
  return {};
}

std::string_view to_string(Kind kind) noexcept {
  switch (kind) {
    case Kind::none: return "none";
    case Kind::expired: return "expired";
    case Kind::not_yet_valid: return "not-yet-valid";
    case Kind::wrong_name: return "wrong-name";
    case Kind::self_signed: return "self-signed";
    case Kind::unknown_issuer: return "unknown-issuer";
    case Kind::incomplete_chain: return "incomplete-chain";
    case Kind::revoked: return "revoked";
    case Kind::no_revocation_proof: return "no-revocation-proof";
    case Kind::weak: return "weak";
    case Kind::not_for_servers: return "not-for-servers";
    case Kind::broken_chain: return "broken-chain";
    case Kind::own_authority: return "own-authority";
    case Kind::too_large: return "too-large";
    case Kind::client_certificate_wanted: return "client-certificate-wanted";
    case Kind::other: return "other";
  }
  return "other";
}

Kind kind_of_verify_error(int error, int depth, int certificates_sent) noexcept {
  switch (error) {
    case X509_V_OK: return Kind::none;
    case X509_V_ERR_CERT_HAS_EXPIRED: return Kind::expired;
    case X509_V_ERR_CERT_NOT_YET_VALID: return Kind::not_yet_valid;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return Kind::wrong_name;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return Kind::self_signed;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: return Kind::unknown_issuer;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      // A lone leaf whose issuer is nowhere: most often the intermediate that its server forgot to send.
      return depth == 0 && certificates_sent <= 1 ? Kind::incomplete_chain : Kind::unknown_issuer;
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_CERT_REJECTED: return Kind::unknown_issuer;
    case X509_V_ERR_CERT_REVOKED: return Kind::revoked;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK: return Kind::weak;
    case X509_V_ERR_INVALID_PURPOSE: return depth == 0 ? Kind::not_for_servers : Kind::broken_chain;
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
    case X509_V_ERR_CERT_CHAIN_TOO_LONG:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
    case X509_V_ERR_INVALID_NON_CA:
    case X509_V_ERR_PERMITTED_VIOLATION:
    case X509_V_ERR_EXCLUDED_VIOLATION:
    case X509_V_ERR_SUBTREE_MINMAX:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX:
    case X509_V_ERR_UNSUPPORTED_NAME_SYNTAX:
    case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
    case X509_V_ERR_INVALID_EXTENSION:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_NO_EXPLICIT_POLICY: return Kind::broken_chain;
    default: return Kind::other;
  }
}

}  // namespace schoolgate::tls
