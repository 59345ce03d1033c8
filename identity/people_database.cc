#include "identity/people_database.h"

#include "store/only_ask.h"
#include "store/sql.h"
#include "store/transaction.h"

namespace schoolgate::identity {
namespace {

using store::Database;

constexpr const char* kFile = "people.db";

// Times are stored as store/stored_time.h has them.
constexpr const char* kSchema = R"(
  CREATE TABLE IF NOT EXISTS accounts(user TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL,
    groups TEXT NOT NULL, password TEXT NOT NULL, no_password INTEGER NOT NULL, disabled INTEGER NOT NULL,
    valid_from INTEGER, valid_until INTEGER) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS classes(code TEXT PRIMARY KEY, title TEXT NOT NULL, picture TEXT NOT NULL,
    grp TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS visits(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, host TEXT NOT NULL,
    purpose TEXT NOT NULL, code TEXT NOT NULL, begins INTEGER NOT NULL, ends INTEGER NOT NULL, closed INTEGER);
  CREATE INDEX IF NOT EXISTS visits_by_code ON visits(code) WHERE code <> '';
  CREATE TABLE IF NOT EXISTS devices(mac TEXT PRIMARY KEY, name TEXT NOT NULL, owner TEXT NOT NULL, kind TEXT NOT NULL,
    by_name_only INTEGER NOT NULL, note TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS access(id INTEGER PRIMARY KEY AUTOINCREMENT, user TEXT NOT NULL, name TEXT NOT NULL,
    role TEXT NOT NULL, grp TEXT NOT NULL, granted_by TEXT NOT NULL, begins INTEGER NOT NULL, ends INTEGER,
    closed INTEGER, closed_why TEXT NOT NULL, closed_by TEXT NOT NULL, note TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS open_access ON access(user) WHERE closed IS NULL;
  CREATE TABLE IF NOT EXISTS answers(seq INTEGER PRIMARY KEY, user TEXT NOT NULL, name TEXT NOT NULL,
    role TEXT NOT NULL, version TEXT NOT NULL, accepted INTEGER NOT NULL, time INTEGER NOT NULL,
    address TEXT NOT NULL, id TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS answers_by_user ON answers(user, seq);
  CREATE TABLE IF NOT EXISTS wrong_passwords(user TEXT PRIMARY KEY, count INTEGER NOT NULL, last INTEGER NOT NULL,
    address TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS done(job TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS sessions(address TEXT NOT NULL, user TEXT NOT NULL, name TEXT NOT NULL,
    groups TEXT NOT NULL, confidence INTEGER NOT NULL, said_by TEXT NOT NULL, source TEXT NOT NULL, mac TEXT NOT NULL,
    session_id TEXT NOT NULL, terms_due INTEGER NOT NULL, until INTEGER, since INTEGER NOT NULL, seen INTEGER NOT NULL,
    ends INTEGER NOT NULL);
)";

}  // namespace

Result<std::unique_ptr<PeopleDatabase>> PeopleDatabase::open(const std::filesystem::path& state_folder) {
  if (store::is_absent_for_asker(state_folder / kFile)) {
    auto empty = Database::in_place_of(state_folder / kFile);
    if (!empty) return std::unexpected(empty.error());
    if (auto made = empty->run(kSchema); !made) return std::unexpected(made.error());
    return std::unique_ptr<PeopleDatabase>(new PeopleDatabase(*std::move(empty), store::StateKey()));
  }
  auto key = store::StateKey::load_or_create(state_folder);
  if (!key) return std::unexpected(key.error());
  auto database = Database::open(state_folder / kFile, Database::Access::write);
  if (!database) return std::unexpected(database.error());
  // The command line writes beside the gateway: the second of two writers waits.
  if (auto set = database->run("PRAGMA busy_timeout=5000"); !set) return std::unexpected(set.error());
  if (!store::only_asks())
    if (auto made = database->run(kSchema); !made) return std::unexpected(made.error());
  return std::unique_ptr<PeopleDatabase>(new PeopleDatabase(*std::move(database), *std::move(key)));
}

Result<void> PeopleDatabase::change(const Work& work) {
  const std::scoped_lock lock(mutex_);
  return store::in_transaction(database_, [&]() -> Result<void> {
    if (Result<void> done = work(database_); !done) return done;
    ++own_changes_;
    return {};
  });
}

Result<void> PeopleDatabase::change_unmarked(const Work& work) {
  const std::scoped_lock lock(mutex_);
  return store::in_transaction(database_, [&] { return work(database_); });
}

std::uint64_t PeopleDatabase::change_mark() {
  return read([&](Database& database) {
    // Changes when another connection has committed, never by our own commits.
    const auto version = store::select_number(database, "SELECT data_version FROM pragma_data_version");
    return (version ? std::uint64_t(*version) << 32 : 0) + own_changes_;
  });
}

void PeopleDatabase::checkpoint() {
  // Tried again in a minute; SQLite keeps what it could not move.
  read([](Database& database) { [[maybe_unused]] const auto moved = database.checkpoint(); });
}

Result<std::optional<TimePoint>> PeopleDatabase::done_at(std::string_view job) {
  return read([&](Database& database) {
    return store::select_first(
        database, "SELECT at FROM done WHERE job = ?1", [](store::Statement& row) { return row.take<TimePoint>(); },
        job);
  });
}

Result<void> PeopleDatabase::set_done(std::string_view job, TimePoint now) {
  return change_unmarked([&](Database& database) -> Result<void> {
    return store::write(database, "INSERT OR REPLACE INTO done(job, at) VALUES(?1, ?2)", job, now);
  });
}

}  // namespace schoolgate::identity
