// Why this file is long: it is every query of one database, and each is only a few lines.
#include "identity/people_store.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

#include "base/ascii.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/uuid.h"
#include "identity/account_name.h"
#include "store/chain.h"
#include "store/sqlite.h"
#include "store/state_key.h"
#include "store/transaction.h"

namespace schoolgate::identity {
namespace {

using names::IpAddress;
using store::Database;
using store::Statement;
using store::Transaction;
using Step = store::Statement::Step;

constexpr const char* kFile = "people.db";

// Times are milliseconds since 1970, as in every database of the house.
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

constexpr std::array<std::string_view, 5> kDeviceKinds{"school", "staff", "phone", "console", "guest"};
constexpr std::size_t kLongestText = 200;
constexpr std::int64_t kMostWrongPasswords = 10'000;

std::int64_t number(TimePoint time) { return time.time_since_epoch().count(); }
TimePoint time_of(std::int64_t number) { return TimePoint(std::chrono::milliseconds(number)); }

Statement& bind(Statement& statement, int parameter, const std::optional<TimePoint>& time) {
  return time ? statement.bind(parameter, number(*time)) : statement.bind_null(parameter);
}

std::optional<TimePoint> maybe_time(Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(time_of(row.integer(column)));
}

std::string text(Statement& row, int column) { return std::string(row.text(column)); }

std::vector<std::string> split(std::string_view all) {
  std::vector<std::string> words;
  while (!all.empty()) {
    const auto comma = all.find(',');
    words.emplace_back(all.substr(0, comma));
    all.remove_prefix(comma == all.npos ? all.size() : comma + 1);
  }
  return words;
}

std::string name_of_unknown(const store::StateKey& key, std::string_view typed) {
  return "unknown-" + to_hex(key.sign("unknown account", typed)).substr(0, 16);
}

IpAddress address_of(std::string_view text) { return IpAddress::parse(text).value_or(IpAddress{}); }

/// Words of people: something printable, on one line.
Result<void> check_text(std::string_view what, std::string_view value, bool may_be_empty) {
  if (value.empty() && !may_be_empty) return fail(Fault::client, std::string(what) + " is missing");
  if (value.size() > kLongestText)
    return fail(Fault::client, std::string(what) + " is longer than " + std::to_string(kLongestText) + " bytes");
  for (const char c : value)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      return fail(Fault::client, std::string(what) + " holds a control character");
  return {};
}

Result<void> check_group(std::string_view group) {
  if (auto good = check_text("a group's name", group, false); !good) return good;
  if (group.contains(',')) return fail(Fault::client, "a group's name holds no comma");
  for (const char c : group)
    if (c >= 'A' && c <= 'Z')
      return fail(Fault::client, "group '" + std::string(group) + "' is not in lower case", "write it so");
  return {};
}

Account account_from(Statement& row) {
  return {.user = text(row, 0),
          .name = text(row, 1),
          .role = person_role_of(row.text(2)).value_or(PersonRole::pupil),
          .groups = split(row.text(3)),
          .password_hash = text(row, 4),
          .no_password = row.integer(5) != 0,
          .disabled = row.integer(6) != 0,
          .valid_from = maybe_time(row, 7),
          .valid_until = maybe_time(row, 8)};
}
constexpr const char* kAccountColumns =
    "SELECT user, name, role, groups, password, no_password, disabled, valid_from, valid_until FROM accounts ";

Visit visit_from(Statement& row) {
  return {.id = row.integer(0),
          .name = text(row, 1),
          .host = text(row, 2),
          .purpose = text(row, 3),
          .code = text(row, 4),
          .from = time_of(row.integer(5)),
          .until = time_of(row.integer(6)),
          .closed = maybe_time(row, 7)};
}
constexpr const char* kVisitColumns = "SELECT id, name, host, purpose, code, begins, ends, closed FROM visits ";

RegisteredDevice device_from(Statement& row) {
  return {.mac = text(row, 0),
          .name = text(row, 1),
          .owner = text(row, 2),
          .kind = text(row, 3),
          .by_name_only = row.integer(4) != 0,
          .note = text(row, 5)};
}
constexpr const char* kDeviceColumns = "SELECT mac, name, owner, kind, by_name_only, note FROM devices ";

AccessGrant grant_from(Statement& row) {
  return {.id = row.integer(0),
          .user = text(row, 1),
          .name = text(row, 2),
          .role = person_role_of(row.text(3)).value_or(PersonRole::pupil),
          .group = text(row, 4),
          .granted_by = text(row, 5),
          .from = time_of(row.integer(6)),
          .until = maybe_time(row, 7),
          .closed = maybe_time(row, 8),
          .closed_why = text(row, 9),
          .closed_by = text(row, 10),
          .note = text(row, 11)};
}

TermsAnswer answer_from(Statement& row) {
  return {.user = text(row, 0),
          .name = text(row, 1),
          .role = person_role_of(row.text(2)).value_or(PersonRole::pupil),
          .version = text(row, 3),
          .accepted = row.integer(4) != 0,
          .when = time_of(row.integer(5)),
          .from = address_of(row.text(6))};
}
constexpr const char* kAnswerColumns = "SELECT user, name, role, version, accepted, time, address FROM answers ";

/// The record without its end; what the chain hashes.
std::string record_of(const TermsAnswer& answer, std::string_view id, std::uint64_t seq) {
  std::string record;
  JsonWriter json(record);
  json.begin_object().field("id", id).field("seq", seq).field("time", to_rfc3339(answer.when));
  json.field("user", answer.user).field("name", answer.name).field("role", to_string(answer.role));
  json.field("version", answer.version).field("accepted", answer.accepted).field("from", answer.from.text());
  return record;
}

std::string new_code() {
  // Crockford's letters and digits, as they are read out and typed.
  constexpr std::string_view kLetters = "0123456789abcdefghjkmnpqrstvwxyz";
  std::array<std::uint8_t, 8> random{};
  fill_random(random);
  std::string code;
  for (const std::uint8_t byte : random) code += kLetters[byte & 31];
  return code;
}

}  // namespace

std::string_view to_string(PersonRole role) noexcept {
  switch (role) {
    case PersonRole::pupil: return "pupil";
    case PersonRole::staff: return "staff";
    case PersonRole::visitor: return "visitor";
  }
  return "pupil";
}

std::optional<PersonRole> person_role_of(std::string_view text) noexcept {
  for (const PersonRole role : {PersonRole::pupil, PersonRole::staff, PersonRole::visitor})
    if (to_string(role) == text) return role;
  return std::nullopt;
}

bool is_device_kind(std::string_view kind) noexcept {
  return std::ranges::find(kDeviceKinds, kind) != kDeviceKinds.end();
}

struct PeopleStore::State {
  std::mutex mutex;
  Database database;
  store::StateKey key;
  std::uint64_t own_changes = 0;

