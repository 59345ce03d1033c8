#include "casework/alerts/canary.h"

#include <array>

#include "base/digest.h"
#include "base/uuid.h"
#include "casework/alerts/school_hours.h"

namespace schoolgate::casework {
namespace {

constexpr auto kAnswer = std::chrono::hours(24);

std::string new_token() {
  std::array<std::uint8_t, 16> bytes;
  fill_random(bytes);
  return to_hex(bytes);
}

}  // namespace

Result<CanaryRound> keep_canary(const CanarySettings& settings, const AlertPlace& place, Outbox& outbox,
                                DeskStore& desk, TimePoint now) {
  const std::int64_t due = last_canary_day(settings, now, place.local_time).time_since_epoch().count();
  auto progress = outbox.progress("canary");
  if (!progress) return std::unexpected(progress.error());
  CanaryRound round;
  if (!*progress) {
    if (auto noted = outbox.set_progress("canary", {.chain = {}, .seq = 0, .day = due}); !noted)
      return std::unexpected(noted.error());
    return round;
  }

  const auto last = desk.last_canary();
  round.desk_works = last.has_value();
  if (!last) return round;
  if (*last && !(*last)->confirmed && !(*last)->alarmed && now - (*last)->sent >= kAnswer) {
    round.unconfirmed_since = (*last)->sent;
    round.desk_works = desk.set_canary_alarmed((*last)->token).has_value();
  }
  // Noted for a week that is yet to come: by a clock that was ahead, so this week's is still owed. An hour's step back
  // over the time of the mail is no such clock: what is noted for today, or tomorrow, was sent.
  constexpr std::int64_t kHonestStep = 1;
  const std::int64_t today = std::chrono::floor<std::chrono::days>(now).time_since_epoch().count();
  const bool was_sent = (*progress)->day >= due && (*progress)->day <= today + kHonestStep;
  if (was_sent || !round.desk_works) return round;

  const std::string token = new_token();
  round.desk_works = desk.begin_canary(token, now).has_value();
  if (!round.desk_works) return round;
  for (const std::string& destination : settings.to) {
    const std::string id = Uuid::v7(now).text();
    if (auto put = outbox.put({.id = id,
                               .key = "canary/" + token + '/' + destination,
                               .destination = destination,
                               .urgency = 2,
                               .content = canary_alert(place, token, id, now),
                               .created = now,
                               .due = now,
                               .attempts = 0});
        !put)
      return std::unexpected(put.error());
  }
  if (auto noted = outbox.set_progress("canary", {.chain = {}, .seq = 0, .day = due}); !noted)
    return std::unexpected(noted.error());
  return round;
}

}  // namespace schoolgate::casework
