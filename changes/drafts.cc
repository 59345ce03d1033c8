#include "changes/drafts.h"

#include <functional>

#include "config/edit.h"
#include "config/yaml_tree.h"

namespace schoolgate::changes {
namespace {

constexpr std::string_view kOwnFile = "rules/desk.yaml";
constexpr std::string_view kOwnFileText =
    "# Rules that were made at the desk. Edit them here or there.\nblock: []\nallow: []\n";

Result<FileTexts> edit_file(FileTexts files, std::string_view name,
                            const std::function<Result<std::string>(const std::string&)>& edit) {
  const auto file = files.find(std::string(name));
  if (file == files.end()) return fail(Fault::client, "there is no file " + std::string(name));
  auto text = edit(file->second);
  if (!text) return std::unexpected(std::move(text.error()));
  file->second = std::move(*text);
  return files;
}

bool has_key(const std::string& yaml, std::string_view key) {
  Problems ignored;
  const auto root = config::parse_yaml(yaml, "this file", ignored);
  if (root)
    for (const config::YamlEntry& entry : root->entries)
      if (entry.key.text == key) return true;
  return false;
}

std::string_view key_of_effect(rules::RuleSpec::Effect effect) {
  using enum rules::RuleSpec::Effect;
  return effect == block ? "block" : effect == allow ? "allow" : effect == emergency ? "emergency" : "terms";
}

/// The file and the place of a rule; it has to be one in all.
Result<std::pair<std::string, std::size_t>> place_of_rule(const FileTexts& files, const rules::RuleSpec& rule) {
  std::optional<std::pair<std::string, std::size_t>> found;
  for (const auto& [name, text] : files) {
    if (!name.starts_with("rules/")) continue;
    const auto index = config::find_rule(text, rule);
    if (!index) continue;
    if (found) return fail(Fault::client, "the rule stands in more than one file", "edit the files");
    found.emplace(name, *index);
  }
  if (!found)
    return fail(Fault::client, "the rule is not there any more, or stands there twice", "load the list of rules again");
  return *found;
}

}  // namespace

Result<FileTexts> with_rule(FileTexts files, const rules::RuleSpec& rule) {
  std::string into;
  for (const auto& [name, text] : files)
    if (name.starts_with("rules/") && has_key(text, key_of_effect(rule.effect))) {
      if (into.empty() || name == kOwnFile) into = name;
    }
  if (into.empty()) {
    into = kOwnFile;
    files.try_emplace(into, kOwnFileText);
  }
  return edit_file(std::move(files), into, [&](const std::string& text) { return config::add_rule(text, rule); });
}

Result<FileTexts> without_rule(FileTexts files, const rules::RuleSpec& rule) {
  const auto at = place_of_rule(files, rule);
  if (!at) return std::unexpected(at.error());
  return edit_file(std::move(files), at->first,
                   [&](const std::string& text) { return config::remove_rule(text, rule.effect, at->second); });
}

Result<FileTexts> with_rule_end(FileTexts files, const rules::RuleSpec& rule,
                                const std::optional<std::chrono::year_month_day>& until) {
  const auto at = place_of_rule(files, rule);
  if (!at) return std::unexpected(at.error());
  return edit_file(std::move(files), at->first,
                   [&](const std::string& text) { return config::set_rule_end(text, rule.effect, at->second, until); });
}

Result<FileTexts> with_category_action(FileTexts files, std::string_view group, std::string_view category,
                                       std::optional<rules::Action> action) {
  return edit_file(std::move(files), "policy.yaml",
                   [&](const std::string& text) { return config::set_category_action(text, group, category, action); });
}

Result<FileTexts> with_schedule(FileTexts files, std::string_view group, const rules::ScheduleSpec& schedule) {
  return edit_file(std::move(files), "policy.yaml",
                   [&](const std::string& text) { return config::add_schedule(text, group, schedule); });
}

Result<FileTexts> without_schedule(FileTexts files, std::string_view group, std::size_t index) {
  return edit_file(std::move(files), "policy.yaml",
                   [&](const std::string& text) { return config::remove_schedule(text, group, index); });
}

Result<FileTexts> with_list(FileTexts files, std::string_view name, bool on) {
  return edit_file(std::move(files), "lists.yaml",
                   [&](const std::string& text) { return config::switch_list(text, name, on); });
}

Result<FileTexts> with_text(FileTexts files, std::string_view name, std::string text) {
  return edit_file(std::move(files), name, [&](const std::string&) -> Result<std::string> { return std::move(text); });
}

std::vector<ListedList> listed_lists(const FileTexts& files) {
  std::vector<ListedList> lists;
  const auto file = files.find("lists.yaml");
  if (file == files.end()) return lists;
  Problems ignored;
  const auto root = config::parse_yaml(file->second, "lists.yaml", ignored);
  if (!root) return lists;
  for (const config::YamlEntry& entry : root->entries) {
    if (entry.key.text != "lists") continue;
    for (const config::YamlNode& item : entry.value.items) {
      ListedList list;
      for (const config::YamlEntry& field : item.entries) {
        if (field.key.text == "name") list.name = field.value.text;
        if (field.key.text == "category") list.category = field.value.text;
        if (field.key.text == "source" || field.key.text == "catalogue") list.source = field.value.text;
        if (field.key.text == "enabled") list.on = field.value.text != "false";
      }
      lists.push_back(std::move(list));
    }
  }
  return lists;
}

}  // namespace schoolgate::changes
