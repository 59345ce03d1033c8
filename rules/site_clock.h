// The school's clock: what its wall shows at an instant, and back, right across clock changes.
//
// Built once per snapshot from the system's time zone data (/usr/share/zoneinfo), with every clock change of the years
// 2000 to 2100 that the data knows laid out in a sorted table; asking it allocates nothing and is safe from any thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/local_time.h"

namespace schoolgate::rules {

class SiteClock {
 public:
  /// `zone`: IANA name, "Europe/London". Fault config: no such zone, or no zone data (package tzdata).
  [[nodiscard]] static Result<SiteClock> open(std::string_view zone);
  /// The names of all zones, for hints; empty when there is no zone data.
  [[nodiscard]] static std::vector<std::string> zone_names();

  [[nodiscard]] std::chrono::local_seconds local(TimePoint instant) const noexcept;
  /// When the wall first shows `local`. A time that a spring change skips is the instant of that change.
  [[nodiscard]] TimePoint first_instant(std::chrono::local_seconds local) const noexcept;
  /// When the wall last shows `local`: an hour after the first when an autumn change repeats it.
  [[nodiscard]] TimePoint last_instant(std::chrono::local_seconds local) const noexcept;

 private:
  /// From `begin` on, local time is UTC plus `offset`.
  struct Segment {
    std::chrono::sys_seconds begin;
    std::chrono::seconds offset;
  };
  explicit SiteClock(std::vector<Segment> segments) : segments_(std::move(segments)) {}
  [[nodiscard]] std::size_t segment_at(std::chrono::sys_seconds instant) const noexcept;

  std::vector<Segment> segments_;  ///< never empty; the first also holds for all earlier instants
};

/// The same clock for rooms that know no zones.
[[nodiscard]] LocalClock local_clock(SiteClock clock);

}  // namespace schoolgate::rules
