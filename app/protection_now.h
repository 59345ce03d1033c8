// Protected or not, now: rules::protection_of() over what the state folder knows of the lists.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "config/load.h"
#include "rules/protection.h"

namespace schoolgate::app {

/// Whether anything is known of the lists' content.
enum class ListsKnown : std::uint8_t {
  as_stored,   ///< what the state folder says holds
  unreadable,  ///< it cannot be read: a list that has been there is of as little use as one that never was
};

/// Of `policy`, which was compiled from `configuration`, with the lists that it holds. Reads what is known of the
/// lists' sources, writes nothing; any thread. No group waits where the configuration says `first_start: serve`, unless
/// the lists are unreadable, or one that was accepted is neither in force nor kept (a damaged image and a lost file):
/// these it waits for, but for those with `if_missing: serve`.
[[nodiscard]] rules::Protection protection_now(const config::Configuration& configuration,
                                               const rules::PolicySnapshot& policy, TimePoint now,
                                               ListsKnown known = ListsKnown::as_stored);

/// "ks2 blocks gambling, and nothing in force names it": the rows that are no more than known gaps left out, a line for
/// each category and state, with the groups that it is about. For people.
[[nodiscard]] std::vector<std::string> gaps_in_words(const rules::Protection& protection);

/// Remembers which categories of which groups were protected, so that one that stops being so is noticed, over a
/// restart too. Belongs to one thread.
class ProtectionWatch {
 public:
  /// The file is in the state folder; it need not be there yet.
  explicit ProtectionWatch(std::filesystem::path file);

  /// The rows of `now` that were protected when this was last asked and are no longer. A row that has gone from the
  /// policy is no loss.
  [[nodiscard]] std::vector<rules::CategoryProtection> lost(const rules::Protection& now);

 private:
  using Row = std::pair<std::string, std::string>;  // group, category
  std::filesystem::path file_;
  std::set<Row> protected_;
};

}  // namespace schoolgate::app