  /// Binds, steps once, expects no row.
  template <class Bind>
  Result<void> change(const char* sql, Bind bind_all) {
    auto statement = database.prepare(sql);
    if (!statement) return std::unexpected(statement.error());
    bind_all(*statement);
    if (!statement->run()) return std::unexpected(database.error("write"));
    return {};
  }
  template <class Row, class Bind>
  auto rows(const std::string& sql, Row row, Bind bind_all)
      -> Result<std::vector<decltype(row(std::declval<Statement&>()))>> {
    auto statement = database.prepare(sql);
    if (!statement) return std::unexpected(statement.error());
    bind_all(*statement);
    std::vector<decltype(row(*statement))> all;
    while (true) switch (statement->step()) {
        case Step::failed: return std::unexpected(database.error("read"));
        case Step::done: return all;
        case Step::row: all.push_back(row(*statement));
      }
  }
  template <class Row>
  auto rows(const std::string& sql, Row row) {
    return rows(sql, row, [](Statement&) {});
  }
  template <class Row, class Bind>
  auto first(const std::string& sql, Row row, Bind bind_all)
      -> Result<std::optional<decltype(row(std::declval<Statement&>()))>> {
    auto all = rows(sql + " LIMIT 1", row, bind_all);
    if (!all) return std::unexpected(all.error());
    if (all->empty()) return std::nullopt;
    return std::move(all->front());
  }

