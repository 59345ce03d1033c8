// Small reading helpers that the importers share.
#pragma once

#include <string_view>

#include "base/ascii.h"

namespace schoolgate::blocklists {

/// Without a trailing comment: `mark` at the start or after a blank begins one ("a.example # why").
[[nodiscard]] inline std::string_view without_comment(std::string_view text, char mark) noexcept {
  for (auto at = text.find(mark); at != std::string_view::npos; at = text.find(mark, at + 1))
    if (at == 0 || kAsciiBlanks.find(text[at - 1]) != std::string_view::npos) return text.substr(0, at);
  return text;
}

/// True for what lists map blocked names to: nothing (empty, "#"), the unspecified address, this machine, the broadcast
/// address. Another address is a real one, so such a line is an answer and no block.
[[nodiscard]] bool leads_nowhere(std::string_view address) noexcept;

/// Cuts the first word off `text`.
[[nodiscard]] inline std::string_view take_word(std::string_view& text) noexcept {
  text = trimmed(text);
  const auto end = text.find_first_of(kAsciiBlanks);
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
