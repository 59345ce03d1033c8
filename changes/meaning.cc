#include "changes/meaning.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <span>
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
auto identity(const RuleSpec& rule) { return std::tie(rule.effect, rule.kind, rule.text, rule.groups, rule.exact); }

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
  if (rule.exact) part.sentence += " (with these parameters alone)";
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
    if (std::tie(was.approved_by, was.risk_assessment) != std::tie(rule.approved_by, rule.risk_assessment))
      parts.push_back(
          {.kind = ChangeKind::tells,
           .groups = rule.groups,
           .sentence = "The rule for " + target_words(rule) + " names another approval or risk assessment"});
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
  if (group.content) {
    text += "|reads" + std::to_string(group.content->threshold) + (group.content->keep_words ? "words" : "");
    for (const rules::ContentThresholdSpec& one : group.content->thresholds)
      text += " " + one.category + "=" + std::to_string(one.score);
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
  if (was.certificate != is.certificate)
    put(ChangeKind::inspects, true,
        is.certificate ? "connections may be opened: its devices have the school's certificate"
                       : "no connection is opened any more: its devices do not have the school's certificate");
  if (schedules_of(was) != schedules_of(is)) put(ChangeKind::opens, true, "the schedules are others");
  if (was.inspect != is.inspect || was.search_terms != is.search_terms || was.inspect_unlisted != is.inspect_unlisted)
    put(ChangeKind::inspects, true, "other connections are opened to look inside");
  if (rest_of(was) != rest_of(is))
    put(ChangeKind::opens, true, "downloads, allowances, tenants, YouTube or how pages are read are others");
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

/// A tree as text, without places and the order of keys: what tells whether a file means the same.
void append_tree(const config::YamlNode& node, std::string& out) {
  out += char('0' + int(node.kind));
  out += std::to_string(node.text.size()) + ":" + node.text + (node.quoted ? "q" : "");
  for (const config::YamlNode& item : node.items) append_tree(item, out);
  std::vector<std::string> entries;
  for (const auto& [key, value] : node.entries) {
    append_tree(key, entries.emplace_back());
    append_tree(value, entries.back());
  }
  std::ranges::sort(entries);
  for (const std::string& entry : entries) out += entry;
  out += ';';
}

/// Nothing: there is no such file, or it is no YAML.
std::optional<config::YamlNode> tree_of(const Configuration& in, std::string_view file) {
  Problems ignored;
  for (const auto& [name, text] : in.files)
    if (name == file) return config::parse_yaml(text, name, ignored);
  return std::nullopt;
}

/// Of one file, or of one key at its top.
std::string tree_text(const Configuration& in, std::string_view file, std::string_view key = {},
                      std::string_view without = {}) {
  auto root = tree_of(in, file);
  if (!root) {
    const auto found = std::ranges::find(in.files, file, &std::pair<std::string, std::string>::first);
    return found == in.files.end() ? std::string() : found->second;
  }
  std::erase_if(root->entries, [&](const config::YamlEntry& entry) {
    return (!key.empty() && entry.key.text != key) || entry.key.text == without;
  });
  // A file without anything in it is as good as none.
  std::string out;
  if (root->kind != config::YamlNode::Kind::mapping || !root->entries.empty()) append_tree(*root, out);
  return out;
}

/// In a group that closes what nothing knows, a list of an open category opens its entries.
bool opens_somewhere(const Configuration& in, const std::string& category) {
  return std::ranges::any_of(in.policy.groups, [&](const GroupSpec& group) {
    const auto actions = actions_of(group);
    const auto own = actions.find(category);
    bool closes_the_rest = group.unlisted == Action::block, open = own != actions.end() && own->second < Action::block;
    for (const rules::ScheduleSpec& schedule : group.schedules) {
      closes_the_rest |= schedule.unlisted == Action::block;
      for (const auto& one : schedule.categories) open |= one.category == category && one.action < Action::block;
    }
    return closes_the_rest && open;
  });
}

/// What lists.yaml says of each list, by name, without whether it is on.
std::map<std::string, std::string> list_texts(const Configuration& in) {
  std::map<std::string, std::string> texts;
  const auto root = tree_of(in, "lists.yaml");
  for (const auto& [key, value] : root ? root->entries : std::vector<config::YamlEntry>()) {
    if (key.text != "lists") continue;
    for (const config::YamlNode& item : value.items) {
      config::YamlNode rest = item;
      std::erase_if(rest.entries, [](const config::YamlEntry& entry) { return entry.key.text == "enabled"; });
      const auto name = std::ranges::find_if(item.entries, [](const auto& entry) { return entry.key.text == "name"; });
      append_tree(rest, texts[name == item.entries.end() ? std::string() : name->value.text]);
    }
  }
  return texts;
}

void compare_lists(const Configuration& before, const Configuration& after, Parts& parts) {
  const auto find = [](const Configuration& in, const std::string& name) -> const config::ListConfig* {
    const auto found = std::ranges::find(in.lists, name, &config::ListConfig::name);
    return found == in.lists.end() ? nullptr : &*found;
  };
  const auto put = [&](ChangeKind kind, std::string sentence) {
    parts.push_back({.kind = kind, .groups = {}, .whole_category = true, .sentence = std::move(sentence)});
  };
  const auto old_texts = list_texts(before), new_texts = list_texts(after);
  const auto text_in = [](const auto& texts, const std::string& name) {
    const auto found = texts.find(name);
    return found == texts.end() ? std::string() : found->second;
  };
  for (const config::ListConfig& list : after.lists) {
    const config::ListConfig* const was = find(before, list.name);
    const std::string name = "The list " + list.name + " (" + list.category + ")";
    if (!was)
      put(opens_somewhere(after, list.category) ? ChangeKind::opens : ChangeKind::closes, name + " is on");
    else if (was->category != list.category)
      put(ChangeKind::opens, name + " was one of " + was->category);
    if (was && was->source != list.source)
      put(ChangeKind::opens, name + " comes from " + list.source);
    else if (was && was->category == list.category && text_in(old_texts, list.name) != text_in(new_texts, list.name))
      put(ChangeKind::opens, name + " has other settings");
  }
  for (const config::ListConfig& list : before.lists)
    if (!find(after, list.name)) put(ChangeKind::opens, "The list " + list.name + " (" + list.category + ") is off");
  if (tree_text(before, "lists.yaml", {}, "lists") != tree_text(after, "lists.yaml", {}, "lists"))
    put(ChangeKind::opens, "Settings of all lists are others");
}

/// A key that is compared by its value above, and what is below it; none below: all of it is. "*": any key.
struct Known {
  std::string_view key;
  std::span<const Known> below;
};

constexpr Known kMembers[] = {{"networks", {}}, {"users", {}}, {"groups", {}}, {"devices", {}}};
constexpr Known kMicrosoft[] = {{"tenants", {}}, {"context", {}}, {"personal_accounts", {}}};
constexpr Known kTenants[] = {{"google", {}}, {"microsoft", kMicrosoft}};
constexpr Known kContent[] = {{"threshold", {}}, {"thresholds", {}}, {"keep_words", {}}};
constexpr Known kDownloads[] = {{"block_types", {}}, {"block_extensions", {}}, {"max_size", {}}};
constexpr Known kWhen[] = {{"days", {}}, {"from", {}}, {"to", {}}};
constexpr Known kSchedule[] = {{"when", kWhen}, {"categories", {}}, {"unlisted", {}}};
constexpr Known kGroup[] = {{"title", {}},        {"members", kMembers},     {"categories", {}},
                            {"unlisted", {}},     {"safe_search", {}},       {"youtube", {}},
                            {"search_terms", {}}, {"inspect", {}},           {"tenants", kTenants},
                            {"allowances", {}},   {"downloads", kDownloads}, {"schedules", kSchedule},
                            {"certificate", {}},  {"content", kContent}};
constexpr Known kGroups[] = {{"*", kGroup}};
constexpr Known kPolicy[] = {{"groups", kGroups}, {"fallback", {}}, {"changes", {}}};
constexpr Known kRule[] = {{"site", {}},     {"url", {}},    {"pattern", {}},     {"term", {}},
                           {"category", {}}, {"groups", {}}, {"needs", {}},       {"exact", {}},
                           {"until", {}},    {"why", {}},    {"approved_by", {}}, {"risk_assessment", {}}};
constexpr Known kTest[] = {{"url", {}}, {"group", {}}, {"expect", {}}, {"category", {}}, {"at", {}}, {"from", {}}};
constexpr Known kRules[] = {{"block", kRule}, {"allow", kRule}, {"emergency", kRule},
                            {"terms", kRule}, {"lists", {}},    {"tests", kTest}};

/// Every value that is under no known key, with the item of a list that it stands in.
void add_unknown(const config::YamlNode& node, std::span<const Known> known, const std::string& path,
                 std::multiset<std::string>& out) {
  for (const config::YamlNode& item : node.items) {
    std::multiset<std::string> in_item;
    add_unknown(item, known, path, in_item);
    if (in_item.empty()) continue;
    std::string whole = path;
    append_tree(item, whole);
    out.insert(std::move(whole));
  }
  for (const auto& [key, value] : node.entries) {
    const auto found =
        std::ranges::find_if(known, [&](const Known& one) { return one.key == "*" || one.key == key.text; });
    const std::string here = path + "/" + key.text;
    if (found == known.end()) {
      std::string whole = here;
      append_tree(value, whole);
      out.insert(std::move(whole));
    } else if (!found->below.empty()) {
      add_unknown(value, found->below, here, out);
    }
  }
}

/// Of the files that `is_meant` names; a file that is no YAML is unknown as a whole.
std::multiset<std::string> unknown_in(const Configuration& in, std::span<const Known> known, bool rules) {
  std::multiset<std::string> out;
  for (const auto& [name, text] : in.files) {
    if (rules ? !name.starts_with("rules/") : name != "policy.yaml") continue;
    Problems ignored;
    if (const auto root = config::parse_yaml(text, name, ignored))
      add_unknown(*root, known, "", out);
    else
      out.insert(text);
  }
  return out;
}

std::vector<std::string> test_texts(const Configuration& in) {
  std::vector<std::string> texts;
  for (const rules::RuleTestSpec& test : in.policy.tests)
    texts.push_back(test.url + " of " + test.group + " is " + done(test.expect) +
                    (test.category ? ", as " + *test.category : "") + (test.time ? ", at " + *test.time : "") +
                    (test.from.empty() ? "" : ", from " + test.from));
  std::ranges::sort(texts);
  return texts;
}

/// What files of rules hold beside rules, and all that is not understood in them and in policy.yaml.
void compare_what_else(const Configuration& before, const Configuration& after, Parts& parts) {
  const auto put = [&](ChangeKind kind, std::string sentence) {
    parts.push_back({.kind = kind, .groups = {}, .whole_category = true, .sentence = std::move(sentence)});
  };
  const auto sites_of = [](const Configuration& in, const std::string& name) {
    const auto found = in.policy.lists.find(name);
    return found == in.policy.lists.end() ? std::set<std::string>()
                                          : std::set(found->second.sites.begin(), found->second.sites.end());
  };
  std::set<std::string> names;
  for (const Configuration* const in : {&before, &after})
    for (const auto& [name, list] : in->policy.lists) names.insert(name);
  for (const std::string& name : names) {
    const auto sites = sites_of(after, name);
    if (sites == sites_of(before, name)) continue;
    put(ChangeKind::opens, "The sites of the list " + name + ", which a session or an exam opens, are " +
                               (sites.empty() ? std::string("none") : listed({sites.begin(), sites.end()})));
  }
  const auto old_tests = test_texts(before), new_tests = test_texts(after);
  std::vector<std::string> gone, come;
  std::ranges::set_difference(old_tests, new_tests, std::back_inserter(gone));
  std::ranges::set_difference(new_tests, old_tests, std::back_inserter(come));
  for (const std::string& test : gone) put(ChangeKind::opens, "No longer tested: " + test);
  for (const std::string& test : come) put(ChangeKind::closes, "Newly tested: " + test);
  if (unknown_in(before, kRules, true) != unknown_in(after, kRules, true))
    put(ChangeKind::opens, "Files of rules say something else that cannot be told here");
  if (unknown_in(before, kPolicy, false) != unknown_in(after, kPolicy, false))
    put(ChangeKind::opens, "policy.yaml says something else that cannot be told here");
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
  compare_what_else(before, after, parts);
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
