// Public lists that lists.yaml takes by name (`catalogue: ut1-gambling`): where each is, in which form, under which
// licence, how often its publisher is asked, and which sites it is known to cover wrongly.
//
// Data: blocklists/data/public_lists.tsv beside blocklists/data/catalogue.tsv. An address says where the publisher had
// the list; `checked` says whether it has been fetched from there since.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "blocklists/catalogue.h"
#include "blocklists/format.h"

namespace schoolgate::blocklists {

struct PublicList {
  std::string name;                       ///< "ut1-gambling": the publisher, and what it calls the list
  const CatalogueEntry* entry = nullptr;  ///< publisher, category, purpose, ages, note
  Format format = Format::domains;
  std::string_view address;  ///< https
  std::string_view member;   ///< of the archive; empty: the address is the list
  std::chrono::hours refresh{24};
  std::string_view licence;      ///< an SPDX identifier
  std::string_view over_blocks;  ///< sites that must stay reachable and that it is known to cover, by blanks
  std::string_view checked;      ///< "2026-11-30", or "never"
};

/// Every list, in the order of the file; lives as long as the program.
[[nodiscard]] std::span<const PublicList> public_lists();

/// nullptr when there is none of that name.
[[nodiscard]] const PublicList* find_public_list(std::string_view name);

/// What a kind of school takes for one category; no lists: no public one is known that fills it.
struct PresetCategory {
  std::string_view category;
  std::vector<const PublicList*> lists;
};
/// Data: blocklists/data/presets.tsv. Empty when there is no such preset; "primary" is one.
[[nodiscard]] std::vector<PresetCategory> preset(std::string_view name);

}  // namespace schoolgate::blocklists
