// What each group may reach, in words: for the inspection pack, where nobody reads YAML.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "rules/category.h"
#include "rules/policy_spec.h"

namespace schoolgate::app {

/// "Key Stage 2" and "Closed: Gambling, Pornography. Asked to think first: Games. All else is open. …", in the order of
/// policy.yaml. Windows of time and allowances are told; the school's own rules are not: there may be thousands.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> policy_in_words(const rules::PolicySpec& policy,
                                                                               const rules::CategoryTable& categories);

}  // namespace schoolgate::app
