// How addresses, times and what people typed are shown and kept: nothing that can be clicked, nothing that forges.
//
// Pure; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/local_time.h"

namespace schoolgate::casework {

/// "lucky-spins.example" as "lucky-spins[.]example"; "192.0.2.7" as "192[.]0[.]2[.]7"; "sealed" stays. Control and
/// direction characters are left out.
[[nodiscard]] std::string defang(std::string_view host);
/// "http://a.example/x?…" as "hxxp://a[.]example/x?…": the host's dots and the scheme; the rest is shown as it is.
[[nodiscard]] std::string defang_url(std::string_view url);

/// "4 min 20 s", "35 s", "1 h 5 min", "less than a second".
[[nodiscard]] std::string duration_text(std::chrono::milliseconds length);

/// In the site's zone where the clock knows it, else UTC (and said): "23 November 2026", "09:30", both.
[[nodiscard]] std::string date_text(const LocalClock& clock, TimePoint time);
[[nodiscard]] std::string clock_text(const LocalClock& clock, TimePoint time, bool with_seconds = false);
[[nodiscard]] std::string moment_text(const LocalClock& clock, TimePoint time);
/// The site's day and minute, or UTC's when the clock does not know.
[[nodiscard]] LocalTime local_or_utc(const LocalClock& clock, TimePoint time);

enum class Lines : std::uint8_t { one, many };
/// What a person typed, fit to be kept: valid UTF-8, trimmed, CR LF as LF. Fault client, with `field` in the message:
/// more than `limit` bytes, invalid UTF-8, control characters (also line breaks when there may be one line only), and
/// the characters that turn the direction of what follows (U+202A-202E, U+2066-2069).
[[nodiscard]] Result<std::string> typed_text(std::string_view field, std::string_view text, std::size_t limit,
                                             Lines lines = Lines::one);

}  // namespace schoolgate::casework
