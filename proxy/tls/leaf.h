// A certificate that the filter shows a client in a site's stead, with its key: ready to be put on a connection.
//
// Made by the LeafMint, shared by every worker, immutable.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "proxy/tls/handles.h"

namespace schoolgate::tls {

enum class LeafFor : std::uint8_t {
  verified_site,  ///< the site's own certificate was verified; the content is the site's
  own_page,       ///< a page of the filter itself (blocked, bad certificate): lives a day, and its subject says so
};

struct Leaf {
  CertificateHandle certificate;
  KeyHandle key;
  TimePoint not_before{}, not_after{};
};

/// The private key of all leaves of this process, P-256; a new one with every start. Fault self.
[[nodiscard]] Result<KeyHandle> make_leaf_key();
/// DER SubjectPublicKeyInfo of `key`.
[[nodiscard]] std::string public_half(const evp_pkey_st* key);
/// Reads what a LeafSigner answered and joins it with `key`. Fault self when they do not fit.
[[nodiscard]] Result<std::shared_ptr<const Leaf>> make_leaf(std::string_view der, evp_pkey_st* key);

}  // namespace schoolgate::tls
