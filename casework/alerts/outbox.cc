#include "casework/alerts/outbox.h"

namespace schoolgate::casework {
namespace {

using store::from_stored;
using store::to_stored;
using Step = store::Statement::Step;

constexpr std::chrono::hours kLongestQuiet{25};  // a day at most, and the hour of the clock change
constexpr std::chrono::minutes kSlew{1};         // so far a clock that is right may go back

constexpr const char* kOutboxSchema = R"(
  PRAGMA wal_autocheckpoint=200;
  CREATE TABLE IF NOT EXISTS alerts(id TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE, destination TEXT NOT NULL,
    urgency INTEGER NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL, json TEXT NOT NULL, created INTEGER NOT NULL,
    due INTEGER NOT NULL, attempts INTEGER NOT NULL, state INTEGER NOT NULL,
    not_before INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS alerts_by_state ON alerts(state, due);
  CREATE TABLE IF NOT EXISTS progress(reader TEXT PRIMARY KEY, chain TEXT NOT NULL, seq INTEGER NOT NULL,
    day INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS watches(episode TEXT PRIMARY KEY, begun INTEGER NOT NULL, step INTEGER NOT NULL,
    over INTEGER NOT NULL) WITHOUT ROWID;
)";

// Alerts of an older release are held by no quiet hours.
Result<void> add_not_before(store::Database& database) {
  auto query = database.prepare("SELECT count(*) FROM pragma_table_info('alerts') WHERE name = 'not_before'");
  if (!query) return std::unexpected(query.error());
  if (query->step() != Step::row) return std::unexpected(database.error("read"));
  if (query->integer(0) > 0) return {};
  query->reset();
  return database.run("ALTER TABLE alerts ADD COLUMN not_before INTEGER NOT NULL DEFAULT 0");
}

}  // namespace

Result<std::unique_ptr<Outbox>> Outbox::open(const std::filesystem::path& file) {
  if (store::is_damaged(file)) {
    if (auto moved = store::move_aside(file); !moved) return std::unexpected(moved.error());
  }
  auto database = store::Database::open(file, store::Database::Access::write);
  if (!database) return std::unexpected(database.error());
  if (auto made = database->run(kOutboxSchema); !made) return std::unexpected(made.error());
  if (auto added = add_not_before(*database); !added) return std::unexpected(added.error());
  return std::unique_ptr<Outbox>(new Outbox(*std::move(database)));
}

Result<std::optional<Outbox::Known>> Outbox::find(std::string_view key) {
  auto query = database_.prepare("SELECT id, state, urgency FROM alerts WHERE key = ?1");
  if (!query) return std::unexpected(query.error());
  switch (query->bind(1, key).step()) {
    case Step::failed: return failure();
    case Step::done: return std::nullopt;
    case Step::row: break;
  }
  return Known{query->take<std::string>(), query->take<State>(), query->take<int>()};
}

Result<void> Outbox::put(const OutboxAlert& alert) {
  auto statement = database_.prepare(
      "INSERT INTO alerts(id, key, destination, urgency, subject, text, json, created, due, attempts, state,"
      " not_before) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0, ?11) ON CONFLICT(key) DO UPDATE SET"
      " urgency = excluded.urgency, subject = excluded.subject, text = excluded.text, json = excluded.json,"
      " not_before = min(not_before, excluded.not_before) WHERE state = 0");
  if (!statement) return std::unexpected(statement.error());
  const bool done = statement->bind(1, alert.id)
                        .bind(2, alert.key)
                        .bind(3, alert.destination)
                        .bind(4, std::int64_t(alert.urgency))
                        .bind(5, alert.content.subject)
                        .bind(6, alert.content.text)
                        .bind(7, alert.content.json)
                        .bind(8, to_stored(alert.created))
                        .bind(9, to_stored(alert.due))
                        .bind(10, std::int64_t(alert.attempts))
                        .bind(11, to_stored(alert.not_before))
                        .run();
  if (!done) return failure();
  return {};
}

Result<std::optional<TimePoint>> Outbox::newest_with_prefix(std::string_view prefix, TimePoint now) {
  auto query =
      database_.prepare("SELECT max(created) FROM alerts WHERE substr(key, 1, length(?1)) = ?1 AND created <= ?2");
  if (!query) return std::unexpected(query.error());
  if (query->bind(1, prefix).bind(2, to_stored(now)).step() != Step::row) return failure();
  if (query->is_null(0)) return std::nullopt;
  return from_stored(query->integer(0));
}

Result<std::vector<OutboxAlert>> Outbox::due(TimePoint now, std::size_t limit) {
  auto query = database_.prepare(
      "SELECT id, key, destination, urgency, subject, text, json, created, due, attempts FROM alerts"
      " WHERE state = 0 AND due <= ?1 AND not_before <= ?1 ORDER BY urgency DESC, created LIMIT ?2");
  if (!query) return std::unexpected(query.error());
  query->bind(1, to_stored(now)).bind(2, std::int64_t(limit));
  std::vector<OutboxAlert> alerts;
  auto step = query->step();
  for (; step == Step::row; step = query->step()) {
    alerts.push_back({.id = query->take<std::string>(),
                      .key = query->take<std::string>(),
                      .destination = query->take<std::string>(),
                      .urgency = query->take<int>(),
                      .content = {query->take<std::string>(), query->take<std::string>(), query->take<std::string>()},
                      .created = query->take<TimePoint>(),
                      .due = query->take<TimePoint>(),
                      .attempts = query->take<int>()});
  }
  if (step == Step::failed) return failure();
  return alerts;
}

Result<std::optional<TimePoint>> Outbox::next_due() {
  auto query = database_.prepare("SELECT min(max(due, not_before)) FROM alerts WHERE state = 0");
  if (!query) return std::unexpected(query.error());
  if (query->step() != Step::row) return failure();
  if (query->is_null(0)) return std::nullopt;
  return from_stored(query->integer(0));
}

Result<std::uint64_t> Outbox::waiting() {
  auto query = database_.prepare("SELECT count(*) FROM alerts WHERE state = 0");
  if (!query) return std::unexpected(query.error());
  if (query->step() != Step::row) return failure();
  return std::uint64_t(query->integer(0));
}

Result<void> Outbox::set_state(std::string_view id, State state) {
  // The text of what is over is not needed any more: only that it was told.
  auto statement = database_.prepare("UPDATE alerts SET state = ?2, subject = '', text = '', json = '' WHERE id = ?1");
  if (!statement) return std::unexpected(statement.error());
  if (!statement->bind(1, id).bind(2, std::int64_t(state)).run()) return failure();
  return {};
}

Result<void> Outbox::try_again(std::string_view id, TimePoint due, int attempts) {
  auto statement = database_.prepare("UPDATE alerts SET due = ?2, attempts = ?3 WHERE id = ?1");
  if (!statement) return std::unexpected(statement.error());
  if (!statement->bind(1, id).bind(2, to_stored(due)).bind(3, std::int64_t(attempts)).run()) return failure();
  return {};
}

Result<void> Outbox::bring_back(TimePoint now, std::chrono::seconds longest_pause) {
  auto tries = database_.prepare("UPDATE alerts SET due = ?1 WHERE state = 0 AND due > ?2");
  if (!tries) return std::unexpected(tries.error());
  if (!tries->bind(1, to_stored(now)).bind(2, to_stored(now + longest_pause)).run()) return failure();
  auto quiet = database_.prepare(
      "UPDATE alerts SET not_before = 0 WHERE state = 0 AND not_before > ?1 AND (not_before > ?2 OR created > ?3)");
  if (!quiet) return std::unexpected(quiet.error());
  if (!quiet->bind(1, to_stored(now)).bind(2, to_stored(now + kLongestQuiet)).bind(3, to_stored(now + kSlew)).run())
    return failure();
  auto begun = database_.prepare("UPDATE watches SET begun = ?1 WHERE over = 0 AND begun > ?2");
  if (!begun) return std::unexpected(begun.error());
  if (!begun->bind(1, to_stored(now)).bind(2, to_stored(now + longest_pause)).run()) return failure();
  return {};
}

Result<std::optional<Progress>> Outbox::progress(std::string_view reader) {
  auto query = database_.prepare("SELECT chain, seq, day FROM progress WHERE reader = ?1");
  if (!query) return std::unexpected(query.error());
  switch (query->bind(1, reader).step()) {
    case Step::failed: return failure();
    case Step::done: return std::nullopt;
    case Step::row: break;
  }
  return Progress{query->take<std::string>(), query->take<std::uint64_t>(), query->take<std::int64_t>()};
}

Result<void> Outbox::set_progress(std::string_view reader, const Progress& progress) {
  auto statement = database_.prepare("INSERT OR REPLACE INTO progress(reader, chain, seq, day) VALUES(?1, ?2, ?3, ?4)");
  if (!statement) return std::unexpected(statement.error());
  if (!statement->bind(1, reader)
           .bind(2, progress.chain)
           .bind(3, std::int64_t(progress.seq))
           .bind(4, progress.day)
           .run())
    return failure();
  return {};
}

Result<void> Outbox::watch(std::string_view episode, TimePoint now) {
  auto statement = database_.prepare("INSERT OR IGNORE INTO watches(episode, begun, step, over) VALUES(?1, ?2, 0, 0)");
  if (!statement) return std::unexpected(statement.error());
  if (!statement->bind(1, episode).bind(2, to_stored(now)).run()) return failure();
  return {};
}

Result<std::vector<Watch>> Outbox::watches() {
  auto query = database_.prepare("SELECT episode, begun, step FROM watches WHERE over = 0 ORDER BY begun LIMIT 500");
  if (!query) return std::unexpected(query.error());
  std::vector<Watch> watches;
  auto step = query->step();
  for (; step == Step::row; step = query->step())
    watches.push_back({query->take<std::string>(), query->take<TimePoint>(), query->take<std::size_t>()});
  if (step == Step::failed) return failure();
  return watches;
}

Result<void> Outbox::set_watch(std::string_view episode, std::optional<std::size_t> step) {
  auto statement = database_.prepare("UPDATE watches SET step = max(step, ?2), over = ?3 WHERE episode = ?1");
  if (!statement) return std::unexpected(statement.error());
  if (!statement->bind(1, episode).bind(2, std::int64_t(step.value_or(0))).bind(3, std::int64_t(!step)).run())
    return failure();
  return {};
}

Result<void> Outbox::forget_before(TimePoint before) {
  auto ended = database_.prepare("DELETE FROM watches WHERE over = 1 AND begun < ?1");
  if (!ended) return std::unexpected(ended.error());
  if (!ended->bind(1, to_stored(before)).run()) return failure();
  auto statement = database_.prepare("DELETE FROM alerts WHERE state <> 0 AND created < ?1");
  if (!statement) return std::unexpected(statement.error());
  if (!statement->bind(1, to_stored(before)).run()) return failure();
  return {};
}

}  // namespace schoolgate::casework
