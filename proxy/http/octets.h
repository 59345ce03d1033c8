// What the bytes of a head may be, and a scan that looks at eight of them at a time.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace schoolgate::http {

/// RFC 9110 section 5.6.2: what methods, field names and connection options are made of.
inline constexpr auto kTokenBytes = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = '0'; c <= '9'; ++c) table[c] = true;
  for (std::size_t c = 'A'; c <= 'Z'; ++c) table[c] = table[c | 0x20] = true;
  for (const char c : {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'})
    table[static_cast<unsigned char>(c)] = true;
  return table;
}();

[[nodiscard]] inline bool is_token_byte(char c) noexcept { return kTokenBytes[static_cast<unsigned char>(c)]; }

[[nodiscard]] inline bool is_token(std::string_view text) noexcept {
  for (const char c : text)
    if (!is_token_byte(c)) return false;
  return !text.empty();
}

/// The first byte from `at` on that is below `kLow` or DEL; `end` when there is none. kLow 0x20: control characters;
/// 0x21: those and the space.
template <unsigned char kLow>
[[nodiscard]] inline const char* find_below(const char* at, const char* end) noexcept {
  if constexpr (std::endian::native == std::endian::little) {
    constexpr std::uint64_t kOnes = 0x0101010101010101, kTops = 0x8080808080808080;
    for (; end - at >= 8; at += 8) {
      std::uint64_t word;
      std::memcpy(&word, at, 8);
      // A borrow may also mark bytes above the first hit, never one below it: the lowest mark is exact.
      const std::uint64_t low = (word - kOnes * kLow) & ~word;
      const std::uint64_t del = word ^ kOnes * 0x7F;
      if (const std::uint64_t hits = (low | ((del - kOnes) & ~del)) & kTops; hits != 0)
        return at + std::countr_zero(hits) / 8;
    }
  }
  for (; at != end; ++at)
    if (const auto c = static_cast<unsigned char>(*at); c < kLow || c == 0x7F) break;
  return at;
}

/// RFC 9110 section 5.5: visible bytes, obs-text, space and tab.
[[nodiscard]] inline bool is_field_value(std::string_view text) noexcept {
  const char* const end = text.data() + text.size();
  const char* at = text.data();
  while ((at = find_below<0x20>(at, end)) != end)
    if (*at++ != '\t') return false;
  return true;
}

/// What a host and port are written with. Bytes above ASCII go to the judge of names; what would end a host in some
/// other reader of a URL is not among them (RFC 9112 section 3.2: an invalid Host is answered with 400).
inline constexpr auto kAuthorityBytes = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0x21; c < 256; ++c) table[c] = c != 0x7F;
  for (const char c : {'/', '?', '#', '@', '\\', ',', '"', '<', '>', '^', '`', '{', '|', '}'})
    table[static_cast<unsigned char>(c)] = false;
  return table;
}();

[[nodiscard]] inline bool is_authority(std::string_view text) noexcept {
  for (const char c : text)
    if (!kAuthorityBytes[static_cast<unsigned char>(c)]) return false;
  return true;
}

/// Optional white space around a field value or a list member (RFC 9110 section 5.6.3).
[[nodiscard]] inline std::string_view trim_space(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// The next member of a comma-separated list, which is taken off `list`; empty members are possible.
[[nodiscard]] inline std::string_view take_member(std::string_view& list) noexcept {
  const std::size_t comma = list.find(',');
  const std::string_view member = trim_space(list.substr(0, comma));
  list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  return member;
}

}  // namespace schoolgate::http
