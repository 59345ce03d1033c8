// Whom Schoolgate believes about web sites: the system's roots, the school's extra ones, and names with one root each.
//
// Loaded once per configuration (milliseconds), then shared by the workers; immutable.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "proxy/tls/authority.h"
#include "proxy/tls/handles.h"

namespace schoolgate::tls {

struct PinnedRoot {
  std::string site;  ///< canonical: this name and everything under it
  std::filesystem::path root;
};

struct TrustSettings {
  std::filesystem::path system_roots = "/etc/ssl/certs/ca-certificates.crt";  ///< PEM; empty: none
  std::vector<std::filesystem::path> extra_roots;                             ///< PEM
  std::vector<PinnedRoot> pins;  ///< such a site may only be vouched for by its root, and that root for nothing else
  std::shared_ptr<const Authority> own_authority;  ///< refused anywhere in a chain; null when there is none
  /// True for "co.uk", false for "github.io": the ICANN part of the list. A wildcard over such a name is refused.
  std::function<bool(std::string_view)> is_public_suffix;
};

class TrustStore {
 public:
  /// Fault config or host; names the file.
  [[nodiscard]] static Result<std::shared_ptr<const TrustStore>> load(TrustSettings settings);

  /// The roots for `host`: those of its longest pin, else all.
  [[nodiscard]] x509_store_st* roots_for(std::string_view host) const noexcept;
  [[nodiscard]] x509_store_st* roots() const noexcept { return roots_.get(); }
  [[nodiscard]] std::size_t root_count() const noexcept { return root_count_; }
  [[nodiscard]] const Authority* own_authority() const noexcept { return settings_.own_authority.get(); }
  [[nodiscard]] bool is_public_suffix(std::string_view name) const {
    return settings_.is_public_suffix && settings_.is_public_suffix(name);
  }
  /// Different for every store of this process: part of the key of what was verified with it.
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }

 private:
  struct Pin {
    std::string site;
    StoreHandle store;
  };
  TrustStore() = default;
  TrustSettings settings_;
  StoreHandle roots_;
  std::vector<Pin> pins_;
  std::size_t root_count_ = 0;
  std::uint64_t generation_ = 0;
};

}  // namespace schoolgate::tls
