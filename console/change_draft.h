// A change as a form of the desk asks for it: which fields it has, and the files that it would make.
//
// The fields are the same in links and forms, so that a page can lead to a change that is all but proposed. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "changes/history.h"
#include "rules/policy_spec.h"
#include "web/form.h"

namespace schoolgate::console {

/// Field `edit` of the form.
enum class Edit : std::uint8_t { add_rule, remove_rule, end_rule, category, add_schedule, remove_schedule, list, text };
[[nodiscard]] std::optional<Edit> edit_from(std::string_view name) noexcept;

/// The rule that `form` describes: effect, kind, text, category, groups, until; reason and risk as its words. `text` of
/// the kind "address" is a site, or an address with a path. Fault client, beginning with the field.
[[nodiscard]] Result<rules::RuleSpec> rule_in(const web::Form& form);
/// Names a rule in a link: the same as long as it says the same of the same groups.
[[nodiscard]] std::string rule_key(const rules::RuleSpec& rule);
/// Null: there is none.
[[nodiscard]] const rules::RuleSpec* find_rule(const rules::PolicySpec& spec, std::string_view key);

/// The whole configuration as `form` wants it. Fault client, beginning with the field where there is one.
[[nodiscard]] Result<changes::FileTexts> draft_of(Edit edit, const web::Form& form, const changes::FileTexts& now,
                                                  const rules::PolicySpec& spec);
/// One line: "Take out: block site craze.example".
[[nodiscard]] std::string draft_words(Edit edit, const web::Form& form, const rules::PolicySpec& spec);
/// "block site craze.example for Staff".
[[nodiscard]] std::string rule_words(const rules::RuleSpec& rule, const rules::PolicySpec& spec);

}  // namespace schoolgate::console
