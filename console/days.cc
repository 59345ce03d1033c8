#include "console/days.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "casework/shown_text.h"

namespace schoolgate::console {

std::optional<std::chrono::sys_days> read_day(std::string_view text) noexcept {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t length) -> std::optional<int> {
    int value = 0;
    const char* const end = text.data() + at + length;
    const auto [stop, error] = std::from_chars(text.data() + at, end, value);
    if (error != std::errc() || stop != end || value < 0) return std::nullopt;
    return value;
  };
  const std::optional<int> year = number(0, 4), month = number(5, 2), day = number(8, 2);
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date);
}

std::string day_text(std::chrono::sys_days day) {
  const std::chrono::year_month_day date(day);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text.data();
}

std::string day_words(std::chrono::sys_days day) {
  static constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  return std::string(kDays[std::chrono::weekday(day).c_encoding()]) + " " +
         casework::date_text([day](TimePoint) { return std::optional(LocalTime{.day = day, .minute = 0}); },
                             TimePoint{});
}

std::string day_brief(std::chrono::sys_days day) {
  static constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::chrono::year_month_day date(day);
  return std::to_string(unsigned(date.day())) + " " + std::string(kMonths[unsigned(date.month()) - 1]) + " " +
         std::to_string(int(date.year()));
}

std::string day_words(std::string_view day) {
  const std::optional<std::chrono::sys_days> read = read_day(day);
  return read ? day_words(*read) : std::string(day);
}

std::chrono::sys_days local_day(const Desk& desk, TimePoint time) {
  return casework::local_or_utc(desk.clock(), time).day;
}

TimePoint begin_of_day(const Desk& desk, std::chrono::sys_days day) {
  if (!desk.parts().clock) return std::chrono::time_point_cast<std::chrono::milliseconds>(day);
  return desk.parts().clock->first_instant(std::chrono::local_seconds(day.time_since_epoch()));
}

casework::DayRange range_of(const Desk& desk, const web::Form& query, TimePoint now, int days) {
  const std::chrono::sys_days today = local_day(desk, now);
  casework::DayRange range{.from = today - std::chrono::days(days - 1), .to = today};
  if (const auto to = read_day(query.get("to"))) range.to = std::min(*to, today);
  if (const auto from = read_day(query.get("from"))) range.from = *from;
  range.from = std::min(range.from, range.to);
  return {.from = std::max(range.from, range.to - std::chrono::days(730)), .to = range.to};
}

}  // namespace schoolgate::console
