// How the lists that are in force stand: how old each is, what is wrong with it, and when it was last tried.
//
// Plain questions over values and the state folder; any thread. Nothing here shows an entry of a sealed list, or where
// it comes from.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "blocklists/category_db.h"
#include "blocklists/gated_compile.h"
#include "blocklists/store.h"
#include "blocklists/update.h"
#include "config/load.h"
#include "rules/protection.h"

namespace schoolgate::app {

using SourceStates = std::map<std::string, blocklists::SourceState>;

/// The list as it stands in an image; null when it does not.
[[nodiscard]] const blocklists::ListInfo* find_list(std::span<const blocklists::ListInfo> in_force,
                                                    std::string_view name);

/// When the content in force was last known to be its publisher's newest: the change of a local file, the last good
/// answer of a server. What is on disk and not in force yet does not count.
[[nodiscard]] TimePoint known_good(const config::ListConfig& list, const blocklists::ListInfo& in_force,
                                   const SourceStates& states, TimePoint now);

/// "3 hours".
[[nodiscard]] std::string age_text(TimePoint since, TimePoint now);

/// What is known of fetching the list from the source that it has now: nothing of one that is no longer configured.
[[nodiscard]] blocklists::SourceState fetching_of(const config::ListConfig& list, const SourceStates& states);
/// Why the last attempt to fetch the list came to nothing; empty after a good one. One line.
[[nodiscard]] std::string failure_text(const config::ListConfig& list, const SourceStates& states);
/// `why` without the source of a sealed list.
[[nodiscard]] std::string without_sealed_source(const config::ListConfig& list, std::string why);

/// Something about a list that the technician must hear of.
struct ListTrouble {
  std::string kind;  ///< "list stale: iwf"
  std::string text;
};
/// Every configured list that is not in force, or older than it may become. A list that nobody has tried to fetch yet
/// is on its way and no trouble, unless it is sealed.
[[nodiscard]] std::vector<ListTrouble> list_troubles(std::span<const config::ListConfig> lists,
                                                     std::span<const blocklists::ListInfo> in_force,
                                                     const SourceStates& states, TimePoint now);

/// What the technician hears of an image: contents that were refused, sites that lists leave alone, lists of illegal
/// content that cover what they should not.
[[nodiscard]] std::vector<ListTrouble> remark_troubles(std::span<const config::ListConfig> lists,
                                                       std::span<const blocklists::ImageRemark> remarks);

/// How each configured list stands, for rules::protection_of(). A list without entries counts as missing. Without
/// stale_after, a remote list is too old when its publisher has not answered for a week and for three of its refresh
/// times; a local file never is.
[[nodiscard]] std::vector<rules::ListStanding> standings(std::span<const config::ListConfig> lists,
                                                         std::span<const blocklists::ListInfo> in_force,
                                                         const SourceStates& states, TimePoint now);

/// When and how the newest self-test that names the list came out.
struct LastTest {
  TimePoint time;
  bool as_expected = false;
};
[[nodiscard]] std::optional<LastTest> last_test(const std::filesystem::path& state, std::string_view list);

/// The configured lists as an update takes them.
[[nodiscard]] std::vector<blocklists::UpdateSource> list_sources(const config::Configuration& configuration);

/// What new category data must pass before it goes into force.
struct ListGates {
  blocklists::SanityLimits limits;
  std::vector<blocklists::MustBlock> must_block;
  blocklists::WouldRefuse would_refuse;  ///< of the policy of that configuration, at `now`
};
[[nodiscard]] ListGates list_gates(const config::Configuration& configuration, TimePoint now);

}  // namespace schoolgate::app
