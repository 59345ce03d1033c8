#include "config/change_rules.h"

#include <algorithm>

namespace schoolgate::config {
namespace {

constexpr std::pair<std::string_view, bool> kByHand[] = {{"record", false}, {"refuse", true}};

void read_words_of(const YamlNode& node, Report& report, std::span<const std::string_view> words,
                   std::vector<std::string>& out) {
  for (const YamlNode& item : items_of(node, report))
    if (const auto word = word_of(item, report, words)) out.emplace_back(words[*word]);
}

void read_rule(const YamlNode& node, Report& report, std::vector<ConsentRule>& out) {
  ConsentRule rule;
  Mapping keys(node, report);
  const YamlNode* const kind = keys.require("kind");
  const auto which = kind ? word_of(*kind, report, kChangeKinds) : std::nullopt;
  if (const YamlNode* const groups = keys.find("groups"))
    for (const YamlNode& item : items_of(*groups, report))
      if (std::string group; read_value(item, report, Id{group})) rule.groups.push_back(std::move(group));
  if (const YamlNode* const roles = keys.require("roles")) read_words_of(*roles, report, kConsentRoles, rule.roles);
  keys.optional("whole_category", rule.whole_category);
  keys.optional("risk_assessment", rule.risk_assessment);
  if (!which) return;
  rule.kind = ChangeKind(*which);
  out.push_back(std::move(rule));
}

}  // namespace

ChangeRules ChangeRules::as_shipped() {
  using enum ChangeKind;
  const std::vector<std::string> lead{"dsl", "deputy"}, head{"head"}, any_lead{"dsl", "deputy", "head"};
  return {.consent = {{.kind = opens, .groups = {}, .whole_category = true, .roles = head, .risk_assessment = true},
                      {.kind = opens, .groups = {}, .roles = lead},
                      {.kind = closes},
                      {.kind = inspects, .groups = {}, .roles = head},
                      {.kind = tells, .groups = {}, .roles = any_lead},
                      {.kind = keeps, .groups = {}, .roles = head},
                      {.kind = who, .groups = {}, .roles = any_lead}}};
}

ChangeRules read_change_rules(const YamlNode& node, Report& report) {
  ChangeRules rules;
  Mapping keys(node, report);
  keys.optional("by_hand", Choice<bool>{rules.refuse_by_hand, kByHand});
  if (const YamlNode* const consent = keys.find("consent"))
    for (const YamlNode& item : items_of(*consent, report)) read_rule(item, report, rules.consent);
  const ChangeRules shipped = ChangeRules::as_shipped();
  rules.consent.insert(rules.consent.end(), shipped.consent.begin(), shipped.consent.end());
  return rules;
}

ChangeRules change_rules_of(const Configuration& configuration) {
  for (const auto& [name, text] : configuration.files) {
    if (name != "policy.yaml") continue;
    Problems ignored;  // it was loaded without any
    const auto root = parse_yaml(text, name, ignored);
    if (!root) break;
    Report report({}, name, ignored);
    for (const YamlEntry& entry : root->entries)
      if (entry.key.text == "changes") return read_change_rules(entry.value, report);
  }
  return ChangeRules::as_shipped();
}

}  // namespace schoolgate::config
