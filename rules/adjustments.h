// What is changed in a request that is let through: SafeSearch by parameter and header, and the tenants into which one
// may sign in.
//
// The table of parameters is rules/data/safe_search_parameters.txt, read once per process; safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rules/policy_spec.h"

namespace schoolgate::rules {

/// A header field that a request must carry: what the client sent under that name is removed first. Views into the
/// snapshot.
struct HeaderSetting {
  std::string_view name, value;
  bool operator==(const HeaderSetting&) const = default;
};

struct Adjustments {
  std::string target;                  ///< origin-form, to send instead of the client's; empty: unchanged
  std::vector<HeaderSetting> headers;  ///< to set
  [[nodiscard]] bool any() const noexcept { return !target.empty() || !headers.empty(); }
};

/// `target` (origin-form, as the client sent it) with the SafeSearch parameters of this canonical host set; empty when
/// there is nothing to change. Other parameters keep their bytes and their order.
[[nodiscard]] std::string with_safe_search(std::string_view host, std::string_view path, std::string_view target);

/// True when SafeSearch at `host` (canonical) is done by parameter and by no safe endpoint.
[[nodiscard]] bool safe_search_needs_opening(std::string_view host) noexcept;

/// True for the hosts at which the fields of `tenants` mean something.
[[nodiscard]] bool is_tenant_host(std::string_view host, const TenantSpec& tenants) noexcept;

}  // namespace schoolgate::rules
