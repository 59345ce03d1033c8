#include "base/clock.h"

#include <charconv>
#include <cstdio>

namespace schoolgate {
namespace {

using namespace std::chrono;

// Reads exactly `width` digits at `text`, advancing it.
std::optional<int> digits(std::string_view& text, std::size_t width) noexcept {
  if (text.size() < width) return std::nullopt;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + width, value);
  if (error != std::errc{} || end != text.data() + width || text[0] == '-') return std::nullopt;
  text.remove_prefix(width);
  return value;
}

bool skip(std::string_view& text, char expected) noexcept {
  if (text.empty() || text[0] != expected) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::string to_rfc3339(TimePoint time) {
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  char out[40];
  std::snprintf(out, sizeof out, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", int(date.year()), unsigned(date.month()),
                unsigned(date.day()), int(clock.hours().count()), int(clock.minutes().count()),
                int(clock.seconds().count()), int(clock.subseconds().count()));
  return out;
}

std::string to_rfc3339_day(TimePoint time) { return to_rfc3339(time).substr(0, 10); }

std::optional<TimePoint> from_rfc3339(std::string_view text) noexcept {
  const auto y = digits(text, 4);
  if (!y || !skip(text, '-')) return std::nullopt;
  const auto m = digits(text, 2);
  if (!m || !skip(text, '-')) return std::nullopt;
  const auto d = digits(text, 2);
  if (!d) return std::nullopt;
  const year_month_day date{year{*y}, month{unsigned(*m)}, day{unsigned(*d)}};
  if (!date.ok()) return std::nullopt;
  TimePoint time{sys_days{date}};
  if (text.empty()) return time;

  if (text[0] != 'T' && text[0] != 't' && text[0] != ' ') return std::nullopt;
  text.remove_prefix(1);
  const auto hour = digits(text, 2);
  if (!hour || *hour > 23 || !skip(text, ':')) return std::nullopt;
  const auto minute = digits(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  int second = 0;
  if (skip(text, ':')) {
    const auto s = digits(text, 2);
    if (!s || *s > 60) return std::nullopt;
    second = *s;
  }
  time += hours{*hour} + minutes{*minute} + seconds{second};
  if (skip(text, '.')) {
    int scale = 100, fraction = 0;
    std::size_t read = 0;
    for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), ++read, scale /= 10)
      fraction += (text[0] - '0') * scale;
    if (read == 0) return std::nullopt;
    time += milliseconds{fraction};
  }
  if (text == "Z" || text == "z") return time;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const int sign = text[0] == '-' ? 1 : -1;
  text.remove_prefix(1);
  const auto offset_hours = digits(text, 2);
  if (!offset_hours || !skip(text, ':')) return std::nullopt;
  const auto offset_minutes = digits(text, 2);
  if (!offset_minutes || *offset_hours > 23 || *offset_minutes > 59) return std::nullopt;
  return time + sign * (hours{*offset_hours} + minutes{*offset_minutes});
}

}  // namespace schoolgate
