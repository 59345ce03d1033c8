#include "app/read_since.h"

#include "config/scalars.h"
#include "rules/site_time.h"

namespace schoolgate::app {

Result<TimePoint> read_since(const std::string& text, const std::string& timezone, TimePoint now) {
  if (const auto length = config::parse_duration(text)) return now - *length;
  const auto clock = rules::SiteClock::open(timezone);
  if (!clock) return std::unexpected(clock.error());
  if (const auto time = rules::read_site_time(*clock, text, now)) return *time;
  return fail(Fault::client, "'" + text + "' is not a time", "e.g. 7d, 12h, 2026-11-22");
}

}  // namespace schoolgate::app
