// The question "sign this leaf", and the two that may answer it: this process, or another one that alone holds the key.
//
// One thread at a time (the LeafMint's).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "proxy/tls/authority.h"
#include "proxy/tls/leaf.h"

namespace schoolgate::tls {

class LeafSigner {
 public:
  LeafSigner() = default;
  LeafSigner(const LeafSigner&) = delete;
  LeafSigner& operator=(const LeafSigner&) = delete;
  virtual ~LeafSigner() = default;
  /// Names the key that leaves are made for (DER SubjectPublicKeyInfo): once, before the first sign().
  [[nodiscard]] virtual Result<void> use_key(std::string_view public_key) = 0;
  /// A certificate (DER) for `host` (canonical, or an IP literal with or without brackets) and for nothing else, good
  /// at `now`: the wall clock's time, or what is likely while that is not believed.
  [[nodiscard]] virtual Result<std::string> sign(std::string_view host, LeafFor what, TimePoint now) = 0;
};

/// Signs in this process. `authority` has its key.
[[nodiscard]] std::unique_ptr<LeafSigner> make_local_signer(std::shared_ptr<const Authority> authority);

}  // namespace schoolgate::tls
