// Whether a query has the parameters that a `url` rule names, in any order: "t=1s&v=7" has "v=7".
//
// The form of application/x-www-form-urlencoded (URL Standard, section 5): pairs between '&', a name before the first
// '=', %XX and '+' mean what they stand for. Pure; no allocation.
#pragma once

#include <string_view>

namespace schoolgate::rules {

/// What a rule asks of a query.
enum class QueryRule : unsigned char {
  /// Every parameter of the rule is there, whatever else is. For what closes.
  has,
  /// As `has`, and no parameter that the rule names stands there with another value as well: a site may read either.
  /// For
  /// what opens.
  has_only_so,
  /// The parameters of the rule and no others (`exact: true`).
  exact,
};

[[nodiscard]] bool covers_query(std::string_view of_rule, std::string_view asked, QueryRule rule) noexcept;

}  // namespace schoolgate::rules