  Result<void> open_access(const AccessGrant& grant) {
    return change(
        "INSERT INTO access(user, name, role, grp, granted_by, begins, ends, closed, closed_why, closed_by, note) "
        "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL, '', '', ?8)",
        [&](Statement& insert) {
          insert.bind(1, grant.user).bind(2, grant.name).bind(3, to_string(grant.role)).bind(4, grant.group);
          insert.bind(5, grant.granted_by).bind(6, number(grant.from)).bind(8, grant.note);
          bind(insert, 7, grant.until);
        });
  }
  Result<void> close_access(std::string_view user, std::string_view why, std::string_view by, TimePoint now) {
    return change("UPDATE access SET closed = ?2, closed_why = ?3, closed_by = ?4 WHERE user = ?1 AND closed IS NULL",
                  [&](Statement& update) { update.bind(1, user).bind(2, number(now)).bind(3, why).bind(4, by); });
  }
  Result<std::vector<AccessGrant>> grants(std::string_view where, std::string_view user) {
    return rows(
        "SELECT id, user, name, role, grp, granted_by, begins, ends, closed, closed_why, closed_by, note FROM "
        "access " +
            std::string(where) + " ORDER BY id",
        grant_from, [&](Statement& query) {
          if (!user.empty()) query.bind(1, user);
        });
  }
  /// One transaction around `work`, which changes people or registers.
  template <class Work>
  Result<void> in_transaction(Work work) {
    const std::scoped_lock lock(mutex);
    auto transaction = Transaction::begin(database);
    if (!transaction) return std::unexpected(transaction.error());
    if (Result<void> done = work(); !done) return done;
    ++own_changes;
    return transaction->commit();
  }
};

PeopleStore::PeopleStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
PeopleStore::~PeopleStore() = default;

Result<std::unique_ptr<PeopleStore>> PeopleStore::open(const std::filesystem::path& state_folder) {
  auto key = store::StateKey::load_or_create(state_folder);
  if (!key) return std::unexpected(key.error());
  auto database = Database::open(state_folder / kFile, Database::Access::write);
  if (!database) return std::unexpected(database.error());
  // The command line writes beside the gateway: whoever comes second waits.
  if (auto set = database->run("PRAGMA busy_timeout=5000"); !set) return std::unexpected(set.error());
  if (auto made = database->run(kSchema); !made) return std::unexpected(made.error());
  auto state = std::make_unique<State>();
  state->database = *std::move(database);
  state->key = *std::move(key);
  return std::unique_ptr<PeopleStore>(new PeopleStore(std::move(state)));
}

// --- accounts ----------------------------------------------------------------------------------------------------

Result<void> PeopleStore::put_account(const Account& account, std::string_view by, TimePoint now) {
  if (account_name(account.user) != account.user)
    return fail(Fault::client, "'" + account.user + "' is no account name",
                "lower case letters and digits, and . _ - ' between them, at most 64");
  if (auto good = check_text("the name", account.name, true); !good) return good;
  for (const std::string& group : account.groups)
    if (auto good = check_group(group); !good) return good;
  if (account.valid_from && account.valid_until && *account.valid_until <= *account.valid_from)
    return fail(Fault::client, "the account ends before it begins");
  if (account.no_password && account.role != PersonRole::pupil)
    return fail(Fault::client, "only pupils may be without a password");

  return state_->in_transaction([&]() -> Result<void> {
    const auto before = state_->first(kAccountColumns + std::string("WHERE user = ?1"), account_from,
                                      [&](Statement& query) { query.bind(1, account.user); });
    if (!before) return std::unexpected(before.error());
    std::string hash = account.no_password ? "" : account.password_hash;
    if (hash.empty() && !account.no_password && *before) hash = (*before)->password_hash;
    const std::string group = joined(account.groups, ",");
    auto stored = state_->change(
        "INSERT OR REPLACE INTO accounts(user, name, role, groups, password, no_password, disabled, valid_from, "
        "valid_until) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        [&](Statement& insert) {
          insert.bind(1, account.user).bind(2, account.name).bind(3, to_string(account.role)).bind(4, group);
          insert.bind(5, hash).bind(6, std::int64_t(account.no_password)).bind(7, std::int64_t(account.disabled));
          bind(insert, 8, account.valid_from);
          bind(insert, 9, account.valid_until);
        });
    if (!stored) return stored;
    const auto open = state_->grants("WHERE user = ?1 AND closed IS NULL", account.user);
    if (!open) return std::unexpected(open.error());
    const bool as_before = open->size() == 1 && open->front().role == account.role && open->front().group == group &&
                           open->front().until == account.valid_until && !account.disabled;
    if (as_before) return {};
    if (!open->empty())
      if (auto closed = state_->close_access(account.user, account.disabled ? "switched off" : "changed", by, now);
          !closed)
        return closed;
    if (account.disabled) return {};
    return state_->open_access({.user = account.user,
                                .name = account.name,
                                .role = account.role,
                                .group = group,
                                .granted_by = std::string(by),
                                .from = account.valid_from.value_or(now),
                                .until = account.valid_until,
                                .closed = {}});
  });
}

Result<std::optional<Account>> PeopleStore::account(std::string_view user) {
  const std::scoped_lock lock(state_->mutex);
  return state_->first(kAccountColumns + std::string("WHERE user = ?1"), account_from,
                       [&](Statement& query) { query.bind(1, user); });
}

Result<std::vector<Account>> PeopleStore::accounts() {
  const std::scoped_lock lock(state_->mutex);
  return state_->rows(kAccountColumns + std::string("ORDER BY user"), account_from);
}

