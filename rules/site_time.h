// Times as people type them: "12:30", "tue 12:30", "2026-11-22 12:30", or RFC 3339.
#pragma once

#include <optional>
#include <string_view>

#include "rules/site_clock.h"

namespace schoolgate::rules {

/// RFC 3339 with an offset is an instant; everything else is in the site's time: a date (its midnight), a date and a
/// time (blank or 'T' between them), a time (today's), or a day of the week and a time (the first such day from today
/// on). Seconds may be given. A time that an autumn change repeats is the first of the two.
[[nodiscard]] std::optional<TimePoint> read_site_time(const SiteClock& clock, std::string_view text,
                                                      TimePoint now) noexcept;

/// When something that begins now is to end: as read_site_time(), but a time of day, or a day of the week with one, is
/// the first that is still to come ("00:30" at five to midnight is tomorrow's; "tue 9:00" on a Tuesday at ten is next
/// week's).
[[nodiscard]] std::optional<TimePoint> read_site_end(const SiteClock& clock, std::string_view text,
                                                     TimePoint now) noexcept;

}  // namespace schoolgate::rules
