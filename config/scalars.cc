#include "config/scalars.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace schoolgate::config {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::optional<int> two_digits(std::string_view text) noexcept {
  if (text.size() != 2 || !is_digit(text[0]) || !is_digit(text[1])) return std::nullopt;
  return (text[0] - '0') * 10 + (text[1] - '0');
}

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept {
  const auto port = parse_whole(text);
  if (!port || *port == 0 || *port > 65535) return std::nullopt;
  return std::uint16_t(*port);
}

// "[2001:db8::1]" or "192.0.2.1".
std::optional<names::IpAddress> parse_bracketed(std::string_view text) noexcept {
  const bool bracketed = text.size() > 2 && text.front() == '[' && text.back() == ']';
  if (bracketed) text = text.substr(1, text.size() - 2);
  if (bracketed != (text.find(':') != std::string_view::npos)) return std::nullopt;
  return names::IpAddress::parse(text);
}

}  // namespace

std::string Endpoint::text() const {
  const std::string host = address.is_v4() ? address.text() : "[" + address.text() + "]";
  return host + ":" + std::to_string(port);
}

std::optional<std::uint64_t> parse_whole(std::string_view text) noexcept {
  if (text.empty() || text.size() > 18 || !std::ranges::all_of(text, is_digit)) return std::nullopt;
  if (text.size() > 1 && text[0] == '0') return std::nullopt;
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::optional<std::chrono::seconds> parse_duration(std::string_view text) noexcept {
  if (text.size() < 2) return std::nullopt;
  constexpr std::int64_t kDay = 24 * 60 * 60, kYear = 365 * kDay;
  std::int64_t unit = 0;
  switch (text.back()) {
    case 's': unit = 1; break;
    case 'm': unit = 60; break;
    case 'h': unit = 60 * 60; break;
    case 'd': unit = kDay; break;
    case 'w': unit = 7 * kDay; break;
    case 'y': unit = kYear; break;
    default: return std::nullopt;
  }
  const auto count = parse_whole(text.substr(0, text.size() - 1));
  if (!count || *count > std::uint64_t(100 * kYear / unit)) return std::nullopt;
  return std::chrono::seconds(std::int64_t(*count) * unit);
}

std::optional<int> parse_time_of_day(std::string_view text) noexcept {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = two_digits(text.substr(0, 2)), minute = two_digits(text.substr(3));
  if (!hour || !minute || *hour > 23 || *minute > 59) return std::nullopt;
  return *hour * 60 + *minute;
}

std::optional<std::chrono::year_month_day> parse_date(std::string_view text) noexcept {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto century = two_digits(text.substr(0, 2)), year = two_digits(text.substr(2, 2));
  const auto month = two_digits(text.substr(5, 2)), day = two_digits(text.substr(8));
  if (!century || !year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*century * 100 + *year),
                                         std::chrono::month(unsigned(*month)), std::chrono::day(unsigned(*day))};
  return date.ok() ? std::optional(date) : std::nullopt;
}

std::optional<std::uint64_t> parse_size(std::string_view text) noexcept {
  static constexpr std::pair<std::string_view, std::uint64_t> kUnits[] = {
      {"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30}, {"kB", 1'000}, {"MB", 1'000'000}, {"GB", 1'000'000'000}};
  std::uint64_t unit = 1;
  for (const auto& [word, bytes] : kUnits) {
    if (!text.ends_with(word)) continue;
    unit = bytes;
    text.remove_suffix(word.size());
    break;
  }
  const auto count = parse_whole(text);
  if (!count || *count > (std::uint64_t(1) << 33)) return std::nullopt;
  return *count * unit;
}

std::optional<Endpoint> parse_endpoint(std::string_view text) noexcept {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto address = parse_bracketed(text.substr(0, colon));
  const auto port = parse_port(text.substr(colon + 1));
  if (!address || !port) return std::nullopt;
  return Endpoint{*address, *port};
}

std::optional<Endpoint> parse_endpoint(std::string_view text, std::uint16_t default_port) noexcept {
  if (const auto alone = names::IpAddress::parse(text)) return Endpoint{*alone, default_port};
  if (const auto alone = parse_bracketed(text)) return Endpoint{*alone, default_port};
  return parse_endpoint(text);
}

std::optional<std::string> enclosing_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = names::IpAddress::parse(text.substr(0, slash));
  const auto prefix = parse_whole(text.substr(slash + 1));
  if (!address || !prefix || *prefix > (address->is_v4() ? 32u : 128u)) return std::nullopt;
  const std::size_t kept = std::size_t(*prefix) + (address->is_v4() ? 96 : 0);
  std::array<std::uint8_t, 16> bytes = address->bytes();
  for (std::size_t bit = kept; bit < 128; ++bit) bytes[bit / 8] &= std::uint8_t(~(0x80u >> (bit % 8)));
  return names::IpAddress::v6(bytes).text() + "/" + std::to_string(*prefix);
}

bool is_id(std::string_view text) noexcept {
  if (text.empty() || text.size() > 64 || !(is_letter(text[0]) || is_digit(text[0]))) return false;
  return std::ranges::all_of(text,
                             [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.'; });
}

bool is_mail_address(std::string_view text) noexcept {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == text.size()) return false;
  if (text.find('@', at + 1) != std::string_view::npos || text.size() > 254) return false;
  return std::ranges::none_of(text, [](unsigned char c) {
    return c <= ' ' || c == 0x7F || c == '<' || c == '>' || c == ',' || c == ';' || c == '"' || c == '\\';
  });
}

bool is_url_of(std::string_view text, std::initializer_list<std::string_view> schemes) noexcept {
  for (const std::string_view scheme : schemes) {
    if (!text.starts_with(scheme) || !text.substr(scheme.size()).starts_with("://")) continue;
    const std::string_view rest = text.substr(scheme.size() + 3);
    const std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
    return !host.empty() && host[0] != ':' && text.size() <= 2048 &&
           std::ranges::none_of(text, [](unsigned char c) { return c <= ' ' || c == 0x7F || c == '"' || c == '\\'; });
  }
  return false;
}

}  // namespace schoolgate::config