Result<void> PeopleStore::set_password_hash(std::string_view user, std::string_view hash) {
  return state_->in_transaction([&]() -> Result<void> {
    auto set = state_->change("UPDATE accounts SET password = ?2, no_password = 0 WHERE user = ?1",
                              [&](Statement& update) { update.bind(1, user).bind(2, hash); });
    if (!set) return set;
    if (state_->database.changes() == 0) return fail(Fault::client, "there is no account '" + std::string(user) + "'");
    return {};
  });
}

Result<void> PeopleStore::close_account(std::string_view user, std::string_view why, std::string_view by,
                                        TimePoint now) {
  return state_->in_transaction([&]() -> Result<void> {
    auto set = state_->change("UPDATE accounts SET disabled = 1 WHERE user = ?1",
                              [&](Statement& update) { update.bind(1, user); });
    if (!set) return set;
    if (state_->database.changes() == 0) return fail(Fault::client, "there is no account '" + std::string(user) + "'");
    return state_->close_access(user, why, by, now);
  });
}

// --- classes -----------------------------------------------------------------------------------------------------

Result<void> PeopleStore::put_class(const SchoolClass& school_class) {
  if (account_name(school_class.code) != school_class.code)
    return fail(Fault::client, "'" + school_class.code + "' is no code of a class", "one lower-case word: robins");
  if (auto good = check_text("the title", school_class.title, true); !good) return good;
  if (account_name(school_class.picture) != school_class.picture)
    return fail(Fault::client, "'" + school_class.picture + "' is no picture", "one lower-case word: owl");
  if (auto good = check_group(school_class.group); !good) return good;
  return state_->in_transaction([&] {
    return state_->change("INSERT OR REPLACE INTO classes(code, title, picture, grp) VALUES(?1, ?2, ?3, ?4)",
                          [&](Statement& insert) {
                            insert.bind(1, school_class.code).bind(2, school_class.title);
                            insert.bind(3, school_class.picture).bind(4, school_class.group);
                          });
  });
}

namespace {
SchoolClass class_from(Statement& row) { return {text(row, 0), text(row, 1), text(row, 2), text(row, 3)}; }
}  // namespace

Result<std::optional<SchoolClass>> PeopleStore::class_of(std::string_view code) {
  const std::scoped_lock lock(state_->mutex);
  return state_->first("SELECT code, title, picture, grp FROM classes WHERE code = ?1", class_from,
                       [&](Statement& query) { query.bind(1, code); });
}

Result<std::vector<SchoolClass>> PeopleStore::classes() {
  const std::scoped_lock lock(state_->mutex);
  return state_->rows("SELECT code, title, picture, grp FROM classes ORDER BY code", class_from);
}

Result<void> PeopleStore::remove_class(std::string_view code) {
  return state_->in_transaction([&]() -> Result<void> {
    auto removed =
        state_->change("DELETE FROM classes WHERE code = ?1", [&](Statement& remove) { remove.bind(1, code); });
    if (!removed) return removed;
    if (state_->database.changes() == 0) return fail(Fault::client, "there is no class '" + std::string(code) + "'");
    return {};
  });
}

// --- visitors ----------------------------------------------------------------------------------------------------

Result<Visit> PeopleStore::add_visit(Visit visit, bool with_code, std::string_view by, TimePoint now) {
  for (const auto& [what, value] : {std::pair<std::string_view, const std::string&>{"the visitor's name", visit.name},
                                    {"the host", visit.host},
                                    {"the purpose", visit.purpose}})
    if (auto good = check_text(what, value, false); !good) return std::unexpected(good.error());
  if (visit.until <= std::max(now, visit.from)) return fail(Fault::client, "the visit ends before it begins");
  visit.code = with_code ? new_code() : "";
  auto done = state_->in_transaction([&]() -> Result<void> {
    auto added = state_->change(
        "INSERT INTO visits(name, host, purpose, code, begins, ends, closed) VALUES(?1, ?2, ?3, ?4, ?5, ?6, NULL)",
        [&](Statement& insert) {
          insert.bind(1, visit.name).bind(2, visit.host).bind(3, visit.purpose).bind(4, visit.code);
          insert.bind(5, number(visit.from)).bind(6, number(visit.until));
        });
    if (!added) return added;
    const auto id =
        state_->first("SELECT last_insert_rowid()", [](Statement& row) { return row.integer(0); }, [](Statement&) {});
    if (!id) return std::unexpected(id.error());
    visit.id = id->value_or(0);
    return state_->open_access({.user = visit.user(),
                                .name = visit.name,
                                .role = PersonRole::visitor,
                                .group = "visitors",
                                .granted_by = std::string(by),
                                .from = visit.from,
                                .until = visit.until,
                                .closed = {},
                                .note = "visits " + visit.host + ": " + visit.purpose});
  });
  if (!done) return std::unexpected(done.error());
  return visit;
}

