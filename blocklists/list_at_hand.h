// What of a configured list is at hand: its source, the content that was accepted last, what the image in force holds.
//
// An update and a start ask the same question here, so that both come to the same image. Looks at the store and at
// local sources; writes nothing but what carry_over() is told to.
#pragma once

#include <filesystem>
#include <optional>

#include "base/error.h"
#include "blocklists/category_db.h"
#include "blocklists/gated_compile.h"
#include "blocklists/store.h"
#include "blocklists/update.h"

namespace schoolgate::blocklists {

struct ListAtHand {
  GatedList list;
  /// Its publisher made it for something else (check_purpose): nothing of it is compiled.
  std::optional<Error> wrong_purpose;
};

/// `known`: what the store knows of the list's server; null for nothing.
[[nodiscard]] ListAtHand list_at_hand(const ListStore& store, const UpdateSource& list, const SourceState* known);

/// For a sealed list of which nothing else is at hand: what the image in force, `in_force` at `image`, holds of it
/// becomes its last good content, in a file of `folder`.
void carry_over(GatedList& list, const CategoryDb& in_force, const std::filesystem::path& image, const SealedKey& key,
                const std::filesystem::path& folder);

}  // namespace schoolgate::blocklists
