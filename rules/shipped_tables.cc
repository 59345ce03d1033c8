#include "rules/shipped_tables.h"

#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "rules/data_lines.h"
#include "rules/embedded_data.h"
#include "rules/text_hash.h"

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

const std::unordered_set<std::string_view>& support_sites() {
  static const auto table = [] {
    std::unordered_set<std::string_view> rows;
    for_each_row(data::kSupportSites, [&](const auto& words) { rows.insert(words[0]); });
    return rows;
  }();
  return table;
}

}  // namespace

std::string_view safe_endpoint_of(std::string_view host, YoutubeRestriction youtube) noexcept {
  const auto& table = safe_search();
  const auto found = table.find(host);
  if (found == table.end()) return {};
  return youtube == YoutubeRestriction::moderate ? found->second.moderate : found->second.strict;
}

std::string_view support_site_of(std::string_view host) noexcept {
  const auto& table = support_sites();
  std::string_view entry;
  any_suffix(host, [&](std::string_view name) {
    const auto found = table.find(name);
    if (found != table.end()) entry = *found;
    return found != table.end();
  });
  return entry;
}

}  // namespace schoolgate::rules
