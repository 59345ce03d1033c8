#include "changes/meaning.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "config/yaml_tree.h"

namespace schoolgate::changes {
namespace {

using config::ChangeKind;
using config::Configuration;
using rules::Action;
using rules::GroupSpec;
using rules::RuleSpec;
using Parts = std::vector<ChangedPart>;

std::string date_words(const std::chrono::year_month_day& date) {
  static constexpr const char* kMonths[] = {"January", "February", "March",     "April",   "May",      "June",
                                            "July",    "August",   "September", "October", "November", "December"};
  return std::to_string(unsigned(date.day())) + " " + kMonths[(unsigned(date.month()) - 1) % 12] + " " +
         std::to_string(int(date.year()));
}

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i)
    out += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  return out;
}

std::string title_of(const Configuration& in, const std::string& id) {
  for (const GroupSpec& group : in.policy.groups)
    if (group.id == id) return group.title;
  return id;
}

std::string whom(const Configuration& in, const std::vector<std::string>& groups) {
  std::vector<std::string> titles;
  for (const std::string& id : groups) titles.push_back(title_of(in, id));
  return groups.empty() ? "Everybody" : listed(titles);
}

std::string target_words(const RuleSpec& rule) {
  switch (rule.kind) {
    case RuleSpec::Kind::pattern: return "addresses with the pattern " + rule.text;
    case RuleSpec::Kind::term: return "searches for \"" + rule.text + "\"";
    default: return rule.text;
  }
}

/// What makes a rule the same one.
auto identity(const RuleSpec& rule) { return std::tie(rule.effect, rule.kind, rule.text, rule.groups); }

bool holds_longer(const RuleSpec& a, const RuleSpec& b) {
  return b.until && (!a.until || std::chrono::sys_days(*a.until) > std::chrono::sys_days(*b.until));
}

std::string until_words(const RuleSpec& rule) { return rule.until ? " until " + date_words(*rule.until) : ""; }

ChangedPart of_rule(const Configuration& in, const RuleSpec& rule, bool added) {
  const bool allows = rule.effect == RuleSpec::Effect::allow;
  ChangedPart part{.kind = allows == added ? ChangeKind::opens : ChangeKind::closes, .groups = rule.groups};
  part.whole_category = rule.kind == RuleSpec::Kind::pattern;  // nobody can say which sites
  const std::string who = whom(in, rule.groups), what = target_words(rule);
  if (rule.effect == RuleSpec::Effect::categorise)
    part.sentence =
        who + (added ? ": " : ": no longer are ") + what + (added ? " count as " : " counted as ") + rule.category;
  else if (allows)
    part.sentence = who + (added ? " may open " : " may no longer open as an exception ") + what;
  else
    part.sentence = who + (added ? " may no longer open " : " may open again ") + what;
  if (rule.effect == RuleSpec::Effect::emergency) part.sentence += " (emergency)";
  part.sentence += until_words(rule);
  return part;
}

std::vector<std::string> hosts_of(const RuleSpec& rule) {
  std::vector<std::string> hosts;
  for (const rules::HelperSpec& helper : rule.needs) hosts.push_back(helper.host);
  return hosts;
}

void compare_rules(const Configuration& before, const Configuration& after, Parts& parts) {
  std::vector<bool> kept(before.policy.rules.size());
  for (const RuleSpec& rule : after.policy.rules) {
    std::size_t at = 0;
    while (at < kept.size() && (kept[at] || identity(before.policy.rules[at]) != identity(rule))) ++at;
    if (at == kept.size()) {
      parts.push_back(of_rule(after, rule, true));
      continue;
    }
    kept[at] = true;
    const RuleSpec& was = before.policy.rules[at];
    if (was.until != rule.until) {
      ChangedPart part = of_rule(after, rule, holds_longer(rule, was));
      part.sentence = whom(after, rule.groups) + ": the rule for " + target_words(rule) +
                      (rule.until ? " ends on " + date_words(*rule.until) : " has no end any more");
      parts.push_back(std::move(part));
    }
    if (was.category != rule.category)
      parts.push_back({.kind = rule.effect == RuleSpec::Effect::categorise ? ChangeKind::opens : ChangeKind::tells,
                       .groups = rule.groups,
                       .sentence = target_words(rule) + " counts as " + rule.category + ", not as " + was.category});
    if (const auto hosts = hosts_of(rule); hosts != hosts_of(was))
      parts.push_back({.kind = ChangeKind::opens,
                       .groups = rule.groups,
                       .sentence = whom(after, rule.groups) + ": pages of " + rule.text + " may load from " +
                                   (hosts.empty() ? std::string("nowhere else") : listed(hosts))});
  }
  for (std::size_t i = 0; i < kept.size(); ++i)
    if (!kept[i]) parts.push_back(of_rule(before, before.policy.rules[i], false));
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

std::map<std::string, Action> actions_of(const GroupSpec& group) {
  std::map<std::string, Action> actions;
  for (const rules::CategoryActionSpec& one : group.categories) actions[one.category] = one.action;
  return actions;
}

auto members_of(const GroupSpec& group) {
  std::vector<std::string> members;
  for (const rules::NetworkSpec& one : group.networks) members.push_back("network " + one.network.text());
  for (const auto* const names : {&group.users, &group.directory_groups, &group.devices}) {
    members.emplace_back("|");
    for (const rules::MemberSpec& one : *names) members.push_back(one.name);
  }
  return members;
}

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
  for (const rules::AllowanceSpec& one : group.allowances) text += "|" + one.category + std::to_string(one.minutes);
  return text;
}

