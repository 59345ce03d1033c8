// Is the wall clock to be believed? Nothing irreversible is done by one that is not: no record goes by retention, no
// alert is given up, no certificate is made for a date that nobody else has.
//
// Pure: it is handed what is known and the moment, and answers. Three witnesses are asked, the surest first: the
// kernel, where a time server keeps it right; the date that a list's server gave in this process; and the time at which
// this gateway last believed its clock, which its steady clock has carried on since then. Beyond all of them stands the
// date of the release: no moment of its life is before it. app/clock_watch.h gathers what is known.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/steady_clock.h"

namespace schoolgate {

enum class ClockDoubt : std::uint8_t {
  none,
  before_release,  ///< earlier than this release was made
  behind,          ///< earlier than what is known to have been
  ahead,           ///< later than anything known accounts for
};
[[nodiscard]] std::string_view to_string(ClockDoubt doubt) noexcept;

struct ClockEvidence {
  TimePoint released{};               ///< when this release was made
  bool kernel_is_kept_right = false;  ///< a time server keeps the very clock that was read
  std::optional<Moment> told;         ///< what a list's server said, and when in this process
  /// When the clock was last believed. Before this start its steady time is empty: a gateway may have been off since.
  std::optional<TimePoint> last_believed;
  std::optional<SteadyTime> last_believed_at;
};

/// A clock that is put right by an hour or two (summer time, another zone) is no reason for doubt.
inline constexpr std::chrono::hours kHonestStep{3};
/// How long a gateway may have been off before the date it starts with needs another witness.
inline constexpr std::chrono::days kLongestOff{7};

[[nodiscard]] ClockDoubt doubt_of(Moment now, const ClockEvidence& evidence) noexcept;
/// What time it is as far as anything but the wall clock tells: exact while it runs, too early by the time it was off.
[[nodiscard]] TimePoint likely_time(Moment now, const ClockEvidence& evidence) noexcept;

/// What those are told who would do something irreversible. Thread-safe functions of this kind are handed about.
struct ClockStanding {
  ClockDoubt doubt = ClockDoubt::none;
  TimePoint likely{};  ///< the wall clock's time where it is believed
  [[nodiscard]] bool is_believed() const noexcept { return doubt == ClockDoubt::none; }
};
using AskClock = std::function<ClockStanding()>;

/// For whoever has no watch over the clock: tests, and commands beside a gateway.
[[nodiscard]] inline ClockStanding believed_clock() { return {ClockDoubt::none, wall_now()}; }

}  // namespace schoolgate
