// Why a TLS connection is opened, or is left closed: the answer to "what is decrypted here?".
#pragma once

#include <cstdint>
#include <string_view>

#include "rules/category.h"

namespace schoolgate::rules {

/// The first group never opens; what comes after `always` (itself included) does. Law: decide before decrypt.
enum class InspectReason : std::uint8_t {
  none,            ///< no rule could change its verdict with more than the name
  off,             ///< inspection.mode is off
  by_name_only,    ///< the device takes no certificate of ours
  no_certificate,  ///< the devices of this group do not have the authority's certificate
  support,         ///< a site of help and support
  never_site,      ///< inspection.never names it
  never_category,  ///< a category of inspection.never, or one that never is opened (banking, health)
  never_shipped,   ///< the shipped list of pinned and OS-update services

  always,        ///< inspection.mode is always
  url_entry,     ///< a rule of the school, or an entry of a list, is about part of this host
  category,      ///< the group's `inspect` names a category of this host
  search_terms,  ///< a search engine, and the group wants its search terms judged
  safe_search,   ///< SafeSearch that can be had by parameter or header only
  unlisted,      ///< no rule and no list knows it, and the group reads such pages
  tenants,       ///< a sign-in host, and the group limits its tenants
  wrapper,       ///< a translator, archive or web proxy that shows other sites under its own name
  pattern,       ///< a pattern rule of the school could apply to any address of any host
};

[[nodiscard]] constexpr bool opens(InspectReason reason) noexcept { return reason >= InspectReason::always; }
/// True when the connection must stay closed under any verdict, so not even a page may be shown inside it.
[[nodiscard]] constexpr bool must_not_open(InspectReason reason) noexcept {
  return reason >= InspectReason::off && reason <= InspectReason::never_shipped;
}
/// "url_entry": the word in JSON.
[[nodiscard]] std::string_view to_string(InspectReason reason) noexcept;

/// The reason with its evidence. Views and indices live as long as the snapshot that answered and what was asked.
struct Inspection {
  InspectReason reason = InspectReason::none;
  std::int32_t rule = -1;  ///< index of the school's own rule, or -1
  std::int32_t list = -1;  ///< index of the list in the snapshot's CategoryDb, or -1
  CategoryId category = kNoCategory;
  std::string_view entry;  ///< of the table that decided: the `never` entry, the search engine, the wrapper
  std::string_view
      detail;  ///< why the shipped list has it: "pinned", "os-update"; also where a rule outranks that list
};

}  // namespace schoolgate::rules
