#include "identity/users.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

#include "base/digest.h"
#include "identity/account_name.h"
#include "identity/credentials_backoff.h"
#include "identity/password.h"
#include "identity/totp.h"
#include "rules/utf8.h"
#include "store/only_ask.h"
#include "store/sqlite.h"
#include "store/transaction.h"

namespace schoolgate::identity {
namespace {

using store::Database;
using store::Statement;
using namespace std::chrono_literals;

constexpr std::string_view kRoles[] = {"dsl", "deputy", "head", "governor", "technician", "administrator"};
constexpr std::size_t kLongestName = 100;
constexpr int kMostSessions = 10;  // of one user; the oldest ends
/// So long a session's last activity may be behind what is on disk: a write a minute and not one a page.
constexpr std::chrono::minutes kActivityBehind{1};

constexpr Backoff::Rule kAccountAtAddress{.free_attempts = 5, .first_wait = 1s, .longest_wait = 900s};
constexpr Backoff::Rule kAddress{
    .free_attempts = 20, .first_wait = 1s, .longest_wait = 900s, .success = Backoff::OnSuccess::keeps};
constexpr Backoff::Rule kAccount{.free_attempts = 20, .first_wait = 1s, .longest_wait = 60s};

constexpr const char* kSchema = R"sql(
CREATE TABLE IF NOT EXISTS users (
  user TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, password TEXT NOT NULL,
  disabled INTEGER NOT NULL DEFAULT 0, made INTEGER NOT NULL, last_sign_in INTEGER,
  code_secret BLOB, code_pending BLOB, code_step INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (
  token_hash TEXT PRIMARY KEY, user TEXT NOT NULL, since INTEGER NOT NULL, last_active INTEGER NOT NULL,
  address TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_of_user ON sessions (user, since);
CREATE TABLE IF NOT EXISTS set_up_links (
  token_hash TEXT PRIMARY KEY, user TEXT NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
PRAGMA user_version = 1;
)sql";

std::int64_t to_number(TimePoint time) { return time.time_since_epoch().count(); }
TimePoint to_time(std::int64_t number) { return TimePoint(std::chrono::milliseconds(number)); }

/// The table of waits knows no wall clock; here it is given one, so that a test can move it.
Backoff::Clock::time_point to_steady(TimePoint time) { return Backoff::Clock::time_point(time.time_since_epoch()); }

std::string make_token() {
  std::array<std::uint8_t, 32> random;
  fill_random(random);
  return to_hex(random);
}
bool is_token(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}
std::string hash_of(std::string_view token) { return to_hex(sha256(token)); }

bool is_readable_name(std::string_view name) {
  if (name.empty() || name.size() > kLongestName) return false;
  for (std::string_view rest = name; !rest.empty();) {
    const auto [c, length] = rules::next_code_point(rest);
    if (c == rules::kNoCodePoint || c < 0x20 || (c >= 0x7F && c < 0xA0)) return false;
    rest.remove_prefix(length);
  }
  return true;
}

std::unexpected<Error> no_such_user(std::string_view user) {
  // What was typed is not repeated unless it looks like a name: it may be a password in the wrong field.
  const auto name = account_name(user);
  return fail(Fault::client, name ? "there is no user " + *name : "there is no such user", "schoolgate user list");
}

}  // namespace

std::string_view to_string(Role role) noexcept { return kRoles[std::size_t(role)]; }

std::optional<Role> role_of(std::string_view text) noexcept {
  const auto found = std::ranges::find(kRoles, text);
  if (found == std::end(kRoles)) return std::nullopt;
  return Role(found - std::begin(kRoles));
}

struct Users::State {
  std::mutex mutex;
  Database database;
  Backoff of_pair{kAccountAtAddress}, of_address{kAddress}, of_account{kAccount};

  // --- the database, with the mutex held

  struct Row {
    User user;
    std::string password, code_secret, code_pending;
    std::int64_t code_step = 0;
  };

  /// Runs one statement with text parameters from 1 on, and says how many rows it changed.
  template <class... Values>
  Result<int> change(std::string_view sql, const Values&... values) {
    auto statement = database.prepare(sql);
    if (!statement) return std::unexpected(statement.error());
    int parameter = 0;
    (bind(*statement, ++parameter, values), ...);
    if (!statement->run()) return std::unexpected(database.error("write"));
    return database.changes();
  }
  static void bind(Statement& statement, int parameter, std::string_view value) { statement.bind(parameter, value); }
  static void bind(Statement& statement, int parameter, std::int64_t value) { statement.bind(parameter, value); }
  struct Bytes {
    std::string_view value;
  };
  static void bind(Statement& statement, int parameter, Bytes bytes) { statement.bind_blob(parameter, bytes.value); }

  Result<std::vector<Row>> rows(std::string_view where, std::string_view value) {
    auto statement = database.prepare(
        "SELECT user, name, role, password, disabled, made, last_sign_in, code_secret, code_pending, code_step "
        "FROM users " +
        std::string(where));
    if (!statement) return std::unexpected(statement.error());
    if (!where.starts_with("ORDER")) statement->bind(1, value);
    std::vector<Row> out;
    for (;;) {
      switch (statement->step()) {
        case Statement::Step::failed: return std::unexpected(database.error("read"));
        case Statement::Step::done: return out;
        case Statement::Step::row: break;
      }
      Row row;
      row.user.user = statement->text(0);
      row.user.name = statement->text(1);
      const auto role = role_of(statement->text(2));
      if (!role) return fail(Fault::host, "desk_users.db holds a role that is none", "restore it from a backup");
      row.user.role = *role;
      row.password = statement->text(3);
      row.user.disabled = statement->integer(4) != 0;
      row.user.made = to_time(statement->integer(5));
      if (!statement->is_null(6)) row.user.last_sign_in = to_time(statement->integer(6));
      row.code_secret = statement->text(7);
      row.code_pending = statement->text(8);
      row.code_step = statement->integer(9);
      row.user.second_factor = !row.code_secret.empty();
      out.push_back(std::move(row));
    }
  }

  /// Nothing for a name that is none or that nobody has.
  Result<std::optional<Row>> row_of(std::string_view user) {
    const auto name = account_name(user);
    if (!name) return std::nullopt;
    auto found = rows("WHERE user = ?1", *name);
    if (!found) return std::unexpected(found.error());
    if (found->empty()) return std::nullopt;
    return std::move(found->front());
  }

  /// Everything in `work` or nothing of it.
  template <class Work>
  Result<void> in_one_step(const Work& work) {
    return store::in_transaction(database, work);
  }

  Result<void> end_sessions(std::string_view user) {
    if (auto ended = change("DELETE FROM sessions WHERE user = ?1", user); !ended)
      return std::unexpected(ended.error());
    return {};
  }

  /// Fault client when nobody else could administer any more.
  Result<void> another_administrator(std::string_view user) {
    auto all = rows("ORDER BY user", {});
    if (!all) return std::unexpected(all.error());
    const bool another = std::ranges::any_of(*all, [&](const Row& row) {
      return row.user.user != user && !row.user.disabled && row.user.role == Role::administrator;
    });
    if (another) return {};
    return fail(Fault::client, std::string(user) + " is the only administrator", "make another one first");
  }

  Result<void> insert(std::string_view user, std::string_view name, Role role, std::string_view hash, TimePoint now) {
    const auto account = account_name(user);
    if (!account)
      return fail(Fault::client, "that is no user name", "1 to 64 letters, digits, dots and dashes: d.lead");
    if (!is_readable_name(name)) return fail(Fault::client, "the name is empty or too long", "write it as people do");
    auto taken = row_of(*account);
    if (!taken) return std::unexpected(taken.error());
    if (*taken) return fail(Fault::client, "there is a user " + *account + " already", "choose another name");
    auto made = change("INSERT INTO users (user, name, role, password, made) VALUES (?1, ?2, ?3, ?4, ?5)", *account,
                       name, to_string(role), hash, to_number(now));
    if (!made) return std::unexpected(made.error());
    return {};
  }

  Result<void> put_password(const std::string& user, std::string_view hash) {
    auto changed = change("UPDATE users SET password = ?2 WHERE user = ?1", user, hash);
    if (!changed) return std::unexpected(changed.error());
    return {};
  }

  Result<std::string> begin_session(const Row& row, const names::IpAddress& address, TimePoint now) {
    std::string token = make_token();
    auto done = in_one_step([&]() -> Result<void> {
      for (const auto& changed :
           {change("DELETE FROM sessions WHERE since < ?1 OR last_active < ?2", to_number(now - kAbsolute),
                   to_number(now - kIdle)),
            change("DELETE FROM sessions WHERE user = ?1 AND token_hash NOT IN "
                   "(SELECT token_hash FROM sessions WHERE user = ?1 ORDER BY since DESC LIMIT ?2)",
                   row.user.user, std::int64_t(kMostSessions - 1)),
            change("INSERT INTO sessions VALUES (?1, ?2, ?3, ?3, ?4)", hash_of(token), row.user.user, to_number(now),
                   address.text()),
            change("UPDATE users SET last_sign_in = ?2 WHERE user = ?1", row.user.user, to_number(now))})
        if (!changed) return std::unexpected(changed.error());
      return {};
    });
    if (!done) return std::unexpected(done.error());
    return token;
  }

  struct Link {
    std::string user;
  };
  Result<std::optional<Link>> link_of(std::string_view token, TimePoint now) {
    if (!is_token(token)) return std::nullopt;
    auto statement = database.prepare("SELECT user FROM set_up_links WHERE token_hash = ?1 AND until > ?2");
    if (!statement) return std::unexpected(statement.error());
    const std::string hash = hash_of(token);
    switch (statement->bind(1, hash).bind(2, to_number(now)).step()) {
      case Statement::Step::failed: return std::unexpected(database.error("read"));
      case Statement::Step::done: return std::nullopt;
      case Statement::Step::row: break;
    }
    return Link{std::string(statement->text(0))};
  }
};

namespace {

std::string csrf_of(std::string_view token) { return to_hex(hmac_sha256(token, "schoolgate desk form")); }

Result<std::string> good_password(std::string_view password, std::string_view user) {
  if (auto weakness = weakness_of(password, user))
    return fail(Fault::client, "the password will not do", *std::move(weakness));
  return hash_password(password);
}

}  // namespace

Users::Users(std::unique_ptr<State> state) : state_(std::move(state)) {}
Users::~Users() = default;

Result<std::unique_ptr<Users>> Users::open(const std::filesystem::path& state_folder) {
  auto database = Database::open(state_folder / "desk_users.db", Database::Access::write);
  if (!database) return std::unexpected(database.error());
  if (!store::only_asks())
    if (auto made = database->run(kSchema); !made) return std::unexpected(made.error());
  auto state = std::make_unique<State>();
  state->database = *std::move(database);
  return std::unique_ptr<Users>(new Users(std::move(state)));
}

// --- accounts

Result<void> Users::add(std::string_view user, std::string_view name, Role role, std::string_view password,
                        TimePoint now) {
  const auto hash = good_password(password, user);
  if (!hash) return std::unexpected(hash.error());
  const std::scoped_lock lock(state_->mutex);
  return state_->in_one_step([&] { return state_->insert(user, name, role, *hash, now); });
}

Result<std::vector<User>> Users::list() {
  const std::scoped_lock lock(state_->mutex);
  auto rows = state_->rows("ORDER BY user", {});
  if (!rows) return std::unexpected(rows.error());
  std::vector<User> users;
  for (State::Row& row : *rows) users.push_back(std::move(row.user));
  return users;
}

Result<std::optional<User>> Users::find(std::string_view user) {
  const std::scoped_lock lock(state_->mutex);
  auto row = state_->row_of(user);
  if (!row) return std::unexpected(row.error());
  if (!*row) return std::nullopt;
  return std::move((*row)->user);
}

Result<void> Users::disable(std::string_view user) {
  const std::scoped_lock lock(state_->mutex);
  return state_->in_one_step([&]() -> Result<void> {
    auto row = state_->row_of(user);
    if (!row) return std::unexpected(row.error());
    if (!*row) return no_such_user(user);
    if ((*row)->user.role == Role::administrator)
      if (auto another = state_->another_administrator((*row)->user.user); !another) return another;
    if (auto done = state_->change("UPDATE users SET disabled = 1 WHERE user = ?1", (*row)->user.user); !done)
      return std::unexpected(done.error());
    return state_->end_sessions((*row)->user.user);
  });
}

Result<void> Users::enable(std::string_view user) {
  const std::scoped_lock lock(state_->mutex);
  const auto name = account_name(user);
  if (!name) return no_such_user(user);
  const auto changed = state_->change("UPDATE users SET disabled = 0 WHERE user = ?1", *name);
  if (!changed) return std::unexpected(changed.error());
  if (*changed == 0) return no_such_user(user);
  return {};
}

Result<void> Users::set_role(std::string_view user, Role role) {
  const std::scoped_lock lock(state_->mutex);
  return state_->in_one_step([&]() -> Result<void> {
    auto row = state_->row_of(user);
    if (!row) return std::unexpected(row.error());
    if (!*row) return no_such_user(user);
    if ((*row)->user.role == Role::administrator && role != Role::administrator)
      if (auto another = state_->another_administrator((*row)->user.user); !another) return another;
    if (auto done = state_->change("UPDATE users SET role = ?2 WHERE user = ?1", (*row)->user.user, to_string(role));
        !done)
      return std::unexpected(done.error());
    return state_->end_sessions((*row)->user.user);
  });
}

Result<void> Users::set_password(std::string_view user, std::string_view password) {
  const auto hash = good_password(password, user);
  if (!hash) return std::unexpected(hash.error());
  const std::scoped_lock lock(state_->mutex);
  return state_->in_one_step([&]() -> Result<void> {
    auto row = state_->row_of(user);
    if (!row) return std::unexpected(row.error());
    if (!*row) return no_such_user(user);
    if (auto put = state_->put_password((*row)->user.user, *hash); !put) return put;
    return state_->end_sessions((*row)->user.user);
  });
}

Result<void> Users::change_password(std::string_view user, std::string_view old_password, std::string_view new_password,
                                    std::string_view token) {
  std::optional<State::Row> row;
  {
    const std::scoped_lock lock(state_->mutex);
    auto found = state_->row_of(user);
    if (!found) return std::unexpected(found.error());
    row = *std::move(found);
  }
  if (!row || row->user.disabled) return no_such_user(user);
  if (!verify_password(row->password, old_password)) return fail(Fault::client, "the old password is not right");
  const auto hash = good_password(new_password, user);
  if (!hash) return std::unexpected(hash.error());
  const std::scoped_lock lock(state_->mutex);
  return state_->in_one_step([&]() -> Result<void> {
    if (auto put = state_->put_password(row->user.user, *hash); !put) return put;
    auto ended =
        state_->change("DELETE FROM sessions WHERE user = ?1 AND token_hash <> ?2", row->user.user, hash_of(token));
    if (!ended) return std::unexpected(ended.error());
    return {};
  });
}

// --- second factor

Result<std::string> Users::begin_second_factor(std::string_view user) {
  const std::scoped_lock lock(state_->mutex);
  const auto name = account_name(user);
  if (!name) return no_such_user(user);
  std::string secret = make_totp_secret();
  const auto changed =
      state_->change("UPDATE users SET code_pending = ?2 WHERE user = ?1", *name, State::Bytes{secret});
  if (!changed) return std::unexpected(changed.error());
  if (*changed == 0) return no_such_user(user);
  return secret;
}

Result<bool> Users::confirm_second_factor(std::string_view user, std::string_view code, TimePoint now) {
  const std::scoped_lock lock(state_->mutex);
  auto row = state_->row_of(user);
  if (!row) return std::unexpected(row.error());
  if (!*row || (*row)->code_pending.empty())
    return fail(Fault::client, "no second factor waits to be confirmed", "begin again");
  const auto step = check_totp((*row)->code_pending, code, now, 0);
  if (!step) return false;
  const auto changed =
      state_->change("UPDATE users SET code_secret = code_pending, code_pending = NULL, code_step = ?2 WHERE user = ?1",
                     (*row)->user.user, *step);
  if (!changed) return std::unexpected(changed.error());
  return true;
}

Result<void> Users::remove_second_factor(std::string_view user) {
  const std::scoped_lock lock(state_->mutex);
  const auto name = account_name(user);
  if (!name) return no_such_user(user);
  const auto changed =
      state_->change("UPDATE users SET code_secret = NULL, code_pending = NULL WHERE user = ?1", *name);
  if (!changed) return std::unexpected(changed.error());
  if (*changed == 0) return no_such_user(user);
  return {};
}

// --- signing in

Result<SignInAnswer> Users::sign_in(std::string_view user, std::string_view password, std::string_view code,
                                    const names::IpAddress& address, TimePoint now) {
  const std::string from = address.text(), name = account_name(user).value_or(std::string());
  const auto steady = to_steady(now);
  // Counted before it is judged: guesses that come at once are no more than guesses in a row.
  std::vector<Attempt::Count> counts{{state_->of_pair, name + ' ' + from}, {state_->of_address, from}};
  if (!name.empty()) counts.push_back({state_->of_account, name});
  auto attempt = Attempt::take(std::move(counts), steady);
  if (!attempt)
    return SignInAnswer{.kind = SignInAnswer::Kind::wait, .token = {}, .session = {}, .wait = attempt.error().wait};
  const auto wrong = [&]() -> SignInAnswer {
    attempt->failed(steady);
    return {};
  };
  std::optional<State::Row> row;
  {
    const std::scoped_lock lock(state_->mutex);
    auto found = state_->row_of(name);
    if (!found) return std::unexpected(found.error());
    row = *std::move(found);
  }
  // Outside the lock: it takes its time, and others sign in meanwhile. Nobody's password costs the same.
  if (row && !row->user.disabled) {
    if (!verify_password(row->password, password)) return wrong();
  } else {
    verify_nobody(password);
    return wrong();
  }
  const bool old_cost = needs_rehash(row->password);
  const auto hash = old_cost ? hash_password(password) : Result<std::string>(std::string());

  const std::scoped_lock lock(state_->mutex);
  if (row->user.second_factor) {
    if (code.empty()) return SignInAnswer{.kind = SignInAnswer::Kind::code_needed, .token = {}, .session = {}};
    const auto step = check_totp(row->code_secret, code, now, row->code_step);
    if (!step) return wrong();
    // The condition stands in the statement, so that two who sign in at once cannot both use the code.
    const auto used =
        state_->change("UPDATE users SET code_step = ?2 WHERE user = ?1 AND code_step < ?2", row->user.user, *step);
    if (!used) return std::unexpected(used.error());
    if (*used == 0) return wrong();
  }
  if (old_cost && hash)
    if (auto put = state_->put_password(row->user.user, *hash); !put) return std::unexpected(put.error());
  auto token = state_->begin_session(*row, address, now);
  if (!token) return std::unexpected(token.error());
  attempt->succeeded();
  SignInAnswer answer{.kind = SignInAnswer::Kind::accepted, .token = *std::move(token), .session = {}};
  answer.session = {row->user.user, row->user.name, row->user.role, csrf_of(answer.token), now, now};
  return answer;
}

Result<std::optional<DeskSession>> Users::session(std::string_view token, TimePoint now) {
  if (!is_token(token)) return std::nullopt;
  const std::string hash = hash_of(token);
  const std::scoped_lock lock(state_->mutex);
  auto statement = state_->database.prepare(
      "SELECT s.user, u.name, u.role, s.since, s.last_active FROM sessions s JOIN users u ON u.user = s.user "
      "WHERE s.token_hash = ?1 AND u.disabled = 0");
  if (!statement) return std::unexpected(statement.error());
  switch (statement->bind(1, hash).step()) {
    case Statement::Step::failed: return std::unexpected(state_->database.error("read"));
    case Statement::Step::done: return std::nullopt;
    case Statement::Step::row: break;
  }
  DeskSession session;
  session.user = statement->text(0);
  session.name = statement->text(1);
  const auto role = role_of(statement->text(2));
  session.since = to_time(statement->integer(3));
  session.last_active = to_time(statement->integer(4));
  *statement = Statement();
  if (!role || now - session.since > kAbsolute || now - session.last_active > kIdle) {
    if (auto ended = state_->change("DELETE FROM sessions WHERE token_hash = ?1", hash); !ended)
      return std::unexpected(ended.error());
    return std::nullopt;
  }
  session.role = *role;
  session.csrf = csrf_of(token);
  if (now - session.last_active >= kActivityBehind) {
    auto noted = state_->change("UPDATE sessions SET last_active = ?2 WHERE token_hash = ?1", hash, to_number(now));
    if (!noted) return std::unexpected(noted.error());
    session.last_active = now;
  }
  return session;
}

Result<void> Users::sign_out(std::string_view token) {
  const std::scoped_lock lock(state_->mutex);
  if (auto ended = state_->change("DELETE FROM sessions WHERE token_hash = ?1", hash_of(token)); !ended)
    return std::unexpected(ended.error());
  return {};
}

bool Users::csrf_matches(const DeskSession& session, std::string_view given) noexcept {
  return !session.csrf.empty() && equal_in_constant_time(session.csrf, given);
}

// --- the first administrator

Result<bool> Users::has_users() {
  const std::scoped_lock lock(state_->mutex);
  auto rows = state_->rows("ORDER BY user LIMIT 1", {});
  if (!rows) return std::unexpected(rows.error());
  return !rows->empty();
}

Result<SetUpLink> Users::make_set_up_link(TimePoint now, std::string_view user) {
  const std::scoped_lock lock(state_->mutex);
  std::string name;
  if (!user.empty()) {
    auto row = state_->row_of(user);
    if (!row) return std::unexpected(row.error());
    if (!*row) return no_such_user(user);
    name = (*row)->user.user;
  }
  SetUpLink link{make_token(), now + kSetUpLink};
  auto done = state_->in_one_step([&]() -> Result<void> {
    for (const auto& changed :
         {state_->change("DELETE FROM set_up_links WHERE user = ?1 OR until <= ?2", name, to_number(now)),
          state_->change("INSERT INTO set_up_links VALUES (?1, ?2, ?3)", hash_of(link.token), name,
                         to_number(link.until))})
      if (!changed) return std::unexpected(changed.error());
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return link;
}

Result<std::optional<Users::SetUp>> Users::look_at_set_up_link(std::string_view token, TimePoint now) {
  const std::scoped_lock lock(state_->mutex);
  auto link = state_->link_of(token, now);
  if (!link) return std::unexpected(link.error());
  if (!*link) return std::nullopt;
  return SetUp{(*link)->user};
}

Result<void> Users::use_set_up_link(std::string_view token, std::string_view user, std::string_view name,
                                    std::string_view password, TimePoint now) {
  const auto refuse = [] {
    return fail(Fault::client, "this link has been used, or is older than 24 hours", "schoolgate user setup-link");
  };
  auto look = look_at_set_up_link(token, now);  // before a hash is made for anybody who asks
  if (!look) return std::unexpected(look.error());
  if (!*look) return refuse();
  const auto hash = good_password(password, (*look)->user.empty() ? user : std::string_view((*look)->user));
  if (!hash) return std::unexpected(hash.error());
  const std::scoped_lock lock(state_->mutex);
  return state_->in_one_step([&]() -> Result<void> {
    auto link = state_->link_of(token, now);
    if (!link) return std::unexpected(link.error());
    if (!*link) return refuse();
    if (auto used = state_->change("DELETE FROM set_up_links WHERE token_hash = ?1", hash_of(token)); !used)
      return std::unexpected(used.error());
    if ((*link)->user.empty()) return state_->insert(user, name, Role::administrator, *hash, now);
    if (auto put = state_->put_password((*link)->user, *hash); !put) return put;
    return state_->end_sessions((*link)->user);
  });
}

}  // namespace schoolgate::identity
