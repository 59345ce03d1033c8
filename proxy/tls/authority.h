// The school's own certificate authority: it vouches, towards the school's devices only, for what the filter opened.
//
// Made once per install by `schoolgate ca create`; no two installs share a key. Immutable once loaded and safe to use
// from any thread. The private half never leaves its file and the memory of the process that signs.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "proxy/tls/handles.h"

namespace schoolgate::tls {

struct AuthorityFiles {
  std::filesystem::path certificate;  ///< authority.pem: public
  std::filesystem::path key;          ///< authority.key: PKCS#8, mode 0600
};
[[nodiscard]] AuthorityFiles authority_files(const std::filesystem::path& folder);

/// When the first certificate of a PEM file ends. Fault config: it holds none; host: it cannot be read.
[[nodiscard]] Result<TimePoint> end_of_certificate(const std::filesystem::path& file);
/// The same of all certificates of the file, in its order.
[[nodiscard]] Result<std::vector<TimePoint>> ends_of_certificates(const std::filesystem::path& file);

/// Makes a P-256 key and a self-signed certificate for ten years from `now` in `folder` (0700 when it has to be made):
/// CA with path length 0, subject "<school> web filter <8 hex of the key>". An existing authority, or half of one, is
/// never overwritten (fault config).
[[nodiscard]] Result<void> create_authority(const std::filesystem::path& folder, std::string_view school,
                                            TimePoint now);

class Authority {
 public:
  /// With its key, for signing. Refuses a key that others may read, that does not fit the certificate or is not P-256,
  /// and a certificate that is not an authority's. Its end is for whoever knows the time. Fault config; host (a file).
  [[nodiscard]] static Result<std::shared_ptr<const Authority>> load(const std::filesystem::path& folder);
  /// The certificate alone: to export it, and to refuse it upstream. The key file is not touched.
  [[nodiscard]] static Result<std::shared_ptr<const Authority>> load_public(const std::filesystem::path& folder);

  [[nodiscard]] std::string certificate_pem() const;
  [[nodiscard]] std::string certificate_der() const;
  /// DER SubjectPublicKeyInfo.
  [[nodiscard]] const std::string& public_key() const noexcept { return public_key_; }
  /// The common name.
  [[nodiscard]] const std::string& subject() const noexcept { return subject_; }
  [[nodiscard]] TimePoint not_before() const noexcept { return not_before_; }
  [[nodiscard]] TimePoint not_after() const noexcept { return not_after_; }
  /// Of the certificate, 64 lower-case hexadecimal digits.
  [[nodiscard]] std::string fingerprint_sha256() const;

  [[nodiscard]] x509_st* certificate() const noexcept { return certificate_.get(); }
  /// Null after load_public().
  [[nodiscard]] evp_pkey_st* key() const noexcept { return key_.get(); }

 private:
  Authority() = default;
  CertificateHandle certificate_;
  KeyHandle key_;
  std::string public_key_, subject_;
  TimePoint not_before_{}, not_after_{};
};

}  // namespace schoolgate::tls
