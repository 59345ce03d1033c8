#include "names/ipv4_spellings.h"

#include <algorithm>

namespace schoolgate::names {
namespace {

constexpr std::uint64_t kTooLarge = std::uint64_t{1} << 32;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

int digit_value(char c) noexcept {
  if (is_digit(c)) return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

// A number of any length; whatever exceeds 32 bits is kTooLarge. "0x" alone is zero, as browsers have it.
std::optional<std::uint64_t> parse_number(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  int base = 10;
  if (text.starts_with("0x")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text[0] == '0') {
    base = 8;
    text.remove_prefix(1);
  }
  std::uint64_t value = 0;
  for (const char c : text) {
    const int digit = digit_value(c);
    if (digit >= base) return std::nullopt;
    value = std::min(value * std::uint64_t(base) + std::uint64_t(digit), kTooLarge);
  }
  return value;
}

}  // namespace

bool ends_in_number(std::string_view host) noexcept {
  const std::string_view last = host.substr(host.rfind('.') + 1);  // npos + 1 is 0: the whole host
  if (last.empty() || !is_digit(last[0])) return false;
  return std::ranges::all_of(last, is_digit) || (last.starts_with("0x") && parse_number(last).has_value());
}

std::optional<std::uint32_t> parse_ipv4_spelling(std::string_view host) noexcept {
  std::uint64_t address = 0;
  for (int parts = 0; parts < 4; ++parts) {
    const std::size_t dot = host.find('.');
    const auto number = parse_number(host.substr(0, dot));
    if (!number) return std::nullopt;
    if (dot == std::string_view::npos) {
      if (*number >> (8 * (4 - parts)) != 0) return std::nullopt;
      return std::uint32_t(address | *number);
    }
    if (*number > 255) return std::nullopt;
    address |= *number << (24 - 8 * parts);
    host.remove_prefix(dot + 1);
  }
  return std::nullopt;
}

}  // namespace schoolgate::names