Result<std::optional<Visit>> PeopleStore::visit_of(std::string_view code) {
  if (code.empty()) return std::nullopt;
  const std::scoped_lock lock(state_->mutex);
  return state_->first(kVisitColumns + std::string("WHERE code <> '' AND code = ?1"), visit_from,
                       [&](Statement& query) { query.bind(1, code); });
}

Result<std::vector<Visit>> PeopleStore::visits() {
  const std::scoped_lock lock(state_->mutex);
  return state_->rows(kVisitColumns + std::string("ORDER BY id"), visit_from);
}

Result<void> PeopleStore::close_visit(std::int64_t id, std::string_view why, std::string_view by, TimePoint now) {
  return state_->in_transaction([&]() -> Result<void> {
    auto closed = state_->change("UPDATE visits SET closed = ?2 WHERE id = ?1 AND closed IS NULL",
                                 [&](Statement& update) { update.bind(1, id).bind(2, number(now)); });
    if (!closed) return closed;
    if (state_->database.changes() == 0) return fail(Fault::client, "there is no open visit " + std::to_string(id));
    return state_->close_access(Visit{.id = id, .closed = {}}.user(), why, by, now);
  });
}

// --- register of devices -----------------------------------------------------------------------------------------

Result<void> PeopleStore::put_device(const RegisteredDevice& device) {
  if (mac_address(device.mac) != device.mac)
    return fail(Fault::client, "'" + device.mac + "' is no hardware address", "02:00:5e:10:00:01");
  if (!is_device_kind(device.kind))
    return fail(Fault::client, "'" + device.kind + "' is no kind of device", "school, staff, phone, console or guest");
  for (const auto& [what, value] : {std::pair<std::string_view, const std::string&>{"the name", device.name},
                                    {"the owner", device.owner},
                                    {"the note", device.note}})
    if (auto good = check_text(what, value, true); !good) return good;
  return state_->in_transaction([&] {
    return state_->change(
        "INSERT OR REPLACE INTO devices(mac, name, owner, kind, by_name_only, note) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
        [&](Statement& insert) {
          insert.bind(1, device.mac).bind(2, device.name).bind(3, device.owner).bind(4, device.kind);
          insert.bind(5, std::int64_t(device.by_name_only)).bind(6, device.note);
        });
  });
}

Result<std::optional<RegisteredDevice>> PeopleStore::device(std::string_view mac) {
  const std::scoped_lock lock(state_->mutex);
  return state_->first(kDeviceColumns + std::string("WHERE mac = ?1"), device_from,
                       [&](Statement& query) { query.bind(1, mac); });
}

Result<std::vector<RegisteredDevice>> PeopleStore::devices() {
  const std::scoped_lock lock(state_->mutex);
  return state_->rows(kDeviceColumns + std::string("ORDER BY mac"), device_from);
}

Result<void> PeopleStore::remove_device(std::string_view mac) {
  return state_->in_transaction([&]() -> Result<void> {
    auto removed =
        state_->change("DELETE FROM devices WHERE mac = ?1", [&](Statement& remove) { remove.bind(1, mac); });
    if (!removed) return removed;
    if (state_->database.changes() == 0) return fail(Fault::client, "there is no device " + std::string(mac));
    return {};
  });
}

// --- register of access ------------------------------------------------------------------------------------------

Result<void> PeopleStore::note_access(const AccessGrant& grant, TimePoint now) {
  {
    const std::scoped_lock lock(state_->mutex);
    const auto open = state_->grants("WHERE user = ?1 AND closed IS NULL", grant.user);
    if (!open) return std::unexpected(open.error());
    for (const AccessGrant& row : *open)
      if (row.role == grant.role && row.group == grant.group) return {};
  }
  return state_->in_transaction([&]() -> Result<void> {
    if (auto closed = state_->close_access(grant.user, "changed", grant.granted_by, now); !closed) return closed;
    return state_->open_access(grant);
  });
}

Result<void> PeopleStore::close_access(std::string_view user, std::string_view why, std::string_view by,
                                       TimePoint now) {
  return state_->in_transaction([&] { return state_->close_access(user, why, by, now); });
}

Result<std::vector<AccessGrant>> PeopleStore::register_of_access(std::optional<TimePoint> open_at) {
  const std::scoped_lock lock(state_->mutex);
  auto all = state_->grants("", "");
  if (all && open_at) std::erase_if(*all, [&](const AccessGrant& grant) { return !grant.is_open(*open_at); });
  return all;
}

