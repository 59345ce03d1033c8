#include "config/edit.h"

#include <array>
#include <cstdio>

#include "config/plain_text.h"
#include "config/yaml_edit.h"

namespace schoolgate::config {
namespace {

using Effect = rules::RuleSpec::Effect;

std::string key_of(Effect effect) {
  switch (effect) {
    case Effect::block: return "block";
    case Effect::allow: return "allow";
    case Effect::emergency: return "emergency";
    case Effect::categorise: break;
  }
  return "terms";
}

std::string key_of(rules::RuleSpec::Kind kind) {
  using Kind = rules::RuleSpec::Kind;
  return kind == Kind::url ? "url" : kind == Kind::pattern ? "pattern" : kind == Kind::term ? "term" : "site";
}

std::string date_text(const std::chrono::year_month_day& date) {
  char text[24];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", int(date.year()), unsigned(date.month()), unsigned(date.day()));
  return text;
}

std::string time_text(int minute) {
  char text[8];
  std::snprintf(text, sizeof text, "%02d:%02d", minute / 60, minute % 60);
  return text;
}

YamlPath rule_path(Effect effect, std::size_t index) { return {key_of(effect), index}; }

std::optional<YamlNode> tree_of(std::string_view yaml) {
  Problems ignored;
  return parse_yaml(yaml, "this file", ignored);
}

const YamlNode* child(const YamlNode* node, std::string_view key) {
  if (node != nullptr)
    for (const YamlEntry& entry : node->entries)
      if (entry.key.text == key) return &entry.value;
  return nullptr;
}

Result<void> group_is_there(std::string_view yaml, std::string_view group) {
  const auto root = tree_of(yaml);
  if (!root || child(child(&*root, "groups"), group) == nullptr)
    return fail(Fault::client, "policy.yaml has no group '" + printable(group) + "'");
  return {};
}

}  // namespace

Result<std::string> add_rule(std::string_view yaml, const rules::RuleSpec& rule) {
  NewValue item{.kind = NewValue::Kind::mapping};
  const auto put = [&](std::string_view key, const std::string& text) {
    if (!text.empty()) item.entries.emplace_back(key, NewValue::of_text(text));
  };
  put(key_of(rule.kind), rule.text);
  put("category", rule.category);
  if (!rule.groups.empty()) item.entries.emplace_back("groups", NewValue::of_texts(rule.groups));
  put("why", rule.why);
  put("approved_by", rule.approved_by);
  put("risk_assessment", rule.risk_assessment);
  if (rule.until) item.entries.emplace_back("until", NewValue::of_word(date_text(*rule.until)));
  if (!rule.needs.empty()) {
    NewValue hosts{.kind = NewValue::Kind::list};
    for (const rules::HelperSpec& helper : rule.needs) hosts.items.push_back(NewValue::of_text(helper.host));
    item.entries.emplace_back("needs", std::move(hosts));
  }
  return append_item(yaml, {key_of(rule.effect)}, item);
}

std::optional<std::size_t> find_rule(std::string_view yaml, const rules::RuleSpec& rule) {
  const auto root = tree_of(yaml);
  const YamlNode* const list = root ? child(&*root, key_of(rule.effect)) : nullptr;
  if (list == nullptr) return std::nullopt;
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const YamlNode* const text = child(&list->items[i], key_of(rule.kind));
    if (text == nullptr || text->text != rule.text) continue;
    std::vector<std::string> groups;
    if (const YamlNode* const named = child(&list->items[i], "groups"))
      for (const YamlNode& group : named->items) groups.push_back(group.text);
    if (groups != rule.groups) continue;
    if (found) return std::nullopt;
    found = i;
  }
  return found;
}

Result<std::string> remove_rule(std::string_view yaml, Effect effect, std::size_t index) {
  return remove_value(yaml, rule_path(effect, index));
}

Result<std::string> set_rule_end(std::string_view yaml, Effect effect, std::size_t index,
                                 const std::optional<std::chrono::year_month_day>& until) {
  YamlPath path = rule_path(effect, index);
  path.emplace_back("until");
  return until ? set_value(yaml, path, NewValue::of_word(date_text(*until))) : remove_value(yaml, path);
}

Result<std::string> set_rule_field(std::string_view yaml, Effect effect, std::size_t index, std::string_view key,
                                   std::string_view text) {
  YamlPath path = rule_path(effect, index);
  path.emplace_back(std::string(key));
  return text.empty() ? remove_value(yaml, path) : set_value(yaml, path, NewValue::of_text(text));
}

Result<std::string> set_category_action(std::string_view yaml, std::string_view group, std::string_view category,
                                        std::optional<rules::Action> action) {
  if (auto there = group_is_there(yaml, group); !there) return std::unexpected(std::move(there.error()));
  const YamlPath path{"groups", std::string(group), "categories", std::string(category)};
  return action ? set_value(yaml, path, NewValue::of_word(rules::to_string(*action))) : remove_value(yaml, path);
}

Result<std::string> add_schedule(std::string_view yaml, std::string_view group, const rules::ScheduleSpec& schedule) {
  if (auto there = group_is_there(yaml, group); !there) return std::unexpected(std::move(there.error()));
  static constexpr std::array<const char*, 7> kDays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  NewValue days{.kind = NewValue::Kind::list}, when{.kind = NewValue::Kind::mapping};
  for (std::size_t i = 0; i < kDays.size(); ++i)
    if (schedule.days[i]) days.items.push_back(NewValue::of_word(kDays[i]));
  when.entries.emplace_back("days", std::move(days));
  when.entries.emplace_back("from", NewValue::of_text(time_text(schedule.from_minute)));
  when.entries.emplace_back("to", NewValue::of_text(time_text(schedule.to_minute)));
  NewValue item{.kind = NewValue::Kind::mapping}, actions{.kind = NewValue::Kind::mapping};
  item.entries.emplace_back("when", std::move(when));
  for (const rules::CategoryActionSpec& one : schedule.categories)
    actions.entries.emplace_back(one.category, NewValue::of_word(rules::to_string(one.action)));
  if (!actions.entries.empty()) item.entries.emplace_back("categories", std::move(actions));
  if (schedule.unlisted) item.entries.emplace_back("unlisted", NewValue::of_word(rules::to_string(*schedule.unlisted)));
  return append_item(yaml, {"groups", std::string(group), "schedules"}, item);
}

Result<std::string> remove_schedule(std::string_view yaml, std::string_view group, std::size_t index) {
  return remove_value(yaml, {"groups", std::string(group), "schedules", index});
}

Result<std::string> switch_list(std::string_view yaml, std::string_view name, bool on) {
  const auto root = tree_of(yaml);
  const YamlNode* const lists = root ? child(&*root, "lists") : nullptr;
  std::optional<std::size_t> found;
  for (std::size_t i = 0; lists != nullptr && i < lists->items.size(); ++i)
    if (const YamlNode* const named = child(&lists->items[i], "name"); named != nullptr && named->text == name)
      found = i;
  if (!found) return fail(Fault::client, "lists.yaml has no list '" + printable(name) + "'");
  const YamlPath path{"lists", *found, "enabled"};
  if (!on) return set_value(yaml, path, NewValue::of_word("false"));
  if (child(&lists->items[*found], "enabled") == nullptr) return std::string(yaml);
  return remove_value(yaml, path);
}

}  // namespace schoolgate::config
