#include "rules/site_time.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace schoolgate::rules {
namespace {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::seconds;

/// Takes exactly `digits` digits off the front.
std::optional<int> take_number(std::string_view& text, std::size_t digits) noexcept {
  if (text.size() < digits) return std::nullopt;
  int number = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    number = number * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return number;
}

bool take(std::string_view& text, char c) noexcept {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

/// "12:30" or "12:30:15", up to the end of the text; "24:00" is the end of the day.
std::optional<seconds> read_time_of_day(std::string_view text) noexcept {
  const auto hour = take_number(text, text.find(':') == 1 ? 1 : 2);
  if (!hour || !take(text, ':')) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute) return std::nullopt;
  int second = 0;
  if (take(text, ':')) {
    const auto given = take_number(text, 2);
    if (!given) return std::nullopt;
    second = *given;
  }
  const seconds time = std::chrono::hours(*hour) + std::chrono::minutes(*minute) + seconds(second);
  if (!text.empty() || *minute > 59 || second > 59 || time > days(1)) return std::nullopt;
  return time;
}

std::optional<local_days> take_date(std::string_view& text) noexcept {
  const auto year = take_number(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  return local_days(date);
}

/// "tue", "Tuesday", up to a blank.
std::optional<std::chrono::weekday> take_weekday(std::string_view& text) noexcept {
  constexpr std::array<std::string_view, 7> kNames{"sunday",   "monday", "tuesday", "wednesday",
                                                   "thursday", "friday", "saturday"};
  const std::size_t length = std::min(text.find(' '), text.size());
  for (unsigned day = 0; day < kNames.size(); ++day) {
    if (length < 3 || length > kNames[day].size()) continue;
    bool same = true;
    for (std::size_t i = 0; i < length; ++i) same = same && (text[i] | 0x20) == kNames[day][i];
    if (!same) continue;
    text.remove_prefix(length);
    while (take(text, ' ')) {
    }
    return std::chrono::weekday(day);
  }
  return std::nullopt;
}

}  // namespace

std::optional<TimePoint> read_site_time(const SiteClock& clock, std::string_view text, TimePoint now) noexcept {
  const local_days today = std::chrono::floor<days>(clock.local(now));
  const auto at = [&](local_days day, seconds time) { return clock.first_instant(day + time); };

  if (const auto time = read_time_of_day(text)) return at(today, *time);

  std::string_view rest = text;
  if (const auto day = take_weekday(rest)) {
    const auto time = read_time_of_day(rest);
    if (!time) return std::nullopt;
    return at(today + (*day - std::chrono::weekday(today)), *time);
  }
  rest = text;
  if (const auto date = take_date(rest)) {
    if (rest.empty()) return at(*date, seconds(0));
    if (take(rest, ' ') || take(rest, 'T'))
      if (const auto time = read_time_of_day(rest)) return at(*date, *time);
  }
  return from_rfc3339(text);
}

std::optional<TimePoint> read_site_end(const SiteClock& clock, std::string_view text, TimePoint now) noexcept {
  const auto time = read_site_time(clock, text, now);
  std::string_view rest = text;
  const bool repeats = read_time_of_day(text) || take_weekday(rest);
  if (!time || !repeats || *time > now) return time;
  const days until_the_next =
      read_time_of_day(text) ? days(1) : days(7);  // on the wall: a day of a clock change has 23 hours
  return read_site_time(clock, text, clock.first_instant(clock.local(now) + until_the_next));
}

}  // namespace schoolgate::rules
