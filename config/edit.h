// Edits of a configuration's files by what they mean: a rule, a category's action, a list, a schedule, an end.
//
// Each takes the text of one file and gives the whole new text; everything else in it stays byte for byte
// (config/yaml_edit.h). What the new configuration is worth as a whole is said by load(), which whoever puts it in
// force asks anyway. Pure; any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "rules/policy_spec.h"

namespace schoolgate::config {

// --- rules/*.yaml

/// Adds a rule behind the others of its effect; fields that are empty are left out.
[[nodiscard]] Result<std::string> add_rule(std::string_view yaml, const rules::RuleSpec& rule);
/// Which rule of the file this is, counted from 0 among those of its effect: of the same kind, text and groups.
/// Nothing: there is none, or more than one.
[[nodiscard]] std::optional<std::size_t> find_rule(std::string_view yaml, const rules::RuleSpec& rule);
[[nodiscard]] Result<std::string> remove_rule(std::string_view yaml, rules::RuleSpec::Effect effect, std::size_t index);
/// Nothing for `until`: the rule has no end any more.
[[nodiscard]] Result<std::string> set_rule_end(std::string_view yaml, rules::RuleSpec::Effect effect, std::size_t index,
                                               const std::optional<std::chrono::year_month_day>& until);
/// `key`: "why", "category", "approved_by", "risk_assessment", "site" ...; an empty text takes it out.
[[nodiscard]] Result<std::string> set_rule_field(std::string_view yaml, rules::RuleSpec::Effect effect,
                                                 std::size_t index, std::string_view key, std::string_view text);

// --- policy.yaml

/// Nothing for `action`: the group says nothing about the category any more.
[[nodiscard]] Result<std::string> set_category_action(std::string_view yaml, std::string_view group,
                                                      std::string_view category, std::optional<rules::Action> action);
[[nodiscard]] Result<std::string> add_schedule(std::string_view yaml, std::string_view group,
                                               const rules::ScheduleSpec& schedule);
[[nodiscard]] Result<std::string> remove_schedule(std::string_view yaml, std::string_view group, std::size_t index);

// --- lists.yaml

/// `enabled: false` leaves a list out; on takes that key away.
[[nodiscard]] Result<std::string> switch_list(std::string_view yaml, std::string_view name, bool on);

}  // namespace schoolgate::config
