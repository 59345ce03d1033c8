// The durable outbox: alerts that wait to be sent, what was sent already, and how far episodes and digests were read.
//
// alerts.db in the state folder (0600, WAL, synchronous=FULL). An alert is in it before the first try and leaves when a
// server has taken it, so it is sent at least once; its id stays the same for every try. Belongs to the alerts' thread.
// After any failure it is to be thrown away and opened anew.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "casework/alerts/alert_text.h"
#include "store/sqlite.h"
#include "store/transaction.h"

namespace schoolgate::casework {

struct OutboxAlert {
  std::string id;           ///< UUIDv7: Message-ID and Schoolgate-Alert-Id
  std::string key;          ///< what it is about and for whom; at most one alert has it
  std::string destination;  ///< id of a recipient or name of a webhook
  int urgency = 1;
  AlertText content;
  TimePoint created, due;  ///< `due`: the next try
  int attempts = 0;
  TimePoint not_before{};  ///< quiet hours of its reader hold it until then, whatever `due` says; epoch: none
};

/// How far a reader of episodes has come in which chain; `day` is the last one that a digest was made for.
struct Progress {
  std::string chain;
  std::uint64_t seq = 0;
  std::int64_t day = 0;  ///< days since 1970-01-01
};

/// An urgent episode that climbs until it is taken up.
struct Watch {
  std::string episode;
  TimePoint begun;
  std::size_t step = 0;  ///< the next one of AlertSettings::escalation
};

class Outbox {
 public:
  enum class State { waiting, sent, given_up };
  struct Known {
    std::string id;
    State state = State::waiting;
    int urgency = 1;
  };

  [[nodiscard]] static Result<std::unique_ptr<Outbox>> open(const std::filesystem::path& file);

  /// For several of the following calls as one step. Must end before the Outbox does.
  [[nodiscard]] Result<store::Transaction> begin() { return store::Transaction::begin(database_); }

  [[nodiscard]] Result<std::optional<Known>> find(std::string_view key);
  /// Adds it, or gives the waiting one with its key this content and urgency. Quiet hours that
  /// hold it may end sooner then, never later.
  [[nodiscard]] Result<void> put(const OutboxAlert& alert);
  /// When the newest alert up to `now` whose key begins with `prefix` was made.
  [[nodiscard]] Result<std::optional<TimePoint>> newest_with_prefix(std::string_view prefix, TimePoint now);

  /// Waiting alerts whose time has come, most urgent and oldest first.
  [[nodiscard]] Result<std::vector<OutboxAlert>> due(TimePoint now, std::size_t limit);
  [[nodiscard]] Result<std::optional<TimePoint>> next_due();
  [[nodiscard]] Result<std::uint64_t> waiting();
  [[nodiscard]] Result<void> set_state(std::string_view id, State state);
  [[nodiscard]] Result<void> try_again(std::string_view id, TimePoint due, int attempts);

  /// What a clock that was ahead has planned is due now: tries that are further away than any pause, quiet hours of
  /// alerts that were made in the future or that are longer than a day, and episodes whose watch begins in the future.
  [[nodiscard]] Result<void> bring_back(TimePoint now, std::chrono::seconds longest_pause);

  [[nodiscard]] Result<std::optional<Progress>> progress(std::string_view reader);
  [[nodiscard]] Result<void> set_progress(std::string_view reader, const Progress& progress);

  /// Begins to watch an episode, unless it is or was watched already.
  [[nodiscard]] Result<void> watch(std::string_view episode, TimePoint now);
  [[nodiscard]] Result<std::vector<Watch>> watches();
  /// The next step, or the end of watching.
  [[nodiscard]] Result<void> set_watch(std::string_view episode, std::optional<std::size_t> step);

  /// Forgets what was sent or given up before `before`.
  [[nodiscard]] Result<void> forget_before(TimePoint before);

 private:
  explicit Outbox(store::Database database) : database_(std::move(database)) {}
  [[nodiscard]] std::unexpected<Error> failure() const { return std::unexpected(database_.error("use")); }
  store::Database database_;
};

}  // namespace schoolgate::casework
