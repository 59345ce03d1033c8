// The entries of the desk that were written about one person: as a condition for queries, with its parameter.
//
// Over a DeskStore, on its thread.
#pragma once

#include <string>
#include <string_view>

#include "casework/desk_store.h"

namespace schoolgate::casework {

/// Of the table `entries`; ?1 is the account, ?2 episodes_of() it. Entries of earlier releases have no person, but are
/// about one of the person's episodes.
inline constexpr std::string_view kAboutPerson =
    "(person = ?1 OR (person = '' AND text <> '' AND field = 'acknowledgement'"
    " AND about IN (SELECT value FROM json_each(?2))))";

/// Ids of the person's episodes as a JSON array: those that the breach log still has, and those that the journal names.
[[nodiscard]] Result<std::string> episodes_of(DeskStore& desk, std::string_view person);

}  // namespace schoolgate::casework
