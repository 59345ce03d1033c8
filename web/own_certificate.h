// The certificate and key that the gateway makes for its own pages: what they name, who signs, and when they are due.
//
// A P-256 key (mode 0600) and a certificate in two files of the state folder. Where there is an Issuer it signs, so
// that browsers which trust it open the pages without a warning; else the certificate signs itself, for 825 days. A
// pair that the school has put in their place is the school's: it is served as it is and never replaced.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "names/ip_address.h"

namespace schoolgate::web {

/// Where a certificate made here is kept, and what it names.
struct OwnCertificate {
  std::filesystem::path folder;             ///< exists, mode 0700: <state>
  std::string file = "console";             ///< <file>.crt and <file>.key
  std::string school;                       ///< organisation in the subject, where it signs itself
  std::vector<std::string> names;           ///< DNS names; "localhost" is always one
  std::vector<names::IpAddress> addresses;  ///< 127.0.0.1 and ::1 always are

  [[nodiscard]] std::filesystem::path certificate_file() const { return folder / (file + ".crt"); }
  [[nodiscard]] std::filesystem::path key_file() const { return folder / (file + ".key"); }
};

/// The school's own authority, whose key is elsewhere.
struct Issuer {
  std::string certificate;  ///< of the authority, DER
  /// DER of a certificate for this public key (DER SubjectPublicKeyInfo) by these names and addresses.
  std::function<Result<std::string>(std::string_view public_key, std::span<const std::string> hosts)> sign;
};

/// True when the certificate that is there is not of our making.
[[nodiscard]] bool is_given(const OwnCertificate& own);

/// All that the certificate is to name, in the spelling of names/, without doubles.
[[nodiscard]] std::vector<std::string> hosts_of(const OwnCertificate& own);

/// Nothing when the certificate that is there serves; else why a new one is needed: none is there, it runs out within
/// 30 days, it names too little, or `issuer`, where there is one, did not sign it or it names too much. Nothing where
/// it is_given().
[[nodiscard]] std::optional<std::string> why_anew(const OwnCertificate& own, const Issuer* issuer, TimePoint now);

/// True when it can be shown although why_anew() has something against it: it names what it should, at this time.
[[nodiscard]] bool still_serves(const OwnCertificate& own, TimePoint now);

/// Makes both files anew. An Error leaves what was there, but for a disk that fails between the two.
[[nodiscard]] Result<void> make_certificate(const OwnCertificate& own, const Issuer* issuer, TimePoint now);

}  // namespace schoolgate::web
