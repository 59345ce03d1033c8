// Whether a query has the parameters that a `url` rule names, in any order: "t=1s&v=7" has "v=7".
//
// The form of application/x-www-form-urlencoded (URL Standard, section 5): pairs between '&', a name before the first
// '=', %XX and '+' mean what they stand for. Pure; no allocation.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace schoolgate::rules {

struct QueryParameter {
  std::string_view name, value;  ///< as they stand in the query
};

/// A query split once. Views into it.
class QueryParameters {
 public:
  static constexpr std::size_t kMost = 64;
  explicit QueryParameters(std::string_view query) noexcept;

  [[nodiscard]] std::span<const QueryParameter> all() const noexcept { return {parameters_.data(), count_}; }
  /// More than kMost: what closes holds then, and what opens does not.
  [[nodiscard]] bool too_many() const noexcept { return too_many_; }

 private:
  std::array<QueryParameter, kMost> parameters_;
  std::size_t count_ = 0;
  bool too_many_ = false;
};

/// What a rule asks of a query.
enum class QueryRule : unsigned char {
  /// Every parameter of the rule is there, among others or not. For what closes.
  has,
  /// As `has`, and no parameter that the rule names stands there with another value as well, in any spelling that a
  /// server may take for the same name: a site may read either. For what opens.
  has_only_so,
  /// The parameters of the rule and no others (`exact: true`). For what opens.
  exact,
  /// The same for what closes.
  exact_closing,
};

[[nodiscard]] constexpr bool opens(QueryRule rule) noexcept {
  return rule == QueryRule::has_only_so || rule == QueryRule::exact;
}

[[nodiscard]] bool covers_query(const QueryParameters& of_rule, const QueryParameters& asked, QueryRule rule) noexcept;
[[nodiscard]] inline bool covers_query(std::string_view of_rule, std::string_view asked, QueryRule rule) noexcept {
  return covers_query(QueryParameters(of_rule), QueryParameters(asked), rule);
}

/// "name=value" as the form means it, written into `into`; nothing when it does not fit.
[[nodiscard]] std::optional<std::string_view> decoded(const QueryParameter& parameter, std::span<char> into) noexcept;

}  // namespace schoolgate::rules
