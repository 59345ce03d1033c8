#include "rules/adjustments.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "names/percent.h"
#include "rules/compiled_policy.h"
#include "rules/data_lines.h"
#include "rules/embedded_data.h"
#include "rules/host_table.h"
#include "rules/shipped_tables.h"
#include "rules/snapshot.h"

namespace schoolgate::rules {
namespace {

struct Parameter {
  std::string_view name, value;
};
struct ParameterRow {
  std::string_view path;
  std::vector<Parameter> parameters;
};

const HostTable<ParameterRow>& parameter_rows() {
  static const auto table = [] {
    HostTable<ParameterRow> rows;
    for_each_row(data::kSafeSearchParameters, [&](const auto& words) {
      if (words.size() < 3) return;
      ParameterRow row{.path = words[1], .parameters = {}};
      for (const std::string_view word : std::span(words).subspan(2))
        row.parameters.push_back({word.substr(0, word.find('=')), word.substr(word.find('=') + 1)});
      rows.add(words[0], row);
    });
    rows.finish();
    return rows;
  }();
  return table;
}

/// Whether a piece of a query sets this parameter, however the name is escaped or cased.
bool names_parameter(std::string_view piece, std::string_view name) {
  std::string own(piece.substr(0, piece.find('=')));
  names::unescape_to_fixpoint(own);
  return equal_ignoring_case(own, name);
}

/// The endpoint that makes YouTube keep to Restricted Mode tells its hosts from those of other engines.
bool is_youtube(std::string_view host) noexcept {
  return safe_endpoint_of(host, YoutubeRestriction::strict) == "restrict.youtube.com";
}

// Google Workspace: "block access to consumer accounts" wants the field in every request to google.com.
bool is_google_account_host(std::string_view host) noexcept { return names::is_same_or_under(host, "google.com"); }

// Microsoft Entra: "restrict access to a tenant" names these three.
bool is_microsoft_login_host(std::string_view host) noexcept {
  return host == "login.microsoftonline.com" || host == "login.microsoft.com" || host == "login.windows.net";
}
constexpr std::string_view kMicrosoftPersonalLogin = "login.live.com";

}  // namespace

std::string with_safe_search(std::string_view host, std::string_view path, std::string_view target) {
  const ParameterRow* row = nullptr;
  parameter_rows().for_each(host, [&](const ParameterRow& candidate, std::string_view) {
    if (table_path_covers(candidate.path, path)) row = &candidate;
  });
  if (row == nullptr) return {};

  const std::size_t mark = std::min(target.find('?'), target.size());
  std::string query;
  std::size_t as_wanted = 0;
  bool others = false;
  const auto add = [&](std::string_view piece) {
    if (!query.empty()) query += '&';
    query += piece;
  };
  for (std::string_view rest = target.substr(std::min(mark + 1, target.size())); !rest.empty();) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view piece = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto set = std::ranges::find_if(
        row->parameters, [&](const Parameter& parameter) { return names_parameter(piece, parameter.name); });
    if (set == row->parameters.end())
      add(piece);
    else if (piece == std::string(set->name).append("=").append(set->value))
      ++as_wanted;
    else
      others = true;
  }
  if (!others && as_wanted == row->parameters.size()) return {};
  for (const Parameter& parameter : row->parameters)
    add(std::string(parameter.name).append("=").append(parameter.value));
  return std::string(target.substr(0, mark)).append("?").append(query);
}

bool safe_search_needs_opening(std::string_view host) noexcept {
  if (!safe_endpoint_of(host, YoutubeRestriction::strict).empty()) return false;
  bool found = false;
  parameter_rows().for_each(host, [&](const ParameterRow&, std::string_view) { found = true; });
  return found;
}

bool is_tenant_host(std::string_view host, const TenantSpec& tenants) noexcept {
  if (!tenants.google.empty() && is_google_account_host(host)) return true;
  if (tenants.microsoft.empty()) return false;
  return is_microsoft_login_host(host) || (host == kMicrosoftPersonalLogin && !tenants.microsoft_personal);
}

Adjustments PolicySnapshot::adjustments_for(GroupIndex group, const names::Url& url, std::string_view target) const {
  const GroupPolicy& policy = compiled().groups[compiled().known(group)];
  const std::string_view host = url.host();
  Adjustments adjustments;
  if (policy.safe_search) {
    adjustments.target = with_safe_search(host, url.path(), target);
    if (is_youtube(host))
      adjustments.headers.push_back(
          {"YouTube-Restrict", policy.youtube == YoutubeRestriction::strict ? "Strict" : "Moderate"});
  }
  const TenantSpec& tenants = policy.tenants;
  if (!is_tenant_host(host, tenants)) return adjustments;
  if (is_google_account_host(host)) {
    adjustments.headers.push_back({"X-GoogApps-Allowed-Domains", policy.google_tenants});
  } else if (is_microsoft_login_host(host)) {
    adjustments.headers.push_back({"Restrict-Access-To-Tenants", policy.microsoft_tenants});
    adjustments.headers.push_back({"Restrict-Access-Context", tenants.microsoft_context});
  } else {
    adjustments.headers.push_back({"sec-Restrict-Tenant-Access-Policy", "restrict-msa"});
  }
  return adjustments;
}

bool PolicySnapshot::may_adjust(GroupIndex group, std::string_view host) const noexcept {
  const GroupPolicy& policy = compiled().groups[compiled().known(group)];
  if (is_tenant_host(host, policy.tenants)) return true;
  if (!policy.safe_search) return false;
  bool found = is_youtube(host);
  if (!found) parameter_rows().for_each(host, [&](const ParameterRow&, std::string_view) { found = true; });
  return found;
}

}  // namespace schoolgate::rules
