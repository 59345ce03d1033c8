// Follows the breach log and sends every record and alarm to one collector of syslog messages.
//
// One thread of its own. Where it has come to in the log is kept in STATE/forwarded (the number of the last record that
// was sent, and which log it is of), so records that a collector missed while it was away follow when it is back, in
// order, each at least once. A first start begins with what comes from then on. Alarms wait in memory, 1,000 of them.
// Attempts that the gateway makes itself (self-tests) are not sent. Accounts and searched words leave only where
// ForwardSettings::names says so; sealed addresses are not in the log. A failure is tried again with growing pauses of
// at most a minute.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "casework/forwarding/forward_settings.h"
#include "casework/forwarding/syslog_message.h"

namespace schoolgate::casework {

struct ForwarderOptions {
  std::filesystem::path folder;  ///< the state folder: breaches.db is read, `forwarded` (0600) is kept in it
  ForwardedFrom from;
  /// Once for each outage that lasts five minutes, and once when it is over; on the forwarder's thread.
  std::function<void(const std::string& text)> on_trouble;
};

struct ForwardCounters {
  std::uint64_t sent = 0;         ///< metric forwarded_total{result="sent"}
  std::uint64_t failed = 0;       ///< tries that reached no collector
  std::uint64_t alarms_lost = 0;  ///< more than 1,000 waited
  double behind_seconds = 0;      ///< how long what waits has waited; 0: nothing waits
};

class Forwarder {
 public:
  explicit Forwarder(ForwarderOptions options);
  ~Forwarder();  ///< breaks off what is being sent; records follow at the next start

  // All thread-safe; none waits for the disk or the network.

  /// After a start or a reload; nullopt: nothing is forwarded, and where it has come to is forgotten.
  void apply(std::optional<ForwardSettings> settings);
  /// Records were stored.
  void notice();
  void post(Alarm alarm);
  [[nodiscard]] ForwardCounters counters() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace schoolgate::casework
