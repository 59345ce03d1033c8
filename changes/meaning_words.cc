#include "changes/meaning_words.h"

#include <algorithm>

namespace schoolgate::changes {

using rules::Action;
using rules::GroupSpec;

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i)
    out += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  return out;
}

std::string done(Action action) {
  switch (action) {
    case Action::block: return "closed";
    case Action::warn: return "warned of";
    case Action::monitor: return "open and recorded";
    case Action::allow: return "open";
  }
  return "closed";
}

const GroupSpec* group_in(const config::Configuration& in, std::string_view id) {
  const auto found = std::ranges::find(in.policy.groups, id, &GroupSpec::id);
  return found == in.policy.groups.end() ? nullptr : &*found;
}

std::map<std::string, Action> actions_of(const GroupSpec& group) {
  std::map<std::string, Action> actions;
  for (const rules::CategoryActionSpec& one : group.categories) actions[one.category] = one.action;
  return actions;
}

std::string values_of(std::string_view before, std::string_view after) {
  return std::to_string(before.size()) + ":" + std::string(before) + std::string(after);
}

std::string GroupNames::of(const std::string& id) const {
  const GroupSpec *const was = group_in(before_, id), *const is = group_in(after_, id);
  if (was == nullptr && is == nullptr) return id;
  const std::string title = was != nullptr ? was->title : is->title;
  if (title.empty()) return id;
  const auto is_another = [&](const GroupSpec& group) { return group.id != id && group.title == title; };
  const bool is_plain = (was == nullptr || is == nullptr || was->title == is->title) && title != "Everybody" &&
                        std::ranges::none_of(before_.policy.groups, is_another) &&
                        std::ranges::none_of(after_.policy.groups, is_another);
  return is_plain ? title : title + " (" + id + ")";
}

std::string GroupNames::of(const std::vector<std::string>& ids) const {
  std::vector<std::string> names;
  for (const std::string& id : ids) names.push_back(of(id));
  return ids.empty() ? "Everybody" : listed(names);
}

}  // namespace schoolgate::changes
