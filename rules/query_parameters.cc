#include "rules/query_parameters.h"

#include <algorithm>

namespace schoolgate::rules {
namespace {

int digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Takes one byte, as the form means it, from the front.
char take_byte(std::string_view& text) noexcept {
  const char c = text[0];
  if (c == '%' && text.size() >= 3 && digit(text[1]) >= 0 && digit(text[2]) >= 0) {
    const char byte = static_cast<char>(digit(text[1]) * 16 + digit(text[2]));
    text.remove_prefix(3);
    return byte;
  }
  text.remove_prefix(1);
  return c == '+' ? ' ' : c;
}

bool same(std::string_view a, std::string_view b) noexcept {
  while (!a.empty() && !b.empty())
    if (take_byte(a) != take_byte(b)) return false;
  return a.empty() && b.empty();
}

/// The next byte of a name as the laxest server reads it: no blanks before it, capitals and small letters alike, '.'
/// and ' ' as '_', and nothing from a '[' or a NUL on. 0 at its end.
char take_lax(std::string_view& name) noexcept {
  if (name.empty()) return 0;
  const char c = take_byte(name);
  if (c == '[' || c == 0) return name = {}, char(0);
  if (c == '.' || c == ' ') return '_';
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

void drop_blanks(std::string_view& name) noexcept {
  for (std::string_view rest = name; !rest.empty(); name = rest)
    if (const char c = take_byte(rest); c != ' ' && c != '\t' && c != '\n' && c != '\r') return;
}

bool may_be_read_as(std::string_view asked, std::string_view named) noexcept {
  drop_blanks(asked);
  drop_blanks(named);
  for (;;) {
    const char a = take_lax(asked), b = take_lax(named);
    if (a != b) return false;
    if (a == 0) return true;
  }
}

/// "k" and "k=" are the same parameter.
QueryParameter parameter(std::string_view pair) noexcept {
  const std::size_t equals = pair.find('=');
  if (equals == std::string_view::npos) return {pair, {}};
  return {pair.substr(0, equals), pair.substr(equals + 1)};
}

bool has(const QueryParameters& query, const QueryParameter& wanted) noexcept {
  return std::ranges::any_of(query.all(), [&](const QueryParameter& found) {
    return same(found.name, wanted.name) && same(found.value, wanted.value);
  });
}

bool has_all(const QueryParameters& query, const QueryParameters& wanted) noexcept {
  return std::ranges::all_of(wanted.all(), [&](const QueryParameter& one) { return has(query, one); });
}

/// Some servers read "x=1;v=8" as two.
bool holds_semicolon(const QueryParameter& parameter) noexcept {
  for (std::string_view text : {parameter.name, parameter.value})
    while (!text.empty())
      if (take_byte(text) == ';') return true;
  return false;
}

}  // namespace

QueryParameters::QueryParameters(std::string_view query) noexcept {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    if (count_ == kMost) {
      too_many_ = true;
      return;
    }
    parameters_[count_++] = parameter(pair);
  }
}

bool covers_query(const QueryParameters& of_rule, const QueryParameters& asked, QueryRule rule) noexcept {
  if (of_rule.too_many() || asked.too_many()) return !opens(rule);
  if (!has_all(asked, of_rule)) return false;
  switch (rule) {
    case QueryRule::has: return true;
    case QueryRule::exact:
    case QueryRule::exact_closing: return has_all(of_rule, asked);
    case QueryRule::has_only_so: break;
  }
  return std::ranges::none_of(asked.all(), [&](const QueryParameter& found) {
    if (has(of_rule, found)) return false;
    return holds_semicolon(found) || std::ranges::any_of(of_rule.all(), [&](const QueryParameter& named) {
             return may_be_read_as(found.name, named.name);
           });
  });
}

std::optional<std::string_view> decoded(const QueryParameter& parameter, std::span<char> into) noexcept {
  std::size_t size = 0;
  const auto add = [&](char c) {
    if (size < into.size()) into[size] = c;
    ++size;
  };
  for (std::string_view name = parameter.name; !name.empty();) add(take_byte(name));
  add('=');
  for (std::string_view value = parameter.value; !value.empty();) add(take_byte(value));
  if (size > into.size()) return std::nullopt;
  return std::string_view(into.data(), size);
}

}  // namespace schoolgate::rules
