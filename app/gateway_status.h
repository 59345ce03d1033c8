// One screen about a gateway: is everybody protected, and what has to be done about it.
//
// A value, filled by the running gateway (RunningGateway::status) or, where none runs, from files (app/file_status.h),
// and printed here. No person, no search and no entry of a list is in it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/ends_watch.h"
#include "app/last_alert.h"
#include "app/load_policy.h"
#include "base/clock.h"
#include "proxy/net/linux/firewall_watch.h"
#include "rules/protection.h"

namespace schoolgate::app {

/// A list of lists.yaml as it stands.
struct ListLine {
  std::string name, category;
  std::string state;                        ///< "fresh", "stale", "missing" or "never"
  std::optional<std::uint64_t> entries;     ///< in force; none: it is not
  std::optional<std::chrono::seconds> age;  ///< since its content was last known to be its publisher's newest
  std::string failure;                      ///< of the last attempt to fetch it
};

struct ClockLine {
  bool is_believed = true;
  std::string words;
};

struct GatewayStatus {
  bool is_running = false;
  std::string school, gateway;
  std::string release;              ///< of the program that filled this
  std::string policy;               ///< the version in force, or that would be
  std::vector<std::string> groups;  ///< ids, in the order of the policy
  rules::Protection protection;
  std::vector<ListLine> lists;
  net::FirewallReport firewall{net::FirewallState::unknown, "the gateway does not run", {}};
  std::optional<ClockLine> clock;  ///< none: only a running gateway judges it
  std::vector<StartFallback> fallbacks;
  std::vector<KnownEnd> ends;                  ///< near_ends()
  std::vector<std::string> waits_for_restart;  ///< settings that the files have otherwise
  bool is_closing = false;
  bool workers_answer = true;
  std::optional<LastAlert> last_alert;
  std::uint64_t alerts_waiting = 0;
  std::string alerts_unknown;  ///< why nothing is known of alerts; empty: it is

  void take(Result<AlertStanding> alerts);
};

/// The part that policy and lists give. `as_written`: before groups that wait are closed.
[[nodiscard]] GatewayStatus status_of_policy(const config::Configuration& configuration,
                                             const rules::PolicySnapshot& as_written, rules::Protection protection,
                                             TimePoint now);

/// Why not everybody is protected, a line each; empty: everybody is. Known gaps are no reason, and neither is a
/// fallback that serves strictly.
[[nodiscard]] std::vector<std::string> reasons_unprotected(const GatewayStatus& status);

/// The body of /ready: {"ready","reasons"}.
[[nodiscard]] std::string readiness_json(const std::vector<std::string>& reasons);

[[nodiscard]] std::string status_words(const GatewayStatus& status, TimePoint now);
/// One JSON object and a line feed.
[[nodiscard]] std::string status_json(const GatewayStatus& status, TimePoint now);

}  // namespace schoolgate::app
