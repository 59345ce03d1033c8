#include "changes/group_meaning.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "changes/meaning_words.h"

namespace schoolgate::changes {
namespace {

using config::ChangeKind;
using config::Configuration;
using rules::Action;
using rules::GroupSpec;
using rules::RuleSpec;
using Ids = std::set<std::string>;

std::string schedules_of(const GroupSpec& group) {
  std::string text;
  for (const rules::ScheduleSpec& one : group.schedules) {
    for (const bool day : one.days) text += day ? '1' : '0';
    text += " " + std::to_string(one.from_minute) + " " + std::to_string(one.to_minute);
    for (const auto& action : one.categories)
      text += " " + action.category + "=" + std::string(rules::to_string(action.action));
    text += one.unlisted ? std::string(rules::to_string(*one.unlisted)) : "";
    text += ";";
  }
  return text;
}

std::string rest_of(const GroupSpec& group) {
  std::string text = std::to_string(int(group.youtube));
  for (const auto* const words : {&group.tenants.google, &group.tenants.microsoft})
    for (const std::string& word : *words) text += " " + word;
  text += "|" + group.tenants.microsoft_context + std::to_string(group.tenants.microsoft_personal);
  if (group.downloads) {
    for (const auto* const words : {&group.downloads->block_types, &group.downloads->block_extensions})
      for (const std::string& word : *words) text += " " + word;
    text += std::to_string(group.downloads->max_size);
  }
  if (group.content) {
    text += "|reads" + std::to_string(group.content->threshold) + (group.content->keep_words ? "words" : "");
    for (const rules::ContentThresholdSpec& one : group.content->thresholds)
      text += " " + one.category + "=" + std::to_string(one.score);
  }
  for (const rules::AllowanceSpec& one : group.allowances) text += "|" + one.category + std::to_string(one.minutes);
  return text;
}

std::string inspection_of(const GroupSpec& group) {
  std::string text = std::to_string(group.inspect_unlisted) +
                     (group.search_terms ? std::to_string(*group.search_terms) : std::string("-"));
  for (const std::string& category : group.inspect) text += " " + category;
  return text;
}

Action action_in(const std::map<std::string, Action>& actions, const std::string& category, const GroupSpec& group) {
  const auto found = actions.find(category);
  return found == actions.end() ? group.unlisted : found->second;  // what the group does not name
}

Ids categories_of(const std::map<std::string, Action>& one, const std::map<std::string, Action>& other) {
  Ids ids;
  for (const auto* const actions : {&one, &other})
    for (const auto& [id, action] : *actions) ids.insert(id);
  return ids;
}

bool both_pass(Action one, Action other) { return one <= Action::monitor && other <= Action::monitor; }

bool opens_at_times(const GroupSpec& group) {
  return std::ranges::any_of(group.schedules, [](const rules::ScheduleSpec& one) {
    return (one.unlisted && *one.unlisted < Action::block) ||
           std::ranges::any_of(one.categories, [](const auto& named) { return named.action < Action::block; });
  });
}

bool closes_at_times(const GroupSpec& group) {
  return std::ranges::any_of(group.schedules, [](const rules::ScheduleSpec& one) {
    return (one.unlisted && *one.unlisted > Action::allow) ||
           std::ranges::any_of(one.categories, [](const auto& named) { return named.action > Action::monitor; });
  });
}

/// Whether the group has a limit of those in rest_of(), which the other may lack.
bool holds_back(const GroupSpec& group, const GroupSpec& other) {
  return group.tenants.any() || group.downloads || group.content || !group.allowances.empty() ||
         group.youtube < other.youtube;
}

/// What opens for somebody who was in `from`, as it was, and is in `to`, as it is.
class Opened {
 public:
  Opened(const Configuration& before, const Configuration& after) : before_(before), after_(after) {}

  [[nodiscard]] Ids of(const std::string& from, const std::string& to) const {
    Ids opened;
    const GroupSpec *const was = group_in(before_, from), *const is = group_in(after_, to);
    if (was == nullptr || is == nullptr) return opened;
    const auto old = actions_of(*was), now = actions_of(*is);
    const auto is_milder = [](Action one, Action than) { return one < than && !both_pass(one, than); };
    for (const std::string& id : categories_of(old, now))
      if (is_milder(action_in(now, id, *is), action_in(old, id, *was))) opened.insert(id);
    if (is_milder(is->unlisted, was->unlisted)) opened.insert("what no rule and no list knows");
    if (was->safe_search && !is->safe_search) opened.insert("searches without safe search");
    if (schedules_of(*was) != schedules_of(*is) && (closes_at_times(*was) || opens_at_times(*is)))
      opened.insert("what the schedules say");
    if (rest_of(*was) != rest_of(*is) && holds_back(*was, *is))
      opened.insert("what downloads, allowances, tenants, YouTube or how pages are read say");
    for (const RuleSpec& rule : after_.policy.rules)
      if (rule.effect == RuleSpec::Effect::allow && is_for(rule, to) && !is_for(rule, from)) opened.insert(rule.text);
    for (const RuleSpec& rule : before_.policy.rules)
      if (rule.effect != RuleSpec::Effect::allow && is_for(rule, from) && !is_for(rule, to)) opened.insert(rule.text);
    return opened;
  }
  [[nodiscard]] Ids of(const Ids& from, const Ids& to) const {
    Ids opened;
    for (const std::string& one : from)
      for (const std::string& other : to)
        if (one != other) opened.merge(of(one, other));
    return opened;
  }

