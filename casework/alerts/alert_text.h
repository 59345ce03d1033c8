// What an alert says: subject, plain text and JSON for an episode, a digest or a trouble of the gateway itself.
//
// No pupil, no device, no address of a site and nothing sealed is in any of them: they pass through mail servers, lock
// screens and case systems. The person and the site are in the breach log, under the reference. Pure; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/local_time.h"
#include "breaches/episodes.h"

namespace schoolgate::casework {

struct AlertPlace {
  std::string school, gateway;
  LocalClock local_time;  ///< may be empty
  std::string console{};  ///< where links lead; empty: there are none
};

struct AlertText {
  std::string subject;
  std::string text;  ///< lines end in '\n'; UTF-8
  std::string json;  ///< one object, for webhooks; carries the same and no more
};

/// What to do about a theme, most urgent first; for illegal ones: never open it, whom to call.
[[nodiscard]] std::span<const std::string_view> next_steps(std::string_view theme, bool illegal);

enum class EpisodeNews : std::uint8_t {
  first,
  more_urgent,
  unacknowledged,  ///< not acknowledged yet: it climbs
};
[[nodiscard]] AlertText episode_alert(const AlertPlace& place, const breaches::Episode& episode,
                                      std::string_view alert_id, EpisodeNews news);
/// Many sites within a minute from one device: for the administrator.
[[nodiscard]] AlertText burst_alert(const AlertPlace& place, const breaches::Episode& episode,
                                    std::string_view alert_id);
/// The weekly test; its link confirms that it arrived.
[[nodiscard]] AlertText canary_alert(const AlertPlace& place, std::string_view token, std::string_view alert_id,
                                     TimePoint now);
/// `head_seq` and `head_hash` anchor the log outside this machine: an older copy put back can be told by them.
[[nodiscard]] AlertText digest_alert(const AlertPlace& place, std::span<const breaches::Episode> episodes,
                                     std::string_view alert_id, TimePoint now, std::uint64_t head_seq,
                                     std::string_view head_hash);
[[nodiscard]] AlertText system_alert(const AlertPlace& place, std::string_view kind, std::string_view text,
                                     std::string_view alert_id, TimePoint now);

}  // namespace schoolgate::casework