Result<std::vector<std::string>> PeopleStore::close_run_out(TimePoint now) {
  std::vector<std::string> users;
  {
    const std::scoped_lock lock(state_->mutex);
    auto found = state_->rows(
        "SELECT DISTINCT user FROM access WHERE closed IS NULL AND ends <= ?1",
        [](Statement& row) { return text(row, 0); }, [&](Statement& query) { query.bind(1, number(now)); });
    if (!found || found->empty()) return found;
    users = *std::move(found);
  }
  auto done = state_->in_transaction([&]() -> Result<void> {
    const auto at = [&](Statement& update) { update.bind(1, number(now)); };
    if (auto closed = state_->change("UPDATE access SET closed = ends, closed_why = 'its time was over', closed_by = "
                                     "'schoolgate' WHERE closed IS NULL AND ends <= ?1",
                                     at);
        !closed)
      return closed;
    return state_->change("UPDATE visits SET closed = ends WHERE closed IS NULL AND ends <= ?1", at);
  });
  if (!done) return std::unexpected(done.error());
  return users;
}

Result<std::uint64_t> PeopleStore::forget_before(TimePoint before, TimePoint now) {
  std::uint64_t rows = 0;
  auto done = state_->in_transaction([&]() -> Result<void> {
    for (const char* sql : {"DELETE FROM access WHERE closed < ?1", "DELETE FROM visits WHERE closed < ?1",
                            "DELETE FROM wrong_passwords WHERE last < ?1",
                            "DELETE FROM accounts WHERE (disabled = 1 OR valid_until < ?1)"
                            " AND user NOT IN (SELECT user FROM access)"}) {
      if (auto removed = state_->change(sql, [&](Statement& remove) { remove.bind(1, number(before)); }); !removed)
        return removed;
      rows += std::uint64_t(state_->database.changes());
    }
    return {};
  });
  if (!done) return std::unexpected(done.error());
  const auto answers = forget_answers_before(before, now);
  if (!answers) return answers;
  return rows + *answers;
}

// A chain is cut at its beginning only, and whoever has access is not asked again because an answer has grown old.
Result<std::uint64_t> PeopleStore::forget_answers_before(TimePoint before, TimePoint now) {
  const std::scoped_lock lock(state_->mutex);
  const auto oldest = state_->first(
      "SELECT coalesce((SELECT min(last) FROM (SELECT max(seq) AS last FROM answers WHERE user IN (SELECT user FROM "
      "access"
      " WHERE closed IS NULL) GROUP BY user)), (SELECT max(seq) + 1 FROM answers), 0)",
      [](Statement& row) { return row.integer(0); }, [](Statement&) {});
  if (!oldest) return std::unexpected(oldest.error());
  if (oldest->value_or(0) == 0) return 0;
  auto chain = store::Chain::open(state_->database, state_->key);
  if (!chain) return std::unexpected(chain.error());
  const std::uint64_t stays = std::uint64_t(**oldest), cut = chain->head().cut_seq;
  if (stays <= cut + 1) return 0;
  auto removed = chain->remove_before(before, now, stays - cut - 1);
  if (!removed) return removed;
  // Also where an earlier cut was not followed by this: a power cut may have come between.
  auto gone = state_->change("DELETE FROM answers WHERE seq <= ?1",
                             [&](Statement& remove) { remove.bind(1, std::int64_t(chain->head().cut_seq)); });
  if (!gone) return std::unexpected(gone.error());
  return removed;
}

Result<std::optional<TimePoint>> PeopleStore::done_at(std::string_view job) {
  const std::scoped_lock lock(state_->mutex);
  return state_->first(
      "SELECT at FROM done WHERE job = ?1", [](Statement& row) { return time_of(row.integer(0)); },
      [&](Statement& query) { query.bind(1, job); });
}

Result<void> PeopleStore::set_done(std::string_view job, TimePoint now) {
  const std::scoped_lock lock(state_->mutex);
  return state_->change("INSERT OR REPLACE INTO done(job, at) VALUES(?1, ?2)",
                        [&](Statement& insert) { insert.bind(1, job).bind(2, number(now)); });
}

// --- terms of use ------------------------------------------------------------------------------------------------

Result<void> PeopleStore::record_terms(const TermsAnswer& answer) {
  const std::scoped_lock lock(state_->mutex);
  auto transaction = Transaction::begin(state_->database);
  if (!transaction) return std::unexpected(transaction.error());
  // Opened within the transaction: another process may have written since.
  auto chain = store::Chain::open(state_->database, state_->key);
  if (!chain) return std::unexpected(chain.error());
  const std::uint64_t seq = chain->next_seq();
  const std::string id = Uuid::v7(answer.when).text(), address = answer.from.text();
  std::string record = record_of(answer, id, seq);
  chain->close_record(record);
  if (!chain->append(answer.when, record) || !chain->store_head())
    return std::unexpected(state_->database.error("write"));
  auto stored = state_->change(
      "INSERT INTO answers(seq, user, name, role, version, accepted, time, address, id) "
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
      [&](Statement& insert) {
        insert.bind(1, std::int64_t(seq)).bind(2, answer.user).bind(3, answer.name).bind(4, to_string(answer.role));
        insert.bind(5, answer.version).bind(6, std::int64_t(answer.accepted)).bind(7, number(answer.when));
        insert.bind(8, address).bind(9, id);
      });
  if (!stored) return stored;
  return transaction->commit();
}

