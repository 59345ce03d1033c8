// UTF-8 (RFC 3629), read one character at a time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace schoolgate::rules {

/// What is no character.
inline constexpr char32_t kNoCodePoint = 0xFFFF'FFFF;

/// The first character of `text`, which is not empty, and its length in bytes. Bytes that are no UTF-8 (overlong forms
/// and surrogates among them) give kNoCodePoint and a length of one.
[[nodiscard]] constexpr std::pair<char32_t, std::size_t> next_code_point(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return {kNoCodePoint, 1};
  char32_t c = first & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {kNoCodePoint, 1};
    c = c << 6 | (byte(i) & 0x3Fu);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (c < kLeast[length] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return {kNoCodePoint, 1};
  return {c, length};
}

/// `c` is a character.
inline void append_utf8(std::string& out, char32_t c) {
  const auto put = [&](char32_t bits) { out += static_cast<char>(bits); };
  const auto tail = [&](int shift) { put(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x80) return put(c);
  if (c < 0x800) return put(0xC0 | c >> 6), tail(0);
  if (c < 0x10000) return put(0xE0 | c >> 12), tail(6), tail(0);
  put(0xF0 | c >> 18), tail(12), tail(6), tail(0);
}

}  // namespace schoolgate::rules
