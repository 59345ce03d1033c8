// policy.yaml: who may reach what. What groups and categories mean together is checked when the policy is compiled.
#include <array>

#include "config/yaml_files.h"

namespace schoolgate::config {
namespace {

constexpr std::pair<std::string_view, rules::Action> kActions[] = {{"block", rules::Action::block},
                                                                   {"warn", rules::Action::warn},
                                                                   {"monitor", rules::Action::monitor},
                                                                   {"allow", rules::Action::allow}};
constexpr std::pair<std::string_view, rules::Action> kUnlisted[] = {{"block", rules::Action::block},
                                                                    {"allow", rules::Action::allow}};
constexpr std::pair<std::string_view, rules::YoutubeRestriction> kYoutube[] = {
    {"strict", rules::YoutubeRestriction::strict}, {"moderate", rules::YoutubeRestriction::moderate}};
constexpr std::array<std::string_view, 7> kDays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

std::vector<rules::CategoryActionSpec> read_actions(const YamlNode& node, Report& report) {
  std::vector<rules::CategoryActionSpec> out;
  for (const auto& [key, value] : entries_of(node, report)) {
    rules::CategoryActionSpec spec{key->text, rules::Action::block, report.at(*key)};
    if (read_value(*value, report, Choice<rules::Action>{spec.action, kActions})) out.push_back(std::move(spec));
  }
  return out;
}

std::vector<rules::NetworkSpec> read_networks(const YamlNode& node, Report& report) {
  std::vector<rules::NetworkSpec> out;
  for (const YamlNode& item : items_of(node, report)) {
    rules::NetworkSpec spec{{}, report.at(item)};
    if (read_value(item, report, spec.network)) out.push_back(std::move(spec));
  }
  return out;
}

void read_days(const YamlNode* node, Report& report, std::array<bool, 7>& days) {
  if (!node) {
    days.fill(true);
    return;
  }
  const auto items = items_of(*node, report);
  if (items.empty() && node->kind == YamlNode::Kind::list)
    report.error(*node, "no day", "leave 'days' out for every day");
  for (const YamlNode& item : items) {
    const auto day = word_of(item, report, kDays);
    if (!day) continue;
    if (days[*day]) report.error(item, "'" + item.text + "' stands twice");
    days[*day] = true;
  }
}

rules::ScheduleSpec read_schedule(const YamlNode& node, Report& report) {
  rules::ScheduleSpec spec;
  spec.at = report.at(node);
  Mapping keys(node, report);
  if (const YamlNode* when_node = keys.require("when")) {
    Mapping when(*when_node, report);
    read_days(when.find("days"), report, spec.days);
    const YamlNode *from = when.require("from"), *to = when.require("to");
    if (from) spec.from_minute = time_of_day_of(*from, report).value_or(0);
    if (to) spec.to_minute = time_of_day_of(*to, report).value_or(0);
  }
  const YamlNode* categories = keys.find("categories");
  if (categories) spec.categories = read_actions(*categories, report);
  const YamlNode* unlisted = keys.find("unlisted");
  if (unlisted) {
    rules::Action action{};
    if (read_value(*unlisted, report, Choice<rules::Action>{action, kUnlisted})) spec.unlisted = action;
  }
  if (node.kind == YamlNode::Kind::mapping && !categories && !unlisted)
    report.error(node, "this schedule changes nothing", "give it 'categories' or 'unlisted'");
  return spec;
}

rules::GroupSpec read_group(const YamlNode& key, const YamlNode& node, Report& report) {
  rules::GroupSpec group;
  group.id = key.text;
  group.title = key.text;
  group.at = report.at(key);
  Mapping keys(node, report);
  keys.optional("title", group.title);
  if (const YamlNode* members_node = keys.find("members")) {
    Mapping members(*members_node, report);
    if (const YamlNode* networks = members.find("networks")) group.networks = read_networks(*networks, report);
  }
  if (const YamlNode* actions = keys.find("categories")) group.categories = read_actions(*actions, report);
  keys.optional("unlisted", Choice<rules::Action>{group.unlisted, kUnlisted});
  keys.optional("safe_search", group.safe_search);
  keys.optional("youtube", Choice<rules::YoutubeRestriction>{group.youtube, kYoutube});
  if (keys.find("youtube") && !group.safe_search)
    report.warning(*keys.find("youtube"), "'youtube' has no effect without 'safe_search: true'");
  if (const YamlNode* inspect = keys.find("inspect")) {
    for (const YamlNode& item : items_of(*inspect, report)) {
      std::string category;
      if (read_value(item, report, Id{category})) group.inspect.push_back(std::move(category));
    }
  }
  if (const YamlNode* schedules = keys.find("schedules"))
    for (const YamlNode& item : items_of(*schedules, report)) group.schedules.push_back(read_schedule(item, report));
  return group;
}

}  // namespace

void read_policy(const YamlNode& root, Report& report, rules::PolicySpec& policy) {
  Mapping keys(root, report);
  if (const YamlNode* groups = keys.require("groups")) {
    if (groups->kind == YamlNode::Kind::mapping && groups->entries.empty()) report.error(*groups, "no group");
    for (const auto& [key, value] : entries_of(*groups, report))
      policy.groups.push_back(read_group(*key, *value, report));
  }
  if (const YamlNode* fallback = keys.require("fallback")) {
    policy.fallback_at = report.at(*fallback);
    read_value(*fallback, report, Id{policy.fallback});
  }
}

}  // namespace schoolgate::config
