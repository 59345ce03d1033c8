#include "rules/shipped_tables.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "rules/data_lines.h"
#include "rules/embedded_data.h"
#include "rules/host_table.h"
#include "rules/suffix_filter.h"

namespace schoolgate::rules {
namespace {

struct Endpoints {
  std::string_view strict, moderate;
};

const std::unordered_map<std::string_view, Endpoints>& safe_search() {
  static const auto table = [] {
    std::unordered_map<std::string_view, Endpoints> rows;
    for_each_row(data::kSafeSearch, [&](const auto& words) {
      if (words.size() >= 2) rows.try_emplace(words[0], Endpoints{words[1], words.back()});
    });
    return rows;
  }();
  return table;
}

struct SupportSites {
  std::unordered_set<std::string_view> names;
  SuffixFilter filter;
};

const SupportSites& support_sites() {
  static const auto table = [] {
    SupportSites sites;
    for_each_row(data::kSupportSites, [&](const auto& words) { sites.names.insert(words[0]); });
    sites.filter = SuffixFilter(sites.names);
    return sites;
  }();
  return table;
}

const HostTable<std::string_view>& never_inspected() {
  static const auto table = [] {
    HostTable<std::string_view> rows;
    for_each_row(data::kNeverInspect, [&](const auto& words) {
      if (words.size() >= 2) rows.add("." + std::string(words[0]), words[1]);
    });
    rows.finish();
    return rows;
  }();
  return table;
}

}  // namespace

const std::vector<std::string_view>& google_countries() {
  static const auto countries = [] {
    constexpr std::string_view kGoogle = "www.google.";
    std::vector<std::string_view> ends;
    for (const auto& [host, endpoints] : safe_search())
      if (host.starts_with(kGoogle)) ends.push_back(host.substr(kGoogle.size()));
    return ends;
  }();
  return countries;
}

std::string_view safe_endpoint_of(std::string_view host, YoutubeRestriction youtube) noexcept {
  const auto& table = safe_search();
  const auto found = table.find(host);
  if (found == table.end()) return {};
  return youtube == YoutubeRestriction::moderate ? found->second.moderate : found->second.strict;
}

std::vector<SafeEndpoint> safe_endpoints(YoutubeRestriction youtube) {
  std::vector<SafeEndpoint> rows;
  for (const auto& [host, endpoints] : safe_search()) rows.push_back({host, safe_endpoint_of(host, youtube)});
  std::ranges::sort(rows, {}, &SafeEndpoint::host);
  return rows;
}

std::vector<NetworkSignal> network_signals() {
  std::vector<NetworkSignal> rows;
  for_each_row(data::kNetworkSignals, [&](const auto& words) {
    if (words.size() == 2) rows.push_back({words[0], words[1]});
  });
  return rows;
}

std::string_view support_site_of(std::string_view host) noexcept {
  const SupportSites& table = support_sites();
  std::string_view entry;
  table.filter.for_each_candidate(host, [&](std::string_view name) {
    if (const auto found = table.names.find(name); found != table.names.end()) entry = *found;
  });
  return entry;
}

NeverInspected never_inspected_entry_of(std::string_view host) noexcept {
  NeverInspected nearest;
  never_inspected().for_each(host, [&](std::string_view why, std::string_view site) { nearest = {site, why}; });
  return nearest;
}

}  // namespace schoolgate::rules
