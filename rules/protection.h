// Protected or not: one value, computed from the policy and the data in force, never assumed.
//
// For each group and each category that it blocks, warns of or monitors at any time of the week (illegal categories for
// every group): is there data in force, and is it as fresh as it should be? Pure; any thread; asks no clock and no
// file.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "rules/snapshot.h"

namespace schoolgate::rules {

/// A list of lists.yaml, as it stands.
struct ListStanding {
  enum class State : std::uint8_t {
    never,    ///< its content has never been there: not fetched yet, or never accepted
    missing,  ///< it has been there and is not in the data in force (after a rollback, say)
    stale,    ///< in force, and older than it may become
    fresh,    ///< in force
  };
  std::string name, category;
  State state = State::never;
  bool may_be_missing = false;  ///< the school wrote `if_missing: serve`: no group waits for it
};

enum class ProtectionState : std::uint8_t {
  protected_,  ///< every list behind the category is in force and fresh; without a list, a rule or term names it
  stale,       ///< there is data in force, but a list behind the category is older than it may become, or is not there
  empty,       ///< nothing in force names the category
};
/// "protected", "stale", "empty".
[[nodiscard]] std::string_view to_string(ProtectionState state) noexcept;

/// How one group stands in one category.
struct CategoryProtection {
  std::string group, category;
  Action action = Action::block;  ///< the strictest of the week
  ProtectionState state = ProtectionState::empty;
  std::vector<std::string> lists;      ///< of lists.yaml behind the category
  std::vector<std::string> not_ready;  ///< of these, the ones that are not in force
  std::vector<std::string> stale;      ///< and the ones that are too old
  /// Of these, the ones that have never been there, where the group has to wait for them (`first_start: wait`).
  std::vector<std::string> waits_for;
  std::string known_gap;  ///< the reason of schoolgate.yaml's known_gaps; empty: none is given
};

struct Protection {
  std::vector<CategoryProtection> rows;  ///< in the order of the policy's groups, then of the category table

  /// No row is stale or empty, known gaps of rows without a list apart: what `status` and /ready answer by.
  [[nodiscard]] bool whole() const noexcept;
  /// Lists that `group` waits for, each once.
  [[nodiscard]] std::vector<std::string> waits_for(std::string_view group) const;
};

/// A row that a person has to do something about: stale, or empty. A known gap excuses it only while no list is
/// configured: a list that is lost is never a known gap.
[[nodiscard]] bool is_gap(const CategoryProtection& row) noexcept;

/// `known_gaps`: category -> reason. `now`: rules that have expired are no data.
[[nodiscard]] Protection protection_of(const PolicySnapshot& policy, std::span<const ListStanding> lists,
                                       const std::map<std::string, std::string>& known_gaps, TimePoint now);

}  // namespace schoolgate::rules
