#include "app/selftest_schedule.h"

#include <algorithm>

namespace schoolgate::app {

bool SelftestSchedule::is_due(Moment now) {
  if (!next_) next_ = now.steady + first_wait(now.wall);
  if (now.steady < *next_) return false;
  next_ = now.steady + kEvery;
  return true;
}

std::chrono::milliseconds SelftestSchedule::first_wait(TimePoint now) const {
  using std::chrono::milliseconds;
  std::optional<TimePoint> newest;
  std::error_code failed;
  for (const auto& run : std::filesystem::directory_iterator(runs_, failed)) {
    const auto written = std::filesystem::last_write_time(run, failed);
    if (failed) continue;
    const auto at = std::chrono::floor<milliseconds>(std::chrono::file_clock::to_sys(written));
    newest = std::max(newest.value_or(at), at);
  }
  if (!newest || *newest > now) return kSettle;
  return std::clamp<milliseconds>(kEvery - (now - *newest), kSettle, kEvery);
}

}  // namespace schoolgate::app
