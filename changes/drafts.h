// What people do at the desk, as the configuration that it would make: each takes all files and gives all files.
//
// Edits of one text are config/edit.h; this finds the file. Fault client: it is not there to be changed. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "changes/history.h"
#include "rules/policy_spec.h"

namespace schoolgate::changes {

/// Behind the others of its effect: in a file that has such ones, or in one of its own where no file has rules.
[[nodiscard]] Result<FileTexts> with_rule(FileTexts files, const rules::RuleSpec& rule);
/// The rule that says so, in whichever file; it has to be one.
[[nodiscard]] Result<FileTexts> without_rule(FileTexts files, const rules::RuleSpec& rule);
[[nodiscard]] Result<FileTexts> with_rule_end(FileTexts files, const rules::RuleSpec& rule,
                                              const std::optional<std::chrono::year_month_day>& until);
[[nodiscard]] Result<FileTexts> with_category_action(FileTexts files, std::string_view group, std::string_view category,
                                                     std::optional<rules::Action> action);
[[nodiscard]] Result<FileTexts> with_schedule(FileTexts files, std::string_view group,
                                              const rules::ScheduleSpec& schedule);
[[nodiscard]] Result<FileTexts> without_schedule(FileTexts files, std::string_view group, std::size_t index);
[[nodiscard]] Result<FileTexts> with_list(FileTexts files, std::string_view name, bool on);
/// The whole text of a file that is there.
[[nodiscard]] Result<FileTexts> with_text(FileTexts files, std::string_view name, std::string text);

/// The lists of lists.yaml, those that are off too.
struct ListedList {
  std::string name, category, source;
  bool on = true;
};
[[nodiscard]] std::vector<ListedList> listed_lists(const FileTexts& files);

}  // namespace schoolgate::changes
