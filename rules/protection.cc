#include "rules/protection.h"

#include <algorithm>

#include "rules/compiled_policy.h"

namespace schoolgate::rules {
namespace {

/// What a category rests on besides lists: a rule or search term of the school that puts addresses into it.
bool a_rule_names(const CompiledPolicy& policy, CategoryId category, GroupIndex group, TimePoint now) {
  return std::ranges::any_of(policy.rules.all(), [&](const OwnRule& rule) {
    return rule.category == category && rule.effect != RuleSpec::Effect::allow && !rule.of_measure && !rule.helped &&
           now < rule.ends && rule.groups.contains(group);
  });
}

ProtectionState state_of(const CategoryProtection& row, bool a_rule_names_it) {
  if (row.lists.empty()) return a_rule_names_it ? ProtectionState::protected_ : ProtectionState::empty;
  if (row.not_ready.size() == row.lists.size()) return ProtectionState::empty;
  return row.not_ready.empty() && row.stale.empty() ? ProtectionState::protected_ : ProtectionState::stale;
}

}  // namespace

std::string_view to_string(ProtectionState state) noexcept {
  switch (state) {
    case ProtectionState::protected_: return "protected";
    case ProtectionState::stale: return "stale";
    case ProtectionState::empty: return "empty";
  }
  return "?";
}

bool is_gap(const CategoryProtection& row) noexcept {
  const bool excused = row.lists.empty() && !row.known_gap.empty();
  return row.state == ProtectionState::stale || (row.state == ProtectionState::empty && !excused);
}

bool Protection::whole() const noexcept { return std::ranges::none_of(rows, is_gap); }

std::vector<std::string> Protection::waits_for(std::string_view group) const {
  std::vector<std::string> names;
  for (const CategoryProtection& row : rows)
    if (row.group == group)
      for (const std::string& name : row.waits_for)
        if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  return names;
}

Protection protection_of(const PolicySnapshot& policy, std::span<const ListStanding> lists,
                         const std::map<std::string, std::string>& known_gaps, TimePoint now) {
  using State = ListStanding::State;
  const CompiledPolicy& compiled = policy.compiled();
  Protection out;
  for (std::size_t group = 0; group < compiled.groups.size(); ++group) {
    const auto index = static_cast<GroupIndex>(group);
    for (CategoryId id = 0; id < compiled.categories.all().size(); ++id) {
      const Category& category = compiled.categories[id];
      const Action action = category.illegal ? Action::block : compiled.groups[group].strictest(id);
      if (action == Action::allow || category.support) continue;
      CategoryProtection row{.group = compiled.groups[group].id, .category = category.id, .action = action};
      for (const ListStanding& list : lists) {
        if (list.category != category.id) continue;
        row.lists.push_back(list.name);
        if (list.state == State::never || list.state == State::missing) row.not_ready.push_back(list.name);
        if (list.state == State::stale) row.stale.push_back(list.name);
        if (list.state == State::never && action == Action::block && !list.may_be_missing)
          row.waits_for.push_back(list.name);
      }
      row.state = state_of(row, a_rule_names(compiled, id, index, now));
      if (const auto gap = known_gaps.find(category.id); gap != known_gaps.end()) row.known_gap = gap->second;
      out.rows.push_back(std::move(row));
    }
  }
  return out;
}

}  // namespace schoolgate::rules
