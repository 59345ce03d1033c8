#include "changes/meaning.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <tuple>

#include "blocklists/public_suffix.h"
#include "changes/group_meaning.h"
#include "changes/meaning_words.h"
#include "config/yaml_tree.h"
#include "names/host.h"

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

std::string target_words(const RuleSpec& rule) {
  switch (rule.kind) {
    case RuleSpec::Kind::pattern: return "addresses with the pattern " + rule.text;
    case RuleSpec::Kind::term: return "searches for \"" + rule.text + "\"";
    default: return rule.text;
  }
}

/// Of "co.uk/a" or "https://co.uk/a".
std::string host_in(const std::string& url) {
  const auto scheme = url.find("://");
  const std::string rest = scheme == std::string::npos ? url : url.substr(scheme + 3);
  return rest.substr(0, rest.find_first_of("/:?#"));
}

/// What makes a rule the same one.
auto identity(const RuleSpec& rule) { return std::tie(rule.effect, rule.kind, rule.text, rule.groups, rule.exact); }

bool holds_longer(const RuleSpec& a, const RuleSpec& b) {
  return b.until && (!a.until || std::chrono::sys_days(*a.until) > std::chrono::sys_days(*b.until));
}

std::string until_words(const RuleSpec& rule) { return rule.until ? " until " + date_words(*rule.until) : ""; }

std::vector<std::string> hosts_of(const RuleSpec& rule) {
  std::vector<std::string> hosts;
  for (const rules::HelperSpec& helper : rule.needs) hosts.push_back(helper.host);
  return hosts;
}

/// Nobody can say which sites those are: a pattern, and a name such as "com" or "co.uk".
bool is_about_many(const RuleSpec& rule) {
  const auto is_suffix = [](const std::string& text) {
    const auto host = names::Host::parse(text);
    return host && !host->address() && blocklists::is_public_suffix(host->text());
  };
  const bool is_address = rule.kind == RuleSpec::Kind::site || rule.kind == RuleSpec::Kind::url;
  const std::string site = rule.kind == RuleSpec::Kind::url ? host_in(rule.text) : rule.text;
  return rule.kind == RuleSpec::Kind::pattern || (is_address && is_suffix(site)) ||
         std::ranges::any_of(hosts_of(rule), is_suffix);
}

/// All that counts of a rule.
std::string values_of_rule(const RuleSpec& rule) {
  std::string text = std::to_string(int(rule.effect)) + " " + std::to_string(int(rule.kind)) + until_words(rule) +
                     (rule.exact ? " exact" : "");
  std::vector<std::string> words{rule.text, rule.category, rule.approved_by, rule.risk_assessment};
  for (const auto& more : {rule.groups, hosts_of(rule)}) {
    words.emplace_back("|");
    words.insert(words.end(), more.begin(), more.end());
  }
  for (const std::string& word : words) text += "\n" + std::to_string(word.size()) + ":" + word;
  return text;
}

