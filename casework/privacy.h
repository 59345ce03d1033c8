// Keeping no longer than needed, and giving people what is kept about them.
//
// Over a DeskStore, on its thread. Each removal leaves an entry in the deletion log: what kind, how many, up to when,
// never what it said. An incident under legal hold, and everything about its subjects, is left alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/local_time.h"
#include "casework/desk_store.h"

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
  std::string by;          ///< "retention", or who erased
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

  /// Everything kept about `person` (an account): episodes, records, incidents they are a subject of (without what is
  /// about others), page reports, views of their record, decisions. JSON lines, one object each with "kind". For
  /// people: to_text form. `write` returns false to stop. Fault client: the viewer may not; the person is the viewer.
  enum class Form : std::uint8_t { json, text };
  [[nodiscard]] Result<std::uint64_t> export_person(const Viewer& viewer, std::string_view person,
                                                    const std::filesystem::path& decisions, Form form,
                                                    const LocalClock& clock, TimePoint now,
                                                    const std::function<bool(std::string_view)>& write);
  /// Takes a person out of all the desk keeps: subjects, reports, the journal's index. The breach log's records go by
  /// its own retention. Fault client: under legal hold; not dsl or head.
  [[nodiscard]] Result<std::uint64_t> erase_person(const Viewer& viewer, std::string_view person, TimePoint now);

 private:
  DeskStore& desk_;
};

}  // namespace schoolgate::casework
