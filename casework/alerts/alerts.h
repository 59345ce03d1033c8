// Telling people: episodes to the safeguarding lead by the routes of alerts.yaml, troubles of the gateway to "it".
//
// One thread follows the breach log's episodes, puts what a route asks for into the durable outbox and sends it: one
// alert for an episode and destination, and one more when the episode becomes more urgent after that. An episode of
// urgency 5 that is not taken up at the desk climbs, in school hours, by AlertSettings::escalation. A recipient
// gets no alert about themselves: the head gets it instead. Once a week a test mail has to be confirmed. What cannot be
// sent is tried again with growing pauses for a week, across restarts. docs/alerts.md describes what is sent.
//
// Why this class is long: it is the whole round of one thread, from the episode to the sent mail, over one outbox.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/local_time.h"
#include "casework/alerts/alert_settings.h"
#include "casework/alerts/alert_text.h"

namespace schoolgate::casework {

struct AlertsOptions {
  std::filesystem::path folder;  ///< the state folder: breaches.db is read, alerts.db (0600) is kept in it
  std::string school, gateway;
  LocalClock local_time;  ///< the site's wall clock; empty: UTC
  /// The wall clock's time, or the likely one while that is not believed; tests hand in their own.
  std::function<TimePoint()> now = wall_now;
  /// Nothing is given up or forgotten while it says no.
  std::function<bool()> believes_clock = [] { return true; };
  /// The accounts that lead safeguarding and can sign in; on the alerts' thread, once a round. Only they stand in for
  /// somebody. While it fails no absence holds. Empty: all accounts that are named.
  std::function<Result<std::set<std::string, std::less<>>>()> leaders;
  std::chrono::milliseconds hold{500};  ///< a new alert waits this long, so that its first count says more than 1
};

struct AlertCounters {
  std::uint64_t waiting = 0;  ///< metric alert_queue
  std::uint64_t sent = 0;     ///< metric alerts_total{result}: sent, failed (a try), given_up, suppressed
  std::uint64_t failed = 0;
  std::uint64_t given_up = 0;
  std::uint64_t suppressed = 0;  ///< system alerts of a kind that was told within the hour
};

/// The recipients of a trouble of the gateway.
enum class SystemAudience : std::uint8_t {
  technician,           ///< recipient "it"; without one, everybody on the immediate routes
  technician_and_lead,  ///< "it" and everybody on the immediate routes: children are not protected as they were
};

class Alerts {
 public:
  /// An outbox that cannot be opened now is tried again with every round of work.
  [[nodiscard]] static Result<std::unique_ptr<Alerts>> open(AlertsOptions options, AlertSettings settings);
  ~Alerts();  ///< breaks off what is being sent; it stays in the outbox

  // All thread-safe; none waits for the disk or the network, but settle().

  /// New settings after a reload. Alerts for destinations that are gone are given up.
  void apply(AlertSettings settings);
  /// Something changed: BreachLogSettings::on_episodes.
  void notice();
  /// Tells recipient "it" (or, without one, everybody on the immediate routes) of a trouble of the gateway, once an
  /// hour for each `kind` ("breach log failing", "list update failed"). Kept in memory when the outbox cannot be
  /// written.
  void post_system_alert(std::string kind, std::string text, SystemAudience audience = SystemAudience::technician);
  /// Hands a record (to_json(PinkSlip)) to the webhook that AlertSettings::case_system names. Returns the id of the
  /// delivery: the same for every try. Empty: there is no case system.
  [[nodiscard]] std::string post_case(std::string json);
  /// Returns when everything posted or noticed before was put in the outbox and what is due by now was tried.
  void settle();

  [[nodiscard]] AlertCounters counters() const;

 private:
  Alerts();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace schoolgate::casework