Result<std::optional<TermsAnswer>> PeopleStore::last_terms(std::string_view user) {
  const std::scoped_lock lock(state_->mutex);
  return state_->first(kAnswerColumns + std::string("WHERE user = ?1 ORDER BY seq DESC"), answer_from,
                       [&](Statement& query) { query.bind(1, user); });
}

Result<std::vector<TermsAnswer>> PeopleStore::terms_answers() {
  const std::scoped_lock lock(state_->mutex);
  return state_->rows(kAnswerColumns + std::string("ORDER BY seq"), answer_from);
}

Result<std::uint64_t> PeopleStore::verify_terms() {
  const std::scoped_lock lock(state_->mutex);
  const auto head = store::read_head(state_->database);
  // No answer yet: the chain's tables are made with the first.
  if (!head) {
    const auto none =
        state_->first("SELECT count(*) FROM answers", [](Statement& row) { return row.integer(0); }, [](Statement&) {});
    if (none && none->value_or(1) == 0) return 0;
    return std::unexpected(head.error());
  }
  if (!head->broken.empty()) return fail(Fault::host, "the record of answers is broken: " + head->broken);
  if (!head->is_signed_by(state_->key)) return fail(Fault::host, "the record of answers is not signed by this gateway");

  auto query = state_->database.prepare(
      "SELECT r.seq, r.record, r.hash, a.user, a.name, a.role, a.version, a.accepted, a.time, a.address, a.id "
      "FROM records r LEFT JOIN answers a ON a.seq = r.seq ORDER BY r.seq");
  if (!query) return std::unexpected(query.error());
  std::uint64_t count = 0, last = head->cut_seq;
  std::string before = head->cut_hash;
  for (Step step = query->step(); step != Step::done; step = query->step()) {
    if (step == Step::failed) return std::unexpected(state_->database.error("read"));
    const auto seq = std::uint64_t(query->integer(0));
    TermsAnswer answer{.user = text(*query, 3),
                       .name = text(*query, 4),
                       .role = person_role_of(query->text(5)).value_or(PersonRole::pupil),
                       .version = text(*query, 6),
                       .accepted = query->integer(7) != 0,
                       .when = time_of(query->integer(8)),
                       .from = address_of(query->text(9))};
    const std::string expected = record_of(answer, query->text(10), seq) + R"(,"previous_hash":")" + before + "\"}";
    const std::string hash = to_hex(sha256(query->text(1)));
    if (seq != last + 1 || query->text(1) != expected || query->text(2) != hash)
      return fail(Fault::host, "answer " + std::to_string(last + 1) + " to the terms is not as it was written");
    before = hash;
    last = seq;
    ++count;
  }
  const auto rows =
      state_->first("SELECT count(*) FROM answers", [](Statement& row) { return row.integer(0); }, [](Statement&) {});
  if (!rows) return std::unexpected(rows.error());
  if (last != head->seq || before != head->hash || std::uint64_t(rows->value_or(-1)) != count)
    return fail(Fault::host, "answers to the terms are missing after number " + std::to_string(last));
  return count;
}

// --- wrong passwords ---------------------------------------------------------------------------------------------

Result<void> PeopleStore::note_wrong_password(std::string_view typed, const IpAddress& from, TimePoint now) {
  const std::scoped_lock lock(state_->mutex);
  const std::string address = from.text();
  const auto known = state_->first(
      "SELECT 1 WHERE ?1 IN (SELECT user FROM accounts) OR ?1 IN (SELECT user FROM access) OR ?1 IN (SELECT user FROM"
      " answers)",
      [](Statement& row) { return row.integer(0); }, [&](Statement& query) { query.bind(1, typed); });
  if (!known) return std::unexpected(known.error());
  const std::string user = *known ? std::string(typed) : name_of_unknown(state_->key, typed);
  return state_->change(
      "INSERT INTO wrong_passwords(user, count, last, address) SELECT ?1, 1, ?2, ?3 "
      "WHERE (SELECT count(*) FROM wrong_passwords) < ?4 OR ?1 IN (SELECT user FROM wrong_passwords) "
      "ON CONFLICT(user) DO UPDATE SET count = count + 1, last = excluded.last, address = excluded.address",
      [&](Statement& insert) {
        insert.bind(1, user).bind(2, number(now)).bind(3, address).bind(4, kMostWrongPasswords);
      });
}