 private:
  static bool is_for(const RuleSpec& rule, const std::string& group) {
    return rule.groups.empty() || std::ranges::find(rule.groups, group) != rule.groups.end();
  }
  const Configuration &before_, &after_;
};

/// A part in which people go from some groups into others: it opens where that opens anything.
ChangedPart of_move(std::string sentence, const Ids& from, const Ids& to, const Ids& opened) {
  Ids groups = from;
  groups.insert(to.begin(), to.end());
  ChangedPart part{.kind = opened.empty() ? ChangeKind::who : ChangeKind::opens,
                   .groups = {groups.begin(), groups.end()},
                   .whole_category = true,
                   .sentence = std::move(sentence)};
  if (!opened.empty()) part.sentence += ", which opens for them " + listed({opened.begin(), opened.end()});
  return part;
}

/// Who a group names, each in words.
using Members = std::map<std::string, const rules::NetworkSpec*>;
Members members_of(const GroupSpec& group) {
  Members members;
  for (const rules::NetworkSpec& one : group.networks) members["network " + one.network.text()] = &one;
  for (const auto& [kind, names] : {std::pair{"account ", &group.users},
                                    {"people of the directory's group ", &group.directory_groups},
                                    {"devices of the kind ", &group.devices}})
    for (const rules::MemberSpec& one : *names) members[kind + one.name] = nullptr;
  return members;
}

/// The groups that may be the member's: those that name it; else, of a network, those that name a part of it or a wider
/// one, and the fallback where none is as wide. Who is known by name only is the fallback's.
Ids places_of(const Configuration& in, const std::string& member, const rules::NetworkSpec* network) {
  Ids naming, around;
  bool is_covered = false;
  for (const GroupSpec& group : in.policy.groups) {
    if (members_of(group).contains(member)) naming.insert(group.id);
    for (const rules::NetworkSpec& other : group.networks) {
      if (network == nullptr) break;
      const bool wider = other.network.prefix_length() <= network->network.prefix_length() &&
                         other.network.contains(network->network.base());
      if (wider || network->network.contains(other.network.base())) around.insert(group.id);
      is_covered |= wider;
    }
  }
  if (!naming.empty()) return naming;
  if (!is_covered) around.insert(in.policy.fallback);
  return around;
}

std::string capital(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = char(text[0] - 'a' + 'A');
  return text;
}

void compare_members(const Configuration& before, const Configuration& after, const GroupNames& names,
                     std::vector<ChangedPart>& parts) {
  Members changed;
  std::map<std::string, std::pair<Ids, Ids>> named_by;
  for (const auto& [in, is_after] : {std::pair{&before, false}, {&after, true}})
    for (const GroupSpec& group : in->policy.groups)
      for (const auto& [member, network] : members_of(group)) {
        changed.try_emplace(member, network);
        (is_after ? named_by[member].second : named_by[member].first).insert(group.id);
      }
  std::map<std::pair<Ids, Ids>, std::vector<std::string>> moved;
  for (const auto& [member, network] : changed) {
    const auto& [was_named, is_named] = named_by[member];
    if (was_named != is_named)
      moved[{places_of(before, member, network), places_of(after, member, network)}].push_back(member);
  }
  const Opened opened(before, after);
  for (const auto& [way, members] : moved) {
    const auto& [from, to] = way;
    const auto words = [&](const Ids& ids) { return names.of(std::vector<std::string>(ids.begin(), ids.end())); };
    const std::string who = capital(listed(members));
    if (from == to)
      parts.push_back(of_move(who + " stay in " + words(to) + ", and are named in other places", from, to, {}));
    else
      parts.push_back(of_move(who + ": from " + words(from) + " to " + words(to), from, to, opened.of(from, to)));
  }
}

void compare_group(const GroupSpec& was, const GroupSpec& is, const GroupNames& names,
                   std::vector<ChangedPart>& parts) {
  const auto put = [&](ChangeKind kind, std::string sentence, std::string values = {}) {
    parts.push_back({.kind = kind,
                     .groups = {is.id},
                     .whole_category = true,
                     .sentence = names.of(is.id) + ": " + std::move(sentence),
                     .values = std::move(values)});
  };
  if (was.title != is.title)
    parts.push_back({.kind = ChangeKind::who,
                     .groups = {is.id},
                     .whole_category = true,
                     .sentence = "The group " + is.id + " is called " + is.title + " (was " + was.title + ")"});
  const auto before = actions_of(was), after = actions_of(is);
  for (const std::string& id : categories_of(before, after)) {
    const Action old = action_in(before, id, was), now = action_in(after, id, is);
    if (old == now) continue;
    put(both_pass(old, now) ? ChangeKind::tells
        : now > old         ? ChangeKind::closes
                            : ChangeKind::opens,
        id + " is " + done(now) + " (was " + done(old) + ")");
  }
  if (was.unlisted != is.unlisted)
    put(is.unlisted > was.unlisted ? ChangeKind::closes : ChangeKind::opens,
        "what no rule and no list knows is " + done(is.unlisted));
  if (was.safe_search != is.safe_search)
    put(is.safe_search ? ChangeKind::closes : ChangeKind::opens,
        std::string("safe search is ") + (is.safe_search ? "on" : "off"));
  if (was.certificate != is.certificate)
    put(ChangeKind::inspects,
        is.certificate ? "connections may be opened: its devices have the school's certificate"
                       : "no connection is opened any more: its devices do not have the school's certificate");
  if (schedules_of(was) != schedules_of(is))
    put(ChangeKind::opens, "the schedules are others", values_of(schedules_of(was), schedules_of(is)));
  if (inspection_of(was) != inspection_of(is))
    put(ChangeKind::inspects, "other connections are opened to look inside",
        values_of(inspection_of(was), inspection_of(is)));
  if (rest_of(was) != rest_of(is))
    put(ChangeKind::opens, "downloads, allowances, tenants, YouTube or how pages are read are others",
        values_of(rest_of(was), rest_of(is)));
}

/// All that counts of a group that is there on one side only.
std::string values_of_group(const GroupSpec& group) {
  std::string text = group.title + "\n" + std::string(rules::to_string(group.unlisted)) +
                     std::to_string(group.safe_search) + std::to_string(group.certificate);
  for (const auto& [id, action] : actions_of(group)) text += "\n" + id + "=" + std::string(rules::to_string(action));
  for (const auto& [member, network] : members_of(group)) text += "\n" + member;
  return text + "\n" + schedules_of(group) + "\n" + inspection_of(group) + "\n" + rest_of(group);
}

void compare_order(const Configuration& before, const Configuration& after, std::vector<ChangedPart>& parts) {
  const auto order_of = [](const Configuration& in, const Configuration& other) {
    std::vector<std::string> order;
    for (const GroupSpec& group : in.policy.groups)
      if (group_in(other, group.id) != nullptr) order.push_back(group.id);
    return order;
  };
  const auto was = order_of(before, after), is = order_of(after, before);
  if (was == is) return;
  // Who is in two groups of the directory is in the first that names one.
  const Opened opened(before, after);
  Ids opens;
  for (std::size_t first = 0; first < is.size(); ++first)
    for (std::size_t later = first + 1; later < is.size(); ++later)
      if (std::ranges::find(was, is[first]) > std::ranges::find(was, is[later]) &&
          !group_in(after, is[first])->directory_groups.empty())
        opens.merge(opened.of(is[later], is[first]));
  ChangedPart part = of_move("The order of the groups is now " + listed(is), {}, {}, opens);
  part.values = values_of(listed(was), listed(is));
  parts.push_back(std::move(part));
}

}  // namespace

void compare_groups(const Configuration& before, const Configuration& after, std::vector<ChangedPart>& parts) {
  const GroupNames names(before, after);
  const Opened opened(before, after);
  for (const GroupSpec& group : before.policy.groups)
    if (group_in(after, group.id) == nullptr)
      parts.push_back({.kind = ChangeKind::who,
                       .groups = {group.id},
                       .whole_category = true,
                       .sentence = "The group " + names.of(group.id) + " goes",
                       .values = values_of(values_of_group(group), "")});
  for (const GroupSpec& group : after.policy.groups) {
    if (const GroupSpec* const was = group_in(before, group.id)) {
      compare_group(*was, group, names, parts);
      continue;
    }
    // Whoever comes into it was in some group: in the fallback, where nothing else is known.
    const Ids opens = opened.of(before.policy.fallback, group.id);
    parts.push_back({.kind = opens.empty() ? ChangeKind::who : ChangeKind::opens,
                     .groups = {group.id},
                     .whole_category = true,
                     .sentence = "The group " + names.of(group.id) + " is new" +
                                 (opens.empty() ? ""
                                                : ", and opens what " + names.of(before.policy.fallback) +
                                                      " does not: " + listed({opens.begin(), opens.end()})),
                     .values = values_of("", values_of_group(group))});
  }
  compare_members(before, after, names, parts);
  if (const std::string &was = before.policy.fallback, &is = after.policy.fallback; was != is) {
    ChangedPart part =
        of_move("People and devices that match no group are in " + names.of(is) + " (were in " + names.of(was) + ")",
                {was}, {is}, opened.of(was, is));
    part.groups.clear();
    parts.push_back(std::move(part));
  }
  compare_order(before, after, parts);
}

}  // namespace schoolgate::changes
