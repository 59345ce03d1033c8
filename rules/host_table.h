// A small table by host name, as the files of rules/data write them.
//
// Filled once, then immutable; any thread may ask. A question costs one pass over the name when it is in no row.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/suffix_filter.h"
#include "rules/text_hash.h"

namespace schoolgate::rules {

/// The ends of Google's names, as "co.uk", from the table of safe endpoints.
[[nodiscard]] const std::vector<std::string_view>& google_countries();

template <class Row>
class HostTable {
 public:
  /// "example.org" is that name alone, ".example.org" is it and everything under it, "www.google.*" stands for every
  /// country in which Google has a domain.
  void add(std::string_view pattern, const Row& row) {
    if (pattern.ends_with(".*")) {
      pattern.remove_suffix(1);
      for (const std::string_view country : google_countries())
        rows_[std::string(pattern).append(country)].push_back({row, false});
    } else {
      const bool under = pattern.starts_with('.');
      rows_[std::string(pattern.substr(under ? 1 : 0))].push_back({row, under});
    }
  }
  void finish() {
    std::vector<std::string_view> names;
    for (const auto& [name, rows] : rows_) names.push_back(name);
    filter_ = SuffixFilter(names);
  }

  /// Calls visit(row, name in the table) for each row that covers `host`, farthest parent first.
  template <class Visit>
  void for_each(std::string_view host, Visit&& visit) const noexcept {
    filter_.for_each_candidate(host, [&](std::string_view suffix) {
      const auto found = rows_.find(suffix);
      if (found == rows_.end()) return;
      for (const Held& held : found->second)
        if (held.under || suffix.size() == host.size()) visit(held.row, std::string_view(found->first));
    });
  }

 private:
  struct Held {
    Row row;
    bool under;
  };
  ByText<std::vector<Held>> rows_;
  SuffixFilter filter_;
};

/// A path of a table: exact, or with a '*' at its end everything that begins so.
[[nodiscard]] inline bool table_path_covers(std::string_view pattern, std::string_view path) noexcept {
  return pattern.ends_with('*') ? path.starts_with(pattern.substr(0, pattern.size() - 1)) : path == pattern;
}

}  // namespace schoolgate::rules
