// The shipped catalogue: what the categories of common publishers are for, and which category of ours they belong to.
//
// Publishers mix lists to block with neutral ones and with lists made to let sites through; loading one of the latter
// as a blocked category would shut out hundreds of school sites. Data: blocklists/data/catalogue.tsv.
#pragma once

#include <span>
#include <string_view>

#include "base/error.h"
#include "blocklists/format.h"

namespace schoolgate::blocklists {

enum class Purpose : std::uint8_t {
  block,    ///< made to be blocked
  neutral,  ///< describes sites; blocking it whole is no default
  allow,    ///< made to be let through
};
[[nodiscard]] std::string_view to_string(Purpose purpose) noexcept;

struct CatalogueEntry {
  std::string_view publisher;  ///< "ut1", "blocklistproject", "hagezi", "nextdns"
  std::string_view name;       ///< what the publisher calls it
  std::string_view category;   ///< ours
  Purpose purpose = Purpose::block;
  std::string_view ages;  ///< "4-11": the ages that a block is meant for; empty: no default
  std::string_view note;
};

/// Every entry, in the order of the file; lives as long as the program.
[[nodiscard]] std::span<const CatalogueEntry> catalogue() noexcept;

/// The entry that a list seems to be: by its name ("ut1-bank"), else by the last part of its source that says anything
/// (".../blacklists/bank/domains.gz"). nullptr when it is in no catalogue.
[[nodiscard]] const CatalogueEntry* find_in_catalogue(std::string_view list_name, std::string_view source,
                                                      Format format) noexcept;

/// Refuses (fault config, with an explanation) to load a list made to be allowed, or a neutral one of a known
/// publisher, under another category than the catalogue's. The caller may be told to force it.
[[nodiscard]] Result<void> check_purpose(std::string_view list_name, std::string_view category, std::string_view source,
                                         Format format);

}  // namespace schoolgate::blocklists
