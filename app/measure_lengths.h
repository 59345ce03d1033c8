// How long measures have left by the steady clock: a supervised session of a minute lasts a minute, whatever is done to
// the wall clock meanwhile.
//
// Measures are kept and compiled with ends by the wall, the only clock that outlives a restart. From the first time
// that one is seen in force, its end is a steady time here, and settle() gives its end on the wall as that is set now.
// Pure but for what it remembers; belongs to the PolicyKeeper, under its lock.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/steady_clock.h"
#include "rules/measures.h"

namespace schoolgate::app {

class MeasureLengths {
 public:
  struct Settled {
    std::vector<rules::Measure> measures;  ///< with the ends that hold now
    std::vector<std::string> over;         ///< their time is over and the wall does not say so yet: to be closed
  };

  /// `kept` as the store has them: not closed, those that end on the wall after ends_after().
  [[nodiscard]] Settled settle(std::span<const rules::Measure> kept, Moment now);
  /// What the store is to be asked for: also those that a clock set ahead would call over.
  [[nodiscard]] TimePoint ends_after(TimePoint wall) const;
  /// True when an end that settle() gave is no longer right: it came, or the wall clock was set.
  [[nodiscard]] bool is_settling_due(Moment now) const;

 private:
  struct Length {
    TimePoint kept_end{};     ///< as stored
    TimePoint settled_end{};  ///< as last given out
    SteadyTime end{};
  };
  [[nodiscard]] static TimePoint end_on_the_wall(const Length& length, Moment now);

  std::map<std::string, Length> running_;  ///< by id; only those with an end
};

}  // namespace schoolgate::app
