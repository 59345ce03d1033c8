// Keeping no longer than needed, and giving people what is kept about them.
//
// Over a DeskStore, on its thread. Each removal leaves an entry in the deletion log: what kind, how many, up to when,
// never what it said. An incident under legal hold, and everything about its subjects, is left alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/local_time.h"
#include "casework/desk_store.h"
#include "casework/person_export.h"

namespace schoolgate::casework {

struct RetentionRules {
  std::chrono::days breaches{365};   ///< acknowledgements, releases and names in the journal's index
  std::chrono::days incidents{365};  ///< after closing
  std::chrono::days page_reports{365};
  std::chrono::days checks{365 * 7};
  std::chrono::days journal{365 * 7};
  std::chrono::days sums{365 * 7};
};

struct Deletion {
  TimePoint at;
  std::string kind;  ///< "incidents"
  std::uint64_t count = 0;
  TimePoint until;         ///< everything of the kind before this
  std::uint64_t held = 0;  ///< due too, and kept because of a legal hold
  std::string by;          ///< "retention", or the account that erased
};

/// The first attempt of any episode under legal hold: the breach log keeps everything from that day on, as its chain
/// can only be cut at the beginning. nullopt: nothing is held, or there is no desk.
[[nodiscard]] Result<std::optional<TimePoint>> oldest_held(const std::filesystem::path& state_folder);

class Privacy {
 public:
  explicit Privacy(DeskStore& desk) : desk_(desk) {}

  /// Removes what is over its time. To be called once a day.
  [[nodiscard]] Result<std::vector<Deletion>> enforce(const RetentionRules& rules, TimePoint now);
  /// Newest first; those of the breach log too.
  [[nodiscard]] Result<std::vector<Deletion>> deletions(std::size_t limit = 200);
  /// Accounts under legal hold: whose records the breach log must not remove either.
  [[nodiscard]] Result<std::vector<std::string>> held_people();

  /// What of a person was taken out, for the confirmation.
  struct Erased {
    std::uint64_t entries = 0;    ///< on episodes and in incidents: text and name are gone, author and time stay
    std::uint64_t incidents = 0;  ///< in which the person was named as concerned
    std::uint64_t reports = 0;    ///< of pages
    std::uint64_t releases = 0;
    std::uint64_t journal = 0;  ///< entries whose index named the person
    // What stays, and why:
    std::uint64_t episodes = 0;        ///< of the breach log: they go by its own retention
    std::uint64_t incident_notes = 0;  ///< free text of those incidents, in which the person may be named
    [[nodiscard]] std::uint64_t sum() const noexcept { return entries + incidents + reports + releases + journal; }
  };
  /// "3 entries, 1 incident, …": for people.
  [[nodiscard]] static std::string words_of(const Erased& erased);

  using Form = PersonExport::Form;
  /// Everything kept about `person` (an account), as PersonExport tells it, and an entry in the journal. What was
  /// written must not leave before the call has succeeded. Returns the number of pieces. Fault client: the viewer may
  /// not; the person is the viewer; nothing is kept about such a person.
  [[nodiscard]] Result<std::uint64_t> export_person(const Viewer& viewer, std::string_view person,
                                                    const std::filesystem::path& decisions, Form form,
                                                    const LocalClock& clock, TimePoint now,
                                                    const PersonExport::Write& write);
  /// Takes a person out of all the desk keeps: subjects, reports, the journal's index. The breach log's records go by
  /// its own retention. Fault client: under legal hold; not dsl or head; nothing is kept about such a person.
  [[nodiscard]] Result<Erased> erase_person(const Viewer& viewer, std::string_view person, TimePoint now);

 private:
  DeskStore& desk_;
};

}  // namespace schoolgate::casework
