// Days of the school's calendar in fields and queries: "2026-11-23". Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "casework/reports.h"
#include "console/desk.h"

namespace schoolgate::console {

[[nodiscard]] std::optional<std::chrono::sys_days> read_day(std::string_view text) noexcept;
[[nodiscard]] std::string day_text(std::chrono::sys_days day);
/// "Mon 23 November 2026"; what is no day stays as it is.
[[nodiscard]] std::string day_words(std::string_view day);
[[nodiscard]] std::string day_words(std::chrono::sys_days day);
/// "23 Nov 2026", for columns.
[[nodiscard]] std::string day_brief(std::chrono::sys_days day);

[[nodiscard]] std::chrono::sys_days local_day(const Desk& desk, TimePoint time);
/// When that day begins on the school's clock.
[[nodiscard]] TimePoint begin_of_day(const Desk& desk, std::chrono::sys_days day);
/// The fields `from` and `to` of a query; by default the last `days` days, today included. Never longer than two years.
[[nodiscard]] casework::DayRange range_of(const Desk& desk, const web::Form& query, TimePoint now, int days);

}  // namespace schoolgate::console