void compare_group(const GroupSpec& was, const GroupSpec& is, Parts& parts) {
  const std::vector<std::string> self{is.id};
  const auto put = [&](ChangeKind kind, bool whole, std::string sentence) {
    parts.push_back(
        {.kind = kind, .groups = self, .whole_category = whole, .sentence = is.title + ": " + std::move(sentence)});
  };
  const auto before = actions_of(was), after = actions_of(is);
  std::set<std::string> ids;
  for (const auto& [id, action] : before) ids.insert(id);
  for (const auto& [id, action] : after) ids.insert(id);
  const auto action_in = [](const auto& actions, const std::string& id, const GroupSpec& group) {
    const auto found = actions.find(id);
    return found == actions.end() ? group.unlisted : found->second;  // what the group does not name
  };
  for (const std::string& id : ids) {
    const Action old = action_in(before, id, was), now = action_in(after, id, is);
    if (before.contains(id) == after.contains(id) && old == now) continue;
    if (old == now) continue;
    const bool passes = old <= Action::monitor && now <= Action::monitor;
    put(passes      ? ChangeKind::tells
        : now > old ? ChangeKind::closes
                    : ChangeKind::opens,
        true, id + " is " + done(now) + " (was " + done(old) + ")");
  }
  if (was.unlisted != is.unlisted)
    put(is.unlisted > was.unlisted ? ChangeKind::closes : ChangeKind::opens, true,
        "what no rule and no list knows is " + done(is.unlisted));
  if (was.safe_search != is.safe_search)
    put(is.safe_search ? ChangeKind::closes : ChangeKind::opens, true,
        std::string("safe search is ") + (is.safe_search ? "on" : "off"));
  if (schedules_of(was) != schedules_of(is)) put(ChangeKind::opens, true, "the schedules are others");
  if (was.inspect != is.inspect || was.search_terms != is.search_terms)
    put(ChangeKind::inspects, true, "other connections are opened to look inside");
  if (rest_of(was) != rest_of(is)) put(ChangeKind::opens, true, "downloads, allowances, tenants or YouTube are others");
  if (members_of(was) != members_of(is))
    put(ChangeKind::who, true, "other people, devices or networks are in this group");
}

void compare_groups(const Configuration& before, const Configuration& after, Parts& parts) {
  const auto find = [](const Configuration& in, const std::string& id) -> const GroupSpec* {
    const auto found = std::ranges::find(in.policy.groups, id, &GroupSpec::id);
    return found == in.policy.groups.end() ? nullptr : &*found;
  };
  std::vector<std::string> old_order, new_order;
  for (const GroupSpec& group : before.policy.groups) {
    old_order.push_back(group.id);
    if (!find(after, group.id))
      parts.push_back({.kind = ChangeKind::who,
                       .groups = {group.id},
                       .whole_category = true,
                       .sentence = "The group " + group.title + " goes"});
  }
  for (const GroupSpec& group : after.policy.groups) {
    new_order.push_back(group.id);
    if (const GroupSpec* const was = find(before, group.id))
      compare_group(*was, group, parts);
    else
      parts.push_back({.kind = ChangeKind::who,
                       .groups = {group.id},
                       .whole_category = true,
                       .sentence = "The group " + group.title + " is new"});
  }
  if (before.policy.fallback != after.policy.fallback)
    parts.push_back(
        {.kind = ChangeKind::who,
         .groups = {},
         .whole_category = true,
         .sentence = "People and devices that match no group are in " + title_of(after, after.policy.fallback)});
  if (std::set(old_order.begin(), old_order.end()) == std::set(new_order.begin(), new_order.end()) &&
      old_order != new_order)
    parts.push_back({.kind = ChangeKind::who,
                     .groups = {},
                     .whole_category = true,
                     .sentence = "The order of the groups is another"});
}

