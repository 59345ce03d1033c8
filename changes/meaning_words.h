// Words that the sentences of a change are made of, and the values behind a sentence. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"

namespace schoolgate::changes {

/// "games, music and chat".
[[nodiscard]] std::string listed(const std::vector<std::string>& names);
/// "closed", "warned of".
[[nodiscard]] std::string done(rules::Action action);

/// Null: there is no such group.
[[nodiscard]] const rules::GroupSpec* group_in(const config::Configuration& in, std::string_view id);
/// What the group names; the rest is as `unlisted` says.
[[nodiscard]] std::map<std::string, rules::Action> actions_of(const rules::GroupSpec& group);

/// The values before and after that a sentence stands for, for ChangedPart::values.
[[nodiscard]] std::string values_of(std::string_view before, std::string_view after);

/// Names of groups as people know them while they read: the titles before the change. A title that the change gives
/// away, or that another group has too, stands beside the id: "Staff (ks2)". Lives no longer than the two.
class GroupNames {
 public:
  GroupNames(const config::Configuration& before, const config::Configuration& after)
      : before_(before), after_(after) {}
  [[nodiscard]] std::string of(const std::string& id) const;
  /// "Everybody" where there is none.
  [[nodiscard]] std::string of(const std::vector<std::string>& ids) const;

 private:
  const config::Configuration &before_, &after_;
};

}  // namespace schoolgate::changes
