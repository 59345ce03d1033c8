// Small reading helpers that the importers share.
#pragma once

#include <string_view>

namespace schoolgate::blocklists {

inline constexpr std::string_view kBlanks = " \t\r\v\f";

[[nodiscard]] inline std::string_view trimmed(std::string_view text) noexcept {
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

/// Without a trailing comment: `mark` at the start or after a blank begins one ("a.example # why").
[[nodiscard]] inline std::string_view without_comment(std::string_view text, char mark) noexcept {
  for (auto at = text.find(mark); at != std::string_view::npos; at = text.find(mark, at + 1))
    if (at == 0 || kBlanks.find(text[at - 1]) != std::string_view::npos) return text.substr(0, at);
  return text;
}

/// Cuts the first word off `text`.
[[nodiscard]] inline std::string_view take_word(std::string_view& text) noexcept {
  text = trimmed(text);
  const auto end = text.find_first_of(kBlanks);
  const std::string_view word = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : trimmed(text.substr(end));
  return word;
}

/// "*.example.org", ".example.org" -> "example.org": an entry always covers what lies under it.
[[nodiscard]] inline std::string_view without_wildcard(std::string_view text) noexcept {
  if (text.starts_with("*.")) text.remove_prefix(2);
  while (text.starts_with('.')) text.remove_prefix(1);
  return text;
}

}  // namespace schoolgate::blocklists
