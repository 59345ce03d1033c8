#include "identity/account_name.h"

#include <array>
#include <cstdint>

#include "base/ascii.h"

namespace schoolgate::identity {
namespace {

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

std::optional<std::string> plain_name(std::string_view text) {
  if (text.empty() || text.size() > kLongestAccountName) return std::nullopt;
  std::string name;
  name.reserve(text.size());
  for (const char c : text) {
    const char small = ascii_lower(c);
    if (!is_letter_or_digit(small) && (name.empty() || (small != '.' && small != '_' && small != '-' && small != '\'')))
      return std::nullopt;
    name += small;
  }
  return name;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char small = ascii_lower(c);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

}  // namespace

std::optional<std::string> account_name(std::string_view text) {
  if (const auto realm = text.find('\\'); realm != text.npos) {
    if (text.find('\\', realm + 1) != text.npos) return std::nullopt;
    text.remove_prefix(realm + 1);
  }
  if (const auto at = text.find('@'); at != text.npos) {
    if (text.find('@', at + 1) != text.npos) return std::nullopt;
    text = text.substr(0, at);
  }
  return plain_name(text);
}

std::optional<std::string> machine_name(std::string_view text) {
  if (text.size() > 5 && text.starts_with("host/")) {
    text.remove_prefix(5);
    return plain_name(text.substr(0, text.find_first_of(".@")));
  }
  if (const auto realm = text.find('\\'); realm != text.npos) text.remove_prefix(realm + 1);
  text = text.substr(0, text.find('@'));
  if (!text.ends_with('$')) return std::nullopt;
  text.remove_suffix(1);
  return plain_name(text);
}

std::optional<std::string> mac_address(std::string_view text) {
  std::array<std::uint8_t, 6> bytes{};
  std::size_t digits = 0, at = 0;
  for (; at < text.size() && digits < 12; ++at) {
    const char c = text[at];
    if (c == ':' || c == '-' || c == '.') {
      if (digits == 0 || digits % 2 != 0) return std::nullopt;
      continue;
    }
    const int digit = hex_digit(c);
    if (digit < 0) return std::nullopt;
    bytes[digits / 2] = std::uint8_t(bytes[digits / 2] << 4 | digit);
    ++digits;
  }
  if (digits != 12 || (at < text.size() && text[at] != ':')) return std::nullopt;
  if (bytes == std::array<std::uint8_t, 6>{} || (bytes[0] & 1) != 0) return std::nullopt;
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string mac;
  for (const std::uint8_t byte : bytes) {
    if (!mac.empty()) mac += ':';
    mac += kHex[byte >> 4];
    mac += kHex[byte & 15];
  }
  return mac;
}

}  // namespace schoolgate::identity
