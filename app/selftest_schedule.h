// When the gateway tries itself without being asked: twice a day, counted from the last run, whoever asked for that.
//
// Belongs to one thread. Waits by the steady clock, so a clock that is set starts no row of runs and stops none.
#pragma once

#include <filesystem>
#include <optional>

#include "base/steady_clock.h"

namespace schoolgate::app {

class SelftestSchedule {
 public:
  static constexpr std::chrono::hours kEvery{12};
  /// After a start: lists are fetched and people sign in before a run would say anything of use.
  static constexpr std::chrono::minutes kSettle{10};

  /// `runs`: the folder in which each run leaves a file; it need not be there.
  explicit SelftestSchedule(std::filesystem::path runs) : runs_(std::move(runs)) {}

  /// True once for each run that is due.
  [[nodiscard]] bool is_due(Moment now);

 private:
  [[nodiscard]] std::chrono::milliseconds first_wait(TimePoint now) const;

  std::filesystem::path runs_;
  std::optional<SteadyTime> next_;
};

}  // namespace schoolgate::app
