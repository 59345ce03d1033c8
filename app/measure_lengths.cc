#include "app/measure_lengths.h"

#include <algorithm>

namespace schoolgate::app {
namespace {

using Kind = rules::Measure::Kind;

/// Small corrections of the wall clock move nothing: time servers make them all day.
constexpr std::chrono::seconds kCorrection{2};

/// Emergency blocks and exams only take away: one that was opened while the clock was ahead holds at once. A supervised
/// session opens sites, and waits.
bool only_restricts(const rules::Measure& measure) { return measure.kind != Kind::supervised; }

}  // namespace

TimePoint MeasureLengths::end_on_the_wall(const Length& length, Moment now) {
  return now.wall + (length.end - now.steady);
}

TimePoint MeasureLengths::ends_after(TimePoint wall) const {
  for (const auto& [id, length] : running_) wall = std::min(wall, length.kept_end - std::chrono::milliseconds(1));
  return wall;
}

bool MeasureLengths::is_settling_due(Moment now) const {
  return std::ranges::any_of(running_, [&](const auto& running) {
    const Length& length = running.second;
    const auto moved = end_on_the_wall(length, now) - length.settled_end;
    return now.steady >= length.end || moved > kCorrection || moved < -kCorrection;
  });
}

MeasureLengths::Settled MeasureLengths::settle(std::span<const rules::Measure> kept, Moment now) {
  Settled settled;
  std::map<std::string, Length> running;
  for (rules::Measure measure : kept) {
    const bool has_end = measure.until != TimePoint::max();
    const auto known = running_.find(measure.id);
    if (known != running_.end() && known->second.kept_end == measure.until) {
      Length length = known->second;
      if (now.steady >= length.end) {
        if (measure.until > now.wall) settled.over.push_back(measure.id);
        continue;
      }
      length.settled_end = measure.until = end_on_the_wall(length, now);
      measure.from = std::min(measure.from, now.wall);
      running.emplace(measure.id, length);
    } else if (measure.from > now.wall && only_restricts(measure)) {
      const auto length = has_end ? measure.until - measure.from : std::chrono::milliseconds(0);
      const TimePoint kept_end = measure.until;
      measure.from = now.wall;
      if (has_end) {
        measure.until = now.wall + length;
        running.emplace(measure.id, Length{kept_end, measure.until, now.steady + length});
      }
    } else if (measure.until <= now.wall) {
      continue;
    } else if (measure.from <= now.wall && has_end) {
      running.emplace(measure.id, Length{measure.until, measure.until, now.steady + (measure.until - now.wall)});
    }
    settled.measures.push_back(std::move(measure));
  }
  running_ = std::move(running);
  return settled;
}

}  // namespace schoolgate::app
