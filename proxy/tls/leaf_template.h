// Minting a leaf in some twenty microseconds: a certificate that is kept whole but for what differs from leaf to leaf.
//
// Setting a public key is four fifths of what a certificate costs to make, so it is set once. One thread at a time.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "proxy/tls/authority.h"
#include "proxy/tls/leaf.h"

namespace schoolgate::tls {

class LeafTemplate {
 public:
  /// `authority` has its key; `public_key` (DER SubjectPublicKeyInfo, P-256) is that of all leaves.
  [[nodiscard]] static Result<LeafTemplate> make(std::shared_ptr<const Authority> authority,
                                                 std::string_view public_key);

  /// DER: `host` as the only name, serverAuth, from a day before `now`; for 199 days in all (own_page: until a day from
  /// now), never beyond the authority. Fault self for a host that no certificate may name.
  [[nodiscard]] Result<std::string> mint(std::string_view host, LeafFor what, TimePoint now);
  /// DER: for the gateway's own pages, by all of `hosts` (at least one), as long as that of a site. Fault self for a
  /// host that no certificate may name.
  [[nodiscard]] Result<std::string> mint_for_pages(std::span<const std::string_view> hosts, TimePoint now);

 private:
  [[nodiscard]] Result<std::string> mint(std::span<const std::string_view> hosts, std::string_view organisation,
                                         TimePoint now, TimePoint::duration lifetime);
  LeafTemplate(std::shared_ptr<const Authority> authority, CertificateHandle certificate) noexcept
      : authority_(std::move(authority)), certificate_(std::move(certificate)) {}

  std::shared_ptr<const Authority> authority_;
  CertificateHandle certificate_;
};

}  // namespace schoolgate::tls
