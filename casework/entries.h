// Dated entries: what people wrote about a record, each by its author, as many as were made.
//
// An entry is never changed. A correction is an entry of its own that names the one it corrects; which value holds now
// follows from the entries. Only retention and the erasure of a person take text away, and the database refuses every
// other change. Over a desk.db, on its thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "store/sqlite.h"

namespace schoolgate::casework {

struct Entry {
  std::string id;            ///< UUIDv7; given by add_entry()
  std::uint64_t number = 0;  ///< 1, 2, … among those of the same record and field; given by add_entry()
  std::string field;         ///< "acknowledgement", "assessment", "lessons", …
  std::string by;            ///< account of the author; empty: not recorded, from before there were entries
  TimePoint at;
  std::string choice;    ///< the word that was chosen: an assessment, a state; may be empty
  std::string text;      ///< what was typed; may be empty
  std::string corrects;  ///< id of the entry that this one corrects; empty: none
  std::string person;    ///< the account that it is about, where it is about one; for erasure
};

/// Adds `entry` to the record `about`. Inside DeskStore::change(). Fault client: `corrects` names no entry of that
/// record and field.
[[nodiscard]] Result<Entry> add_entry(store::Database& desk, std::string_view about, Entry entry);
/// Oldest first; `field` empty: all. `desk` may be breaches.db with desk.db attached.
[[nodiscard]] Result<std::vector<Entry>> entries_of(store::Database& desk, std::string_view about,
                                                    std::string_view field = {});
/// The entries that hold: those that no later entry corrects.
[[nodiscard]] std::vector<Entry> standing(const std::vector<Entry>& entries);

/// Makes the table, and takes over what an older release kept one of: acknowledgements, assessments, lessons, answers.
/// Nothing of it is lost, and opening twice adds nothing. After the
/// tables of desk.db were made.
[[nodiscard]] Result<void> prepare_entries(store::Database& desk);

}  // namespace schoolgate::casework
