// What to do about a theme and whom to call: built in, and as the school has edited it.
//
// Over a DeskStore, on its thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "casework/desk_store.h"

namespace schoolgate::casework {

struct Contact {
  std::string name;   ///< "Childline"
  std::string reach;  ///< "0800 1111", "report.iwf.org.uk", an address: as text
};

struct Checklist {
  std::string theme;  ///< of the categories; "child-abuse" and "terrorism" for the illegal ones, "other" for the rest
  std::vector<std::string> steps;
  std::vector<Contact> contacts;
  std::string edited_by;  ///< empty: as built in
  std::optional<TimePoint> edited_at;
};

/// The themes that have steps of their own, in the order in which they are listed.
[[nodiscard]] std::vector<std::string> checklist_themes();
[[nodiscard]] Checklist built_in_checklist(std::string_view theme, bool illegal);

class Checklists {
 public:
  /// `seen`: DeskStore::version of the theme on the page that is written on; a change on an older page is refused.
  explicit Checklists(DeskStore& desk, std::optional<std::uint64_t> seen = std::nullopt) : desk_(desk), seen_(seen) {}
  /// The school's, or the built-in one.
  [[nodiscard]] Result<Checklist> find(std::string_view theme, bool illegal);
  /// At most 20 steps of 500 bytes and 20 contacts. Fault client otherwise.
  [[nodiscard]] Result<void> edit(const Viewer& viewer, const Checklist& checklist, TimePoint now);
  /// Back to the built-in one.
  [[nodiscard]] Result<void> reset(const Viewer& viewer, std::string_view theme, TimePoint now);

 private:
  DeskStore& desk_;
  std::optional<std::uint64_t> seen_;
};

}  // namespace schoolgate::casework
