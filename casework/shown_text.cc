#include "casework/shown_text.h"

#include <array>
#include <cstdio>

namespace schoolgate::casework {
namespace {

// The code point that begins at `at` and its length; a length of 0 when it is no valid UTF-8 (RFC 3629).
struct CodePoint {
  char32_t value = 0;
  std::size_t length = 0;
};
CodePoint code_point(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || at + length > text.size()) return {};
  char32_t value = first & (0xFF >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return {};
    value = value << 6 | (byte(at + i) & 0x3F);
  }
  const bool shortest = length == 2 || (length == 3 && value >= 0x800) || (length == 4 && value >= 0x10000);
  if (!shortest || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return {};
  return {value, length};
}

// They turn the direction of the text that follows, so that a line reads otherwise than it is.
bool turns_direction(char32_t c) { return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069); }
bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029; }

// What can be shown of a text that came from the network.
std::string harmless(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = code_point(text, at);
    if (c.length == 0) {
      out += "\uFFFD";
      ++at;
      continue;
    }
    const bool mark = c.value == 0x200E || c.value == 0x200F || c.value == 0x061C;
    if (!is_control(c.value) && !turns_direction(c.value) && !mark) out.append(text.substr(at, c.length));
    at += c.length;
  }
  return out;
}

std::string number(std::int64_t n) { return std::to_string(n); }

}  // namespace

std::string defang(std::string_view host) {
  std::string out;
  for (const char c : harmless(host)) {
    if (c == '.' || (c == ':' && host.find('.') == std::string_view::npos)) {
      out += c == '.' ? "[.]" : "[:]";
    } else {
      out += c;
    }
  }
  return out;
}

std::string defang_url(std::string_view url) {
  const std::string text = harmless(url);
  const std::size_t scheme = text.find("://");
  if (scheme == std::string::npos) {
    const std::size_t end = text.find('/');
    return defang(text.substr(0, end)) + (end == std::string::npos ? "" : text.substr(end));
  }
  std::string out = text.substr(0, scheme);
  if (out.starts_with("http")) out.replace(1, 2, "xx");
  const std::size_t host = scheme + 3;
  const std::size_t end = text.find_first_of("/?", host);
  out += "://" + defang(std::string_view(text).substr(host, end == std::string::npos ? end : end - host));
  // A path can hold another address: its scheme must not make a link either.
  std::string rest = end == std::string::npos ? "" : text.substr(end);
  for (std::size_t at = rest.find("://"); at != std::string::npos; at = rest.find("://", at + 5))
    rest.replace(at, 3, "[://]");
  return out + rest;
}

std::string duration_text(std::chrono::milliseconds length) {
  const std::int64_t seconds = length.count() / 1000;
  if (seconds <= 0) return "less than a second";
  if (seconds < 60) return number(seconds) + " s";
  const std::int64_t minutes = seconds / 60;
  if (minutes < 60) return number(minutes) + " min" + (seconds % 60 == 0 ? "" : " " + number(seconds % 60) + " s");
  return number(minutes / 60) + " h" + (minutes % 60 == 0 ? "" : " " + number(minutes % 60) + " min");
}

LocalTime local_or_utc(const LocalClock& clock, TimePoint time) {
  if (clock)
    if (const auto local = clock(time)) return *local;
  const auto day = std::chrono::floor<std::chrono::days>(time);
  return {day, int(std::chrono::floor<std::chrono::minutes>(time - day).count())};
}

std::string date_text(const LocalClock& clock, TimePoint time) {
  static constexpr std::array kMonths = {"January", "February", "March",     "April",   "May",      "June",
                                         "July",    "August",   "September", "October", "November", "December"};
  const std::chrono::year_month_day day{local_or_utc(clock, time).day};
  return number(unsigned(day.day())) + ' ' + kMonths[unsigned(day.month()) - 1] + ' ' + number(int(day.year()));
}

std::string clock_text(const LocalClock& clock, TimePoint time, bool with_seconds) {
  const int minute = local_or_utc(clock, time).minute;
  const auto second =
      std::chrono::floor<std::chrono::seconds>(time - std::chrono::floor<std::chrono::minutes>(time)).count();
  char text[16];
  if (with_seconds)
    std::snprintf(text, sizeof text, "%02d:%02d:%02d", minute / 60 % 24, minute % 60, int(second));
  else
    std::snprintf(text, sizeof text, "%02d:%02d", minute / 60 % 24, minute % 60);
  const bool known = clock && clock(time);
  return std::string(text) + (known ? "" : " UTC");
}

std::string moment_text(const LocalClock& clock, TimePoint time) {
  return date_text(clock, time) + ", " + clock_text(clock, time);
}

Result<std::string> typed_text(std::string_view field, std::string_view text, std::size_t limit, Lines lines) {
  const auto refuse = [&](std::string why) {
    return fail(Fault::client, std::string(field) + ": " + why, "change it and send it again");
  };
  if (text.size() > limit) return refuse("more than " + std::to_string(limit) + " bytes");
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = code_point(text, at);
    if (c.length == 0) return refuse("it is no valid UTF-8");
    if (turns_direction(c.value)) return refuse("it has characters that turn the direction of writing");
    if (c.value == '\r' && at + 1 < text.size() && text[at + 1] == '\n' && lines == Lines::many) {
      ++at;
      continue;
    }
    const bool allowed_break = lines == Lines::many && (c.value == '\n' || c.value == '\t');
    if (is_control(c.value) && !allowed_break)
      return refuse(c.value == '\n' || c.value == '\r' ? "there may be one line only" : "it has control characters");
    out.append(text.substr(at, c.length));
    at += c.length;
  }
  const std::size_t begin = out.find_first_not_of(" \t\n");
  if (begin == std::string::npos) return std::string();
  return out.substr(begin, out.find_last_not_of(" \t\n") - begin + 1);
}

}  // namespace schoolgate::casework
