// Is the wall clock to be believed? Nothing irreversible is done by one that is not: no record goes by retention, no
// alert is given up, no certificate is made for a date that nobody else has.
//
// Pure: it is handed what is known and the moment, and answers. Two witnesses are asked, the surest first: the kernel,
// where a time server keeps it right, and the time at which this gateway last believed its clock, which its steady
// clock has carried on since then. Beyond both stands the date of the release: no moment of its life is before it.
// Servers of lists, which give a date with each answer, can only add doubt, and only where two that know nothing of
// each other agree and none contradicts them: one that is hostile, or a page out of a cache, moves nothing.
// app/clock_watch.h gathers what is known.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
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

/// The date that a server gave, and when by the steady clock it came.
struct ToldTime {
  std::string source;  ///< whose server it is; those of one operator are one source
  Moment at{};
};

struct ClockEvidence {
  TimePoint released{};               ///< when this release was made
  bool kernel_is_kept_right = false;  ///< a time server keeps the very clock that was read
  std::span<const ToldTime> told{};   ///< outlives the question
  /// When the clock was last believed. Before this start its steady time is empty: a gateway may have been off since.
  std::optional<TimePoint> last_believed;
  std::optional<SteadyTime> last_believed_at;
};

/// A clock that is put right by an hour or two (summer time, another zone) is no reason for doubt.
inline constexpr std::chrono::hours kHonestStep{3};
/// How long a gateway may have been off before the date it starts with needs another witness.
inline constexpr std::chrono::days kLongestOff{7};

/// How far apart two servers' dates may be to agree.
inline constexpr std::chrono::minutes kAgreement{5};
/// How long a server's date counts, carried on by the steady clock: lists are asked daily or weekly.
inline constexpr std::chrono::days kToldCounts{8};

[[nodiscard]] ClockDoubt doubt_of(Moment now, const ClockEvidence& evidence) noexcept;
/// What time it is as far as anything but the wall clock tells: exact while it runs, too early by the time it was off.
/// No server has a say in it: where servers alone doubt the wall clock, it is the wall clock's time.
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
