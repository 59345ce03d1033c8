#include "proxy/http/generous_fields.h"

#include <algorithm>

#include "proxy/http/field_names.h"
#include "proxy/http/octets.h"

namespace schoolgate::http {
namespace {

bool is_space(char c) noexcept { return c == ' ' || c == '\t'; }

// A line and all that is folded under it, without its end.
std::string_view take_folded_line(std::string_view& rest) noexcept {
  std::size_t end = rest.find('\n');
  while (end + 1 < rest.size() && is_space(rest[end + 1])) end = rest.find('\n', end + 1);
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

std::string_view trim_line_ends(std::string_view text) noexcept {
  static constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) + 1 - begin);
}

// Downloads are judged by these. With a control character inside, the name that is judged and the one that the browser
// reads out of the mended value would differ.
bool is_judged(Name name) noexcept { return name == Name::content_type || name == Name::content_disposition; }

// Those of a folded line are white space to every reader.
bool has_control(std::string_view value) noexcept {
  return std::ranges::any_of(
      value, [](unsigned char c) { return (c < 0x20 && c != '\t' && c != '\r' && c != '\n') || c == 0x7f; });
}

}  // namespace

HeadOutcome read_fields_generously(std::string_view lines, const HeadLimits& limits, Fields& fields) noexcept {
  fields.clear();
  while (!lines.empty()) {
    const std::string_view line = take_folded_line(lines);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || is_space(line.front())) continue;
    Field field{trim_space(line.substr(0, colon)), trim_line_ends(line.substr(colon + 1))};
    if (!is_token(field.name)) continue;
    field.known = known_name(field.name);
    field.mend = !is_field_value(field.value);
    if (field.mend && (field.known == Name::transfer_encoding || field.known == Name::content_length))
      return {HeadOutcome::Kind::bad, 400, "invalid byte in a framing value"};
    if (is_judged(field.known) && has_control(field.value))
      return {HeadOutcome::Kind::bad, 400, "control character in a value that says what a download is"};
    if (fields.size() >= limits.fields || !fields.add(field)) return {HeadOutcome::Kind::bad, 431, "too many fields"};
  }
  return {HeadOutcome::Kind::complete, 0, ""};
}

}  // namespace schoolgate::http
