// The breach log: append-only, hash-chained, acknowledged only when durable.
//
// One writer thread owns the SQLite database and commits in groups (all that waits: one transaction, one fsync); a
// second one watches the deadlines, as a disk that hangs holds the first; any worker may append. Memory is bounded:
// when the disk fails, records wait (up to the bound) and are written when it comes back; each waiting record is
// acknowledged as not durable after the deadline, so that a block still blocks. docs/breach-log.md has the schema and
// the chain.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/believable_clock.h"
#include "base/error.h"
#include "breaches/breach.h"

namespace schoolgate::breaches {

/// What somebody must hear of. `failing` is told once, and `recovered` when writing has resumed by itself.
struct LogTrouble {
  enum class Kind {
    failing,    ///< records cannot be made durable at present
    recovered,  ///< all that waited is on disk
    broken,     ///< the log was found damaged, missing or changed when it was opened
  };
  Kind kind = Kind::failing;
  std::string text;  ///< for the technician; names no address and no person
};

/// What limits are summed by beside the address (Breach::machine, Breach::network); either may be empty.
struct Machine {
  std::string device, network;
};

struct BreachLogSettings {
  std::filesystem::path folder;  ///< the state folder; the log makes breaches.db (0600) in it
  std::string school, gateway;
  std::chrono::seconds retention{std::chrono::hours(24) * 365};
  AskClock clock = believed_clock;  ///< nothing is removed while it is not believed; on the writer's thread
  std::chrono::milliseconds durable_deadline{2000};  ///< after this a waiting record is acknowledged as not durable
  /// The same for one that waits for its turn, since it was appended: longer than the longest queue of a device takes.
  std::chrono::milliseconds turn_deadline{250'000};
  std::size_t queue_limit = 100'000;  ///< records kept in memory while the disk fails; those that wait for a turn apart
  std::function<void(const LogTrouble&)> on_trouble;  ///< on the opener's or the writer's thread; must be quick
  std::function<void()> on_episodes;  ///< on the writer's thread, at most once a second: sums of episodes were stored
  /// From this moment on everything is kept, however old: the first attempt under legal hold, or nullopt. On the
  /// writer's thread. While it fails nothing is removed. Empty: there are no holds.
  std::function<Result<std::optional<TimePoint>>()> oldest_held;
  /// One record a matched entry and device in a minute, and sums of the rest (folding.h); false: a record an attempt.
  bool folds = false;
  /// Which machine an address is, for the limits of folding; on the writer's thread, for each attempt. Empty:
  /// addresses.
  std::function<Machine(const std::string& address)> machine_of;
  std::string vfs;  ///< a registered SQLite VFS instead of the system's; empty on a gateway
};

/// What the writer says of a record.
struct Receipt {
  bool durable = false;
  std::uint64_t seq = 0;  ///< 0 when not durable
  /// The sum that counts the attempt, where it has no record of its own: its number leads to it.
  std::optional<Uuid> counted_in = std::nullopt;
};

struct BreachLogCounters {
  std::uint64_t written = 0, failures = 0, waiting = 0, lost = 0;
  std::uint64_t turns = 0;  ///< of the waiting ones: refusals whose device has had its records
  ///< `waiting`: not yet durable; `lost`: refused because the queue was full, or still waiting at the end
  double lag_seconds = 0;  ///< age of the oldest record not yet durable
};

class BreachLog {
 public:
  /// Called once per record, on the writer's thread or, when the deadline passed or the queue is full, on the watch's;
  /// must be quick (a worker posts itself a message).
  using Acknowledge = std::function<void(Receipt)>;

  /// A log that cannot be written now (disk full, read-only, another owner) is open all the same: it says so as when
  /// the disk fails later, and is tried again until it can be. Fault config: another process writes this log.
  [[nodiscard]] static Result<std::unique_ptr<BreachLog>> open(BreachLogSettings settings);
  ~BreachLog();  ///< writes what waits, then stops

  /// Thread-safe, never blocks on the disk.
  void append(Breach breach, Acknowledge acknowledge);
  [[nodiscard]] BreachLogCounters counters() const;

 private:
  BreachLog();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace schoolgate::breaches