Result<void> PeopleStore::clear_wrong_passwords(std::string_view user) {
  const std::scoped_lock lock(state_->mutex);
  const std::string unknown = name_of_unknown(state_->key, user);  // as it was kept before its first sign-in
  const auto there = state_->first(
      "SELECT 1 FROM wrong_passwords WHERE user IN (?1, ?2)", [](Statement& row) { return row.integer(0); },
      [&](Statement& query) { query.bind(1, user).bind(2, unknown); });
  if (!there) return std::unexpected(there.error());
  if (!*there) return {};  // no write, so no wait for the disk, at the usual sign-in
  return state_->change("DELETE FROM wrong_passwords WHERE user IN (?1, ?2)",
                        [&](Statement& remove) { remove.bind(1, user).bind(2, unknown); });
}

Result<std::vector<WrongPasswords>> PeopleStore::wrong_passwords() {
  const std::scoped_lock lock(state_->mutex);
  return state_->rows("SELECT user, count, last, address FROM wrong_passwords ORDER BY last DESC", [](Statement& row) {
    return WrongPasswords{text(row, 0), std::uint64_t(row.integer(1)), time_of(row.integer(2)),
                          address_of(row.text(3))};
  });
}

// --- sessions ----------------------------------------------------------------------------------------------------

Result<void> PeopleStore::save_sessions(const std::vector<SavedSession>& sessions) {
  const std::scoped_lock lock(state_->mutex);
  auto transaction = Transaction::begin(state_->database);
  if (!transaction) return std::unexpected(transaction.error());
  if (auto cleared = state_->database.run("DELETE FROM sessions"); !cleared) return cleared;
  auto insert = state_->database.prepare(
      "INSERT INTO sessions(address, user, name, groups, confidence, said_by, source, mac, session_id, terms_due, "
      "until, since, seen, ends) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)");
  if (!insert) return std::unexpected(insert.error());
  for (const SavedSession& saved : sessions) {
    const SignedIn& it = saved.session;
    const std::string address = it.address.text(), groups = joined(it.person.groups, ",");
    insert->bind(1, address).bind(2, it.person.user).bind(3, it.person.name).bind(4, groups);
    insert->bind(5, std::int64_t(it.person.confidence)).bind(6, it.person.source).bind(7, to_string(it.source));
    insert->bind(8, it.mac).bind(9, it.session_id).bind(10, std::int64_t(it.terms_due));
    bind(*insert, 11, it.until);
    insert->bind(12, number(saved.since)).bind(13, number(saved.seen)).bind(14, number(saved.ends));
    if (!insert->run()) return std::unexpected(state_->database.error("write"));
  }
  return transaction->commit();
}

Result<std::vector<SavedSession>> PeopleStore::load_sessions() {
  const std::scoped_lock lock(state_->mutex);
  return state_->rows(
      "SELECT address, user, name, groups, confidence, said_by, source, mac, session_id, terms_due, until, since, "
      "seen, "
      "ends FROM sessions",
      [](Statement& row) {
        const std::int64_t confidence =
            std::clamp<std::int64_t>(row.integer(4), 0, std::int64_t(rules::Confidence::login));
        return SavedSession{.session = {.address = address_of(row.text(0)),
                                        .person = {.user = text(row, 1),
                                                   .name = text(row, 2),
                                                   .groups = split(row.text(3)),
                                                   .confidence = rules::Confidence(confidence),
                                                   .source = text(row, 5)},
                                        .source = source_of(row.text(6)).value_or(Source::neighbours),
                                        .mac = text(row, 7),
                                        .session_id = text(row, 8),
                                        .terms_due = row.integer(9) != 0,
                                        .until = maybe_time(row, 10)},
                            .since = time_of(row.integer(11)),
                            .seen = time_of(row.integer(12)),
                            .ends = time_of(row.integer(13))};
      });
}

std::uint64_t PeopleStore::change_mark() {
  const std::scoped_lock lock(state_->mutex);
  // Changes when another connection has committed, never by our own commits.
  const auto version = state_->first(
      "SELECT data_version FROM pragma_data_version", [](Statement& row) { return row.integer(0); }, [](Statement&) {});
  return (version && *version ? std::uint64_t(**version) << 32 : 0) + state_->own_changes;
}

void PeopleStore::checkpoint() {
  const std::scoped_lock lock(state_->mutex);
  (void)state_->database.checkpoint();  // tried again in a minute; SQLite keeps what it could not move
}

}  // namespace schoolgate::identity
