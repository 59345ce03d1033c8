#include "rules/query_parameters.h"

#include <algorithm>
#include <cstddef>

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
    const char decoded = static_cast<char>(digit(text[1]) * 16 + digit(text[2]));
    text.remove_prefix(3);
    return decoded;
  }
  text.remove_prefix(1);
  return c == '+' ? ' ' : c;
}

bool same(std::string_view a, std::string_view b) noexcept {
  while (!a.empty() && !b.empty())
    if (take_byte(a) != take_byte(b)) return false;
  return a.empty() && b.empty();
}

struct Parameter {
  std::string_view name, value;
};

/// "k" and "k=" are the same parameter.
Parameter parameter(std::string_view pair) noexcept {
  const std::size_t equals = pair.find('=');
  if (equals == std::string_view::npos) return {pair, {}};
  return {pair.substr(0, equals), pair.substr(equals + 1)};
}

/// Calls each(parameter) until it returns false; empty pairs ("a&&b") are none. True when it never did.
template <class Each>
bool all_of(std::string_view query, Each each) noexcept {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (!pair.empty() && !each(parameter(pair))) return false;
  }
  return true;
}

bool has(std::string_view query, const Parameter& wanted) noexcept {
  return !all_of(query, [&](const Parameter& found) {
    return !same(found.name, wanted.name) || !same(found.value, wanted.value);
  });
}

bool names(std::string_view query, const Parameter& found) noexcept {
  return !all_of(query, [&](const Parameter& named) { return !same(named.name, found.name); });
}

}  // namespace

bool covers_query(std::string_view of_rule, std::string_view asked, QueryRule rule) noexcept {
  if (!all_of(of_rule, [&](const Parameter& wanted) { return has(asked, wanted); })) return false;
  if (rule == QueryRule::has) return true;
  return all_of(asked, [&](const Parameter& found) {
    return has(of_rule, found) || (rule == QueryRule::has_only_so && !names(of_rule, found));
  });
}

}  // namespace schoolgate::rules
