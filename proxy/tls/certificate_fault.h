// What is wrong with a site's certificate, in the words of the page that says so.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace schoolgate::tls {

struct CertificateFault {
  enum class Kind : std::uint8_t {
    none,
    expired,
    not_yet_valid,
    wrong_name,
    self_signed,
    unknown_issuer,
    incomplete_chain,
    revoked,
    no_revocation_proof,  ///< the certificate promises a stapled OCSP answer (RFC 7633) and none came
    weak,                 ///< signature or key below security level 2
    not_for_servers,
    broken_chain,  ///< an issuer that may not issue, a path too long, a name constraint, an unknown critical extension
    own_authority,
    too_large,
    client_certificate_wanted,
    other,
  };
  Kind kind = Kind::none;
  TimePoint when{};  ///< expired: when it ended; not_yet_valid: when it begins

  [[nodiscard]] explicit operator bool() const noexcept { return kind != Kind::none; }
  /// One sentence for people: "The certificate of this site ended on 2 May 2026." Empty for none.
  [[nodiscard]] std::string text() const;
  bool operator==(const CertificateFault&) const = default;
};

/// "expired", "wrong-name": for records and metrics.
[[nodiscard]] std::string_view to_string(CertificateFault::Kind kind) noexcept;

/// The kind that an X509_V_ERR_ code of a verification means. `certificates_sent`: how many the server presented;
/// `depth`: at which one the verification stopped, the leaf being 0.
[[nodiscard]] CertificateFault::Kind kind_of_verify_error(int error, int depth, int certificates_sent) noexcept;

}  // namespace schoolgate::tls
