// The tables that ship with the judge: safe endpoints of search engines, the sites of help that nothing blocks, and the
// services that are never decrypted. Larger tables stand with what reads them (search_terms.h, adjustments.h,
// nested_urls.h).
//
// Read once per process from text embedded in the program (rules/data/*.txt); immutable, safe from any thread.
#pragma once

#include <string_view>
#include <vector>

#include "rules/policy_spec.h"

namespace schoolgate::rules {

/// What to dial instead of `host` (canonical) so that its results are filtered; empty when it is no search engine's.
[[nodiscard]] std::string_view safe_endpoint_of(std::string_view host, YoutubeRestriction youtube) noexcept;

struct SafeEndpoint {
  std::string_view host, endpoint;
};
/// Every row of that table, by host.
[[nodiscard]] std::vector<SafeEndpoint> safe_endpoints(YoutubeRestriction youtube);

/// A name by which a browser or device asks the network how it shall behave.
struct NetworkSignal {
  std::string_view name;
  std::string_view about;  ///< "dns-over-https", "relay"
};
[[nodiscard]] std::vector<NetworkSignal> network_signals();

/// The entry of the support table that is `host` (canonical) or a parent of it, as a view into the table; else empty.
[[nodiscard]] std::string_view support_site_of(std::string_view host) noexcept;

/// A row of the table of services that are never decrypted; views into the table.
struct NeverInspected {
  std::string_view site;  ///< empty: none
  std::string_view why;   ///< "pinned", "os-update", "app-store", "certificate", "messenger", "payment"
};
/// The row for `host` (canonical) or its nearest parent that has one.
[[nodiscard]] NeverInspected never_inspected_entry_of(std::string_view host) noexcept;
inline constexpr std::string_view kNeverInspectSource = "rules/data/never_inspect.txt";

/// How Reasons name the support table.
inline constexpr std::string_view kSupportTableName = "support-sites";
inline constexpr std::string_view kSupportTableSource = "rules/data/support_sites.txt";

}  // namespace schoolgate::rules
