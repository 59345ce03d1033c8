#include "content/media_type.h"

#include <algorithm>

#include "base/ascii.h"

namespace schoolgate::content {
namespace {

/// Takes from `text` what comes before the next `mark` that is not between quotation marks, and the mark.
std::string_view cut_at_unquoted(std::string_view& text, char mark) noexcept {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < text.size() && (quoted || text[end] != mark); ++end) {
    if (text[end] == '"') quoted = !quoted;
    if (quoted && text[end] == '\\') ++end;
  }
  end = std::min(end, text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

std::string_view without_quotes(std::string_view value) noexcept {
  if (!value.starts_with('"') && !value.starts_with('\'')) return value;
  return value.substr(1, value.find(value.front(), 1) - 1);
}

bool is_media_type(std::string_view name) noexcept {
  const std::size_t slash = name.find('/');
  return slash != std::string_view::npos && name != "*/*" && is_http_token(name.substr(0, slash)) &&
         is_http_token(name.substr(slash + 1));
}

}  // namespace

MediaType media_type_of(std::string_view field) noexcept {
  MediaType last;
  while (!field.empty()) {
    std::string_view rest = cut_at_unquoted(field, ',');
    const std::string_view name = trimmed(cut_at_unquoted(rest, ';'));
    if (!is_media_type(name)) continue;
    if (!equal_ignoring_case(name, last.name)) last.charset = {};
    last.name = name;
    for (bool found = false; !found && !rest.empty();) {
      std::string_view value = cut_at_unquoted(rest, ';');
      found = equal_ignoring_case(trimmed(cut_at_unquoted(value, '=')), "charset");
      if (found) last.charset = without_quotes(trimmed(value));
    }
  }
  return last;
}

}  // namespace schoolgate::content
