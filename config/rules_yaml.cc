// rules/*.yaml: the school's own rules, with their tests. Sites, URLs and patterns are read when the policy is
// compiled.
#include <algorithm>
#include <array>

#include "config/plain_text.h"
#include "config/scalars.h"
#include "config/yaml_files.h"

namespace schoolgate::config {
namespace {

using Effect = rules::RuleSpec::Effect;
using Kind = rules::RuleSpec::Kind;

// Exactly one of site, url, pattern and term says what the rule is about; in `terms` it is a term.
bool read_target(Mapping& keys, const YamlNode& node, Report& report, rules::RuleSpec& rule) {
  if (rule.effect == Effect::categorise) {
    rule.kind = Kind::term;
    return keys.required("term", rule.text);
  }
  static constexpr std::pair<std::string_view, Kind> kTargets[] = {
      {"site", Kind::site}, {"url", Kind::url}, {"pattern", Kind::pattern}, {"term", Kind::term}};
  const YamlNode* target = nullptr;
  for (const auto& [key, kind] : kTargets) {
    const YamlNode* value = keys.find(key);
    if (!value) continue;
    if (target) {
      report.error(*value, "a rule has one target", "make a rule of each: site, url, pattern or term");
      return false;
    }
    target = value;
    rule.kind = kind;
  }
  if (!target) {
    report.error(node, "this rule has no target", "give it a site, url, pattern or term");
    return false;
  }
  return read_value(*target, report, rule.text);
}

bool read_needs(const YamlNode& node, Report& report, rules::RuleSpec& rule) {
  bool whole = node.kind == YamlNode::Kind::list;
  for (const YamlNode& item : items_of(node, report)) {
    rules::HelperSpec helper{{}, report.at(item)};
    if (!read_value(item, report, helper.host))
      whole = false;
    else if (std::ranges::find(rule.needs, helper.host, &rules::HelperSpec::host) != rule.needs.end())
      report.error(item, "'" + printable(helper.host) + "' stands twice");
    else
      rule.needs.push_back(std::move(helper));
  }
  return whole;
}

void read_rule(const YamlNode& node, Report& report, Effect effect, std::vector<rules::RuleSpec>& out) {
  if (node.kind != YamlNode::Kind::mapping)
    return report_wrong_type(node, report, "a rule such as { site: games.example }");
  rules::RuleSpec rule;
  rule.effect = effect;
  rule.at = report.at(node);
  Mapping keys(node, report);
  const bool has_target = read_target(keys, node, report, rule);
  bool whole = has_target;
  if (effect == Effect::block || effect == Effect::categorise)
    whole &= keys.required("category", Id{rule.category});
  else
    keys.optional("category", Id{rule.category});
  if (const YamlNode* groups = keys.find("groups")) {
    if (effect == Effect::emergency) {
      report.error(*groups, "an emergency rule is for every group", "leave 'groups' out, or make it a block rule");
    } else {
      whole &= groups->kind == YamlNode::Kind::list && !groups->items.empty();
      if (groups->kind == YamlNode::Kind::list && groups->items.empty())
        report.error(*groups, "no group", "leave 'groups' out for every group");
      for (const YamlNode& item : items_of(*groups, report)) {
        std::string group;
        if (read_value(item, report, Id{group})) rule.groups.push_back(std::move(group));
      }
    }
  }
  if (effect == Effect::allow)
    if (const YamlNode* needs = keys.find("needs")) whole &= read_needs(*needs, report, rule);
  if (const YamlNode* exact = effect == Effect::categorise ? nullptr : keys.find("exact")) {
    whole &= read_value(*exact, report, rule.exact);
    if (has_target && (rule.kind != rules::RuleSpec::Kind::url || !rule.text.contains('?')))
      report.error(*exact, "'exact' is about the query of a url",
                   "leave it out, or write 'url: \"site/page?name=value\"'");
  }
  keys.optional("why", rule.why);
  keys.optional("approved_by", rule.approved_by);
  keys.optional("risk_assessment", rule.risk_assessment);
  keys.optional("until", rule.until);
  if (whole) out.push_back(std::move(rule));
}

void read_test(const YamlNode& node, Report& report, std::vector<rules::RuleTestSpec>& out) {
  static constexpr std::pair<std::string_view, rules::Action> kExpected[] = {{"block", rules::Action::block},
                                                                             {"warn", rules::Action::warn},
                                                                             {"monitor", rules::Action::monitor},
                                                                             {"allow", rules::Action::allow}};
  rules::RuleTestSpec test;
  test.at = report.at(node);
  Mapping keys(node, report);
  const bool has_url = keys.required("url", test.url);
  const bool has_group = keys.required("group", Id{test.group});
  const bool has_expect = keys.required("expect", Choice<rules::Action>{test.expect, kExpected});
  std::string category, time;
  if (keys.optional("category", Id{category})) test.category = category;
  if (keys.optional("at", time)) test.time = time;
  keys.optional("from", test.from);
  if (has_url && has_group && has_expect) out.push_back(std::move(test));
}

void read_rule_list(Mapping& keys, std::string_view key, Report& report, Effect effect,
                    std::vector<rules::RuleSpec>& out) {
  if (const YamlNode* list = keys.find(key))
    for (const YamlNode& item : items_of(*list, report)) read_rule(item, report, effect, out);
}

/// A list has one name in all files.
void read_site_lists(const YamlNode& node, Report& report, std::map<std::string, rules::SiteListSpec>& out) {
  for (const auto& [key, value] : entries_of(node, report)) {
    rules::SiteListSpec list;
    list.at = report.at(*key);
    for (const YamlNode& item : items_of(*value, report)) {
      std::string site;
      if (!read_value(item, report, site)) continue;
      if (std::ranges::find(list.sites, site) != list.sites.end()) {
        report.error(item, "'" + printable(site) + "' stands twice");
        continue;
      }
      list.sites.push_back(std::move(site));
      list.positions.push_back(report.at(item));
    }
    if (const auto [place, is_new] = out.try_emplace(key->text, std::move(list)); !is_new)
      report.error(*key, "there are two lists '" + key->text + "'", "the other is at " + place->second.at.line_text());
  }
}

}  // namespace

void read_rules(const YamlNode& root, Report& report, rules::PolicySpec& policy) {
  Mapping keys(root, report);
  read_rule_list(keys, "block", report, Effect::block, policy.rules);
  read_rule_list(keys, "allow", report, Effect::allow, policy.rules);
  read_rule_list(keys, "emergency", report, Effect::emergency, policy.rules);
  read_rule_list(keys, "terms", report, Effect::categorise, policy.rules);
  if (const YamlNode* lists = keys.find("lists")) read_site_lists(*lists, report, policy.lists);
  if (const YamlNode* tests = keys.find("tests"))
    for (const YamlNode& item : items_of(*tests, report)) read_test(item, report, policy.tests);
}

}  // namespace schoolgate::config
