// The fields of a query or of a form (application/x-www-form-urlencoded, WHATWG URL section 5.1).
//
// Strict where the standard is lenient: a broken escape, bytes that are no UTF-8 or NUL refuse the whole form, because
// what is half understood must not be acted on. Bounded in fields and sizes. An immutable value.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace schoolgate::web {

struct FormBounds {
  std::size_t fields = 200;
  std::size_t name = 100;          ///< bytes, decoded
  std::size_t value = 256 * 1024;  ///< bytes, decoded
};

class Form {
 public:
  Form() = default;
  [[nodiscard]] static Result<Form> parse(std::string_view encoded, const FormBounds& bounds = {});

  /// The first field of that name, or nothing. Line ends are as sent (browsers send CR LF).
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept;
  /// The first field of that name; empty when there is none.
  [[nodiscard]] std::string_view get(std::string_view name) const noexcept;
  /// get() without blanks at both ends, when it has at most `most` characters; nothing when it is longer or is empty.
  [[nodiscard]] std::optional<std::string> text(std::string_view name, std::size_t most) const;
  /// A whole number between `least` and `most`; nothing for all else.
  [[nodiscard]] std::optional<long> number(std::string_view name, long least, long most) const noexcept;
  [[nodiscard]] bool has(std::string_view name) const noexcept { return find(name).has_value(); }
  /// Every field of that name, in order: check boxes.
  [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;

  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& fields() const noexcept { return fields_; }
  [[nodiscard]] bool empty() const noexcept { return fields_.empty(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// "a=1&b=2", escaped: for links that carry a query.
[[nodiscard]] std::string encode_query(const std::vector<std::pair<std::string, std::string>>& fields);

}  // namespace schoolgate::web
