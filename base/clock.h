// The words for time. Nothing that judges or records reads a clock of its own: it is handed a TimePoint.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace schoolgate {

/// Wall-clock time, UTC, to the millisecond: what records carry.
using TimePoint = std::chrono::sys_time<std::chrono::milliseconds>;

[[nodiscard]] inline TimePoint wall_now() noexcept {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

/// RFC 3339 in UTC with milliseconds: 2026-11-22T09:30:00.125Z.
[[nodiscard]] std::string to_rfc3339(TimePoint time);
/// The day of it in UTC: 2026-11-22.
[[nodiscard]] std::string to_rfc3339_day(TimePoint time);
/// Reads RFC 3339 ("Z" or a numeric offset; fraction optional) or a plain date (midnight UTC).
[[nodiscard]] std::optional<TimePoint> from_rfc3339(std::string_view text) noexcept;

}  // namespace schoolgate
