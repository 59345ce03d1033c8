// The gateway's watch over its own clock: gathers what base/believable_clock.h judges by, and tells those who ask.
//
// Owned by RunningGateway, made before any store is opened. look() is the control plane's, once a second; all else is
// thread-safe. While the clock is believed, its time is kept once a minute in STATE/clock: what the next start is held
// against.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/believable_clock.h"
#include "base/error.h"

namespace schoolgate::app {

class ClockWatch {
 public:
  struct Parts {
    std::filesystem::path state;
    TimePoint released{};
    std::function<Moment()> now = moment_now;
    /// Whether a time server keeps the clock that gave this time.
    std::function<bool(TimePoint)> is_kept_right;
  };
  /// Reads the kept time; where there is none, the last records of the logs stand for it.
  explicit ClockWatch(Parts parts);

  /// Keeps the time while it is believed. Returns what is thought of the clock when that has changed, and once a day
  /// while it is not believed.
  [[nodiscard]] std::optional<ClockDoubt> look();
  /// The administrator says that the clock is right, and what servers said before counts no more.
  [[nodiscard]] Result<void> confirm();

  [[nodiscard]] ClockStanding standing() const;
  /// The wall clock's time, or the likely one while it is not believed, as the last look() found: takes no lock and
  /// asks no kernel, for the path of a connection.
  [[nodiscard]] TimePoint likely_now() const noexcept;
  /// For people: what the clock says, why it is not believed, and what to do.
  [[nodiscard]] std::string words() const;

  /// The newest time in the logs of a state folder that no gateway has open yet.
  [[nodiscard]] static std::optional<TimePoint> last_record(const std::filesystem::path& state);

 private:
  static constexpr std::int64_t kNoLook = std::numeric_limits<std::int64_t>::min();
  [[nodiscard]] Moment taken_together() const;
  /// Views told_: for as long as mutex_ is held.
  [[nodiscard]] ClockEvidence evidence(Moment now) const;
  void read_told(SteadyTime now);
  [[nodiscard]] Result<void> keep(TimePoint time) const;

  const Parts parts_;
  mutable std::mutex mutex_;
  const SteadyTime started_;
  std::optional<TimePoint> last_believed_;
  std::optional<SteadyTime> last_believed_at_;
  std::optional<SteadyTime> kept_at_, said_at_, told_read_at_;
  std::vector<ToldTime> told_;  ///< by servers of lists, after the administrator's last word
  std::optional<SteadyTime> confirmed_at_;
  ClockDoubt said_ = ClockDoubt::none;
  /// At the last look: milliseconds from the steady clock to the likely time, so that a step of the wall clock moves
  /// neither until the next look; nothing before the first.
  std::atomic<std::int64_t> likely_from_steady_{kNoLook};
};

}  // namespace schoolgate::app