/// A tree as text, without places: what tells whether a file means the same.
void append_tree(const config::YamlNode& node, std::string& out) {
  out += char('0' + int(node.kind));
  out += std::to_string(node.text.size()) + ":" + node.text + (node.quoted ? "q" : "");
  for (const config::YamlNode& item : node.items) append_tree(item, out);
  for (const auto& [key, value] : node.entries) {
    append_tree(key, out);
    append_tree(value, out);
  }
  out += ';';
}

/// Of one file, or of one key at its top.
std::string tree_text(const Configuration& in, std::string_view file, std::string_view key = {},
                      std::string_view without = {}) {
  for (const auto& [name, text] : in.files) {
    if (name != file) continue;
    Problems ignored;
    const auto root = config::parse_yaml(text, name, ignored);
    if (!root) return text;
    std::string out;
    if (root->kind != config::YamlNode::Kind::mapping) append_tree(*root, out);
    for (const auto& [name_of, value] : root->entries)
      if ((key.empty() || name_of.text == key) && name_of.text != without) {
        append_tree(name_of, out);
        append_tree(value, out);
      }
    return out;
  }
  return {};
}

void compare_lists(const Configuration& before, const Configuration& after, Parts& parts) {
  const auto has = [](const Configuration& in, const std::string& name) {
    return std::ranges::find(in.lists, name, &config::ListConfig::name) != in.lists.end();
  };
  bool named = false;
  const auto put = [&](ChangeKind kind, const config::ListConfig& list, const char* what) {
    parts.push_back({.kind = kind,
                     .groups = {},
                     .whole_category = true,
                     .sentence = "The list " + list.name + " (" + list.category + ") " + what});
    named = true;
  };
  for (const config::ListConfig& list : after.lists)
    if (!has(before, list.name)) put(ChangeKind::closes, list, "is on");
  for (const config::ListConfig& list : before.lists)
    if (!has(after, list.name)) put(ChangeKind::opens, list, "is off");
  if (!named && tree_text(before, "lists.yaml") != tree_text(after, "lists.yaml"))
    parts.push_back({.kind = ChangeKind::opens,
                     .groups = {},
                     .whole_category = true,
                     .sentence = "Lists have other settings or sources"});
}

void compare_rest(const Configuration& before, const Configuration& after, Parts& parts) {
  const auto differ = [&](std::string_view file, std::string_view key = {}, std::string_view without = {}) {
    return tree_text(before, file, key, without) != tree_text(after, file, key, without);
  };
  const auto put = [&](ChangeKind kind, std::string sentence) {
    parts.push_back({.kind = kind, .groups = {}, .whole_category = true, .sentence = std::move(sentence)});
  };
  if (differ("schoolgate.yaml", "retention")) put(ChangeKind::keeps, "Records are kept for other lengths of time");
  if (differ("schoolgate.yaml", {}, "retention"))
    put(ChangeKind::inspects, "Settings of the gateway (schoolgate.yaml) are others");
  if (differ("alerts.yaml")) put(ChangeKind::tells, "Alerts go to others, or at other times");
  if (differ("categories.yaml")) put(ChangeKind::opens, "Categories are others (categories.yaml)");
  if (differ("policy.yaml", "changes")) put(ChangeKind::keeps, "Other roles have to agree to changes");
}

}  // namespace

std::vector<ChangedPart> meaning_of(const Configuration& before, const Configuration& after) {
  Parts parts;
  compare_rest(before, after, parts);
  compare_groups(before, after, parts);
  compare_lists(before, after, parts);
  compare_rules(before, after, parts);
  return parts;
}

const config::ConsentRule* consent_for(const ChangedPart& part, const config::ChangeRules& rules) {
  for (const config::ConsentRule& rule : rules.consent) {
    if (rule.kind != part.kind || (rule.whole_category && !part.whole_category)) continue;
    const auto in_rule = [&](const std::string& group) {
      return std::ranges::find(rule.groups, group) != rule.groups.end();
    };
    // A rule that asks is about every change that reaches one of its groups; one that asks nobody only about a change
    // that reaches no other.
    const bool fits =
        rule.groups.empty() || (rule.roles.empty() ? !part.groups.empty() && std::ranges::all_of(part.groups, in_rule)
                                                   : part.groups.empty() || std::ranges::any_of(part.groups, in_rule));
    if (fits) return rule.roles.empty() ? nullptr : &rule;
  }
  return nullptr;
}

}  // namespace schoolgate::changes
