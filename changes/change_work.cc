#include "changes/change_work.h"

#include <set>

#include "config/change_rules.h"
#include "config/load_texts.h"

namespace schoolgate::changes {

Result<ChangeWork> ChangeWork::open(const std::filesystem::path& folder) {
  auto lock = Exclusive::take(folder);
  if (!lock) return std::unexpected(std::move(lock.error()));
  auto ledger = Ledger::open(folder);
  if (!ledger) return std::unexpected(std::move(ledger.error()));
  auto history = History::open(folder);
  if (!history) return std::unexpected(std::move(history.error()));
  return ChangeWork{std::move(*lock), std::move(*ledger), std::move(*history)};
}

bool is_configuration_name(std::string_view name) {
  for (const std::string_view one : {"schoolgate.yaml", "policy.yaml", "categories.yaml", "lists.yaml", "alerts.yaml"})
    if (name == one) return true;
  if (!name.starts_with("rules/") || !name.ends_with(".yaml")) return false;
  const std::string_view file = name.substr(6);
  return file.find('/') == std::string_view::npos && file.find('\0') == std::string_view::npos && file.front() != '.';
}

FileTexts texts_of(const config::Configuration& configuration) {
  return {configuration.files.begin(), configuration.files.end()};
}

config::Loaded load_files(const std::filesystem::path& folder, const FileTexts& files) {
  std::vector<std::pair<std::string, std::string>> in_order;
  for (const std::string_view name : {"schoolgate.yaml", "policy.yaml", "categories.yaml", "lists.yaml", "alerts.yaml"})
    if (const auto file = files.find(std::string(name)); file != files.end()) in_order.emplace_back(*file);
  for (const auto& file : files)
    if (file.first.starts_with("rules/")) in_order.emplace_back(file);
  return config::load_texts(folder, std::move(in_order), {});
}

FileTexts with_files(FileTexts files, const std::vector<ProposedFile>& changed, bool after) {
  for (const ProposedFile& file : changed)
    if (const auto& text = after ? file.after : file.before)
      files[file.name] = *text;
    else
      files.erase(file.name);
  return files;
}

std::vector<ProposedFile> differences(const FileTexts& before, const FileTexts& after) {
  std::vector<ProposedFile> files;
  std::set<std::string> names;
  for (const auto& file : before) names.insert(file.first);
  for (const auto& file : after) names.insert(file.first);
  const auto in = [](const FileTexts& all, const std::string& name) {
    const auto found = all.find(name);
    return found == all.end() ? std::optional<std::string>() : std::optional(found->second);
  };
  for (const std::string& name : names)
    if (in(before, name) != in(after, name)) files.push_back({name, in(before, name), in(after, name)});
  return files;
}

Result<std::optional<std::string>> commit_of(const std::filesystem::path& folder, const FileTexts& files) {
  std::error_code unreadable;
  if (!std::filesystem::exists(folder / "history.git", unreadable)) return std::optional<std::string>();
  const auto history = History::open(folder);
  if (!history) return std::unexpected(history.error());
  auto head = history->head();
  if (!head || !*head) return head;
  const auto known = history->files_of(**head);
  if (!known) return std::unexpected(known.error());
  if (*known != files) head->reset();
  return head;
}

Result<std::vector<std::string>> refused_by_hand(const std::filesystem::path& folder, const FileTexts& files) {
  std::vector<std::string> names;
  std::error_code unreadable;
  if (!std::filesystem::exists(folder / "history.git", unreadable)) return names;
  const auto history = History::open(folder);
  if (!history) return std::unexpected(history.error());
  const auto head = history->head();
  if (!head) return std::unexpected(head.error());
  if (!*head) return names;
  const auto accepted = history->files_of(**head);
  if (!accepted) return std::unexpected(accepted.error());
  if (*accepted == files) return names;
  // The rule that was accepted counts: it is not lifted by the hand that it is about.
  config::Configuration was;
  was.files.assign(accepted->begin(), accepted->end());
  if (!config::change_rules_of(was).refuse_by_hand) return names;
  for (const ProposedFile& file : differences(*accepted, files)) names.push_back(file.name);
  return names;
}

Result<void> begin_history(const std::filesystem::path& folder, const FileTexts& files, TimePoint now) {
  std::error_code unreadable;
  if (std::filesystem::exists(folder / "history.git", unreadable)) {
    const auto history = History::open(folder);
    if (!history) return std::unexpected(history.error());
    const auto head = history->head();
    if (!head) return std::unexpected(head.error());
    if (*head) return {};
  }
  auto work = ChangeWork::open(folder);
  if (!work) return std::unexpected(std::move(work.error()));
  const auto begun = follow_files(work->history, files, "As found\n", now);
  if (!begun) return std::unexpected(begun.error());
  return {};
}

}  // namespace schoolgate::changes
