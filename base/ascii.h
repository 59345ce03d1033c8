// ASCII text as protocols and files write it: letters, blanks and lists of words, the same in every locale.
//
// <cctype> asks the locale and is undefined for negative chars; these functions do neither. Bytes above 0x7F are left
// alone, so UTF-8 passes through. Pure functions; any thread.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

namespace schoolgate {

/// Space, tab, line feed, carriage return, form feed, vertical tab.
inline constexpr std::string_view kAsciiBlanks = " \t\n\r\f\v";

[[nodiscard]] constexpr bool is_ascii_digit(char c) noexcept { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr bool is_ascii_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

[[nodiscard]] constexpr char ascii_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; }
[[nodiscard]] std::string ascii_lower(std::string_view text);

/// A token of RFC 9110 section 5.6.2: a method, a field's name, a cookie's name.
[[nodiscard]] constexpr bool is_http_token(std::string_view text) noexcept {
  constexpr std::string_view kAlso = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return is_ascii_letter(c) || is_ascii_digit(c) || kAlso.find(c) != std::string_view::npos;
  });
}

/// Equal but for the case of A to Z.
[[nodiscard]] constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, {}, [](char c) { return ascii_lower(c); }, [](char c) { return ascii_lower(c); });
}

/// Begins with `word`, but for the case of A to Z.
[[nodiscard]] constexpr bool starts_ignoring_case(std::string_view text, std::string_view word) noexcept {
  return equal_ignoring_case(text.substr(0, word.size()), word);
}

/// A view into `text` without `blanks` at either end.
[[nodiscard]] constexpr std::string_view trimmed(std::string_view text,
                                                 std::string_view blanks = kAsciiBlanks) noexcept {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// What stands before the first `mark`, which is taken off `text` with it; all of `text` when there is none.
[[nodiscard]] constexpr std::string_view cut_at(std::string_view& text, char mark) noexcept {
  const std::size_t at = text.find(mark);
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return part;
}

/// The texts in their order with `between` between two of them; empty texts count.
[[nodiscard]] std::string joined(std::span<const std::string> texts, std::string_view between = ", ");

/// 'text', for a sentence that names it.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace schoolgate