/// In a group that closes what nothing knows, to be of an open category is to be open.
bool opens_somewhere(const Configuration& in, const std::string& category,
                     const std::vector<std::string>& groups = {}) {
  return std::ranges::any_of(in.policy.groups, [&](const GroupSpec& group) {
    if (!groups.empty() && std::ranges::find(groups, group.id) == groups.end()) return false;
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

/// A rule that comes, or goes.
class RuleParts {
 public:
  RuleParts(const Configuration& before, const Configuration& after)
      : before_(before), after_(after), names_(before, after) {}
  [[nodiscard]] std::string whom(const RuleSpec& rule) const { return names_.of(rule.groups); }

  [[nodiscard]] ChangedPart of(const RuleSpec& rule, bool added) const {
    const bool allows = rule.effect == RuleSpec::Effect::allow;
    const bool categorises = rule.effect == RuleSpec::Effect::categorise;
    const bool opens = categorises && added ? opens_somewhere(after_, rule.category, rule.groups) : allows == added;
    ChangedPart part{.kind = opens ? ChangeKind::opens : ChangeKind::closes, .groups = rule.groups};
    part.whole_category = is_about_many(rule);
    const std::string who = whom(rule), what = target_words(rule);
    if (categorises)
      part.sentence =
          who + (added ? ": " : ": no longer are ") + what + (added ? " count as " : " counted as ") + rule.category;
    else if (allows)
      part.sentence = who + (added ? " may open " : " may no longer open as an exception ") + what;
    else
      part.sentence = who + (added ? " may no longer open " : " may open again ") + what;
    if (categorises && added && opens) part.sentence += ", which is open where all else is closed";
    if (rule.effect == RuleSpec::Effect::emergency) part.sentence += " (emergency)";
    if (rule.exact) part.sentence += " (with these parameters alone)";
    if (allows && !rule.needs.empty())
      part.sentence += (added ? ", and its pages may load from " : ", and its pages may no longer load from ") +
                       listed(hosts_of(rule));
    part.sentence += until_words(rule);
    part.values = added ? values_of("", values_of_rule(rule)) : values_of(values_of_rule(rule), "");
    return part;
  }

 private:
  const Configuration &before_, &after_;
  GroupNames names_;
};

/// Of a rule that is there before and after.
void compare_rule(const RuleParts& all, const RuleSpec& was, const RuleSpec& rule, Parts& parts) {
  const auto put = [&](ChangeKind kind, bool whole, std::string sentence) {
    parts.push_back({.kind = kind,
                     .groups = rule.groups,
                     .whole_category = whole,
                     .sentence = std::move(sentence),
                     .values = values_of(values_of_rule(was), values_of_rule(rule))});
  };
  const bool many = is_about_many(rule);
  if (was.until != rule.until)
    put(all.of(rule, holds_longer(rule, was)).kind, many,
        all.whom(rule) + ": the rule for " + target_words(rule) +
            (rule.until ? " ends on " + date_words(*rule.until) : " has no end any more"));
  if (was.category != rule.category)
    put(rule.effect == RuleSpec::Effect::categorise ? ChangeKind::opens : ChangeKind::tells, many,
        target_words(rule) + " counts as " + rule.category + ", not as " + was.category);
  if (std::tie(was.approved_by, was.risk_assessment) != std::tie(rule.approved_by, rule.risk_assessment))
    put(ChangeKind::tells, false, "The rule for " + target_words(rule) + " names another approval or risk assessment");
  if (const auto hosts = hosts_of(rule); hosts != hosts_of(was))
    put(ChangeKind::opens, many,
        all.whom(rule) + ": pages of " + rule.text + " may load from " +
            (hosts.empty() ? std::string("nowhere else") : listed(hosts)));
}

void compare_rules(const Configuration& before, const Configuration& after, Parts& parts) {
  const RuleParts all(before, after);
  std::vector<bool> kept(before.policy.rules.size());
  for (const RuleSpec& rule : after.policy.rules) {
    std::size_t at = 0;
    while (at < kept.size() && (kept[at] || identity(before.policy.rules[at]) != identity(rule))) ++at;
    if (at == kept.size()) {
      parts.push_back(all.of(rule, true));
      continue;
    }
    kept[at] = true;
    compare_rule(all, before.policy.rules[at], rule, parts);
  }
  for (std::size_t i = 0; i < kept.size(); ++i)
    if (!kept[i]) parts.push_back(all.of(before.policy.rules[i], false));
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
  const auto old_texts = list_texts(before), new_texts = list_texts(after);
  const auto text_in = [](const auto& texts, const std::string& name) {
    const auto found = texts.find(name);
    return found == texts.end() ? std::string() : found->second;
  };
  const auto put = [&](ChangeKind kind, const std::string& name, std::string sentence) {
    parts.push_back({.kind = kind,
                     .groups = {},
                     .whole_category = true,
                     .sentence = std::move(sentence),
                     .values = values_of(text_in(old_texts, name), text_in(new_texts, name))});
  };
  for (const config::ListConfig& list : after.lists) {
    const config::ListConfig* const was = find(before, list.name);
    const std::string name = "The list " + list.name + " (" + list.category + ")";
    if (!was)
      put(opens_somewhere(after, list.category) ? ChangeKind::opens : ChangeKind::closes, list.name, name + " is on");
    else if (was->category != list.category)
      put(ChangeKind::opens, list.name, name + " was one of " + was->category);
    if (was && was->source != list.source)
      put(ChangeKind::opens, list.name, name + " comes from " + list.source);
    else if (was && was->category == list.category && text_in(old_texts, list.name) != text_in(new_texts, list.name))
      put(ChangeKind::opens, list.name, name + " has other settings");
  }
  for (const config::ListConfig& list : before.lists)
    if (!find(after, list.name))
      put(ChangeKind::opens, list.name, "The list " + list.name + " (" + list.category + ") is off");
  const auto of_all = [](const Configuration& in) { return tree_text(in, "lists.yaml", {}, "lists"); };
  if (of_all(before) != of_all(after))
    parts.push_back({.kind = ChangeKind::opens,
                     .groups = {},
                     .whole_category = true,
                     .sentence = "Settings of all lists are others",
                     .values = values_of(of_all(before), of_all(after))});
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
  const auto put = [&](ChangeKind kind, std::string sentence, std::string values = {}) {
    parts.push_back({.kind = kind,
                     .groups = {},
                     .whole_category = true,
                     .sentence = std::move(sentence),
                     .values = std::move(values)});
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
  const auto put_unknown = [&](std::span<const Known> known, bool rules, std::string sentence) {
    const auto whole = [](const std::multiset<std::string>& all) {
      std::string text;
      for (const std::string& one : all) text += std::to_string(one.size()) + ":" + one;
      return text;
    };
    const std::string was = whole(unknown_in(before, known, rules)), is = whole(unknown_in(after, known, rules));
    if (was != is) put(ChangeKind::opens, std::move(sentence), values_of(was, is));
  };
  put_unknown(kRules, true, "Files of rules say something else that cannot be told here");
  put_unknown(kPolicy, false, "policy.yaml says something else that cannot be told here");
}

void compare_rest(const Configuration& before, const Configuration& after, Parts& parts) {
  const auto put = [&](ChangeKind kind, std::string sentence, std::string_view file, std::string_view key = {},
                       std::string_view without = {}) {
    const std::string was = tree_text(before, file, key, without), is = tree_text(after, file, key, without);
    if (was == is) return;
    parts.push_back({.kind = kind,
                     .groups = {},
                     .whole_category = true,
                     .sentence = std::move(sentence),
                     .values = values_of(was, is)});
  };
  put(ChangeKind::keeps, "Records are kept for other lengths of time", "schoolgate.yaml", "retention");
  put(ChangeKind::inspects, "Settings of the gateway (schoolgate.yaml) are others", "schoolgate.yaml", {}, "retention");
  put(ChangeKind::tells, "Alerts go to others, or at other times", "alerts.yaml");
  put(ChangeKind::opens, "Categories are others (categories.yaml)", "categories.yaml");
  put(ChangeKind::keeps, "Other roles have to agree to changes", "policy.yaml", "changes");
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
