#include "identity/user_database.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "base/digest.h"
#include "identity/account_name.h"
#include "identity/password.h"
#include "identity/password_secret.h"
#include "rules/utf8.h"
#include "store/only_ask.h"
#include "store/sql.h"
#include "store/transaction.h"

namespace schoolgate::identity {
namespace {

using store::Database;
using namespace std::chrono_literals;

constexpr std::string_view kRoles[] = {"dsl", "deputy", "head", "governor", "technician", "administrator"};
constexpr std::size_t kLongestName = 100;

constexpr Backoff::Rule kAccountAtAddress{.free_attempts = 5, .first_wait = 1s, .longest_wait = 900s};
constexpr Backoff::Rule kAddressRule{
    .free_attempts = 20, .first_wait = 1s, .longest_wait = 900s, .success = Backoff::OnSuccess::keeps};
constexpr Backoff::Rule kAccountRule{.free_attempts = 20, .first_wait = 1s, .longest_wait = 60s};

constexpr const char* kUserSchema = R"sql(
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

bool is_readable_name(std::string_view name) {
  if (name.empty() || name.size() > kLongestName) return false;
  for (std::string_view rest = name; !rest.empty();) {
    const auto [c, length] = rules::next_code_point(rest);
    if (c == rules::kNoCodePoint || c < 0x20 || (c >= 0x7F && c < 0xA0)) return false;
    rest.remove_prefix(length);
  }
  return true;
}

constexpr std::string_view kUserColumns =
    "SELECT user, name, role, password, disabled, made, last_sign_in, code_secret, code_pending, code_step FROM users ";

// A role that is none is told apart from the others: nothing is guessed at.
std::optional<UserRow> read_row(store::Statement& row) {
  UserRow out;
  out.user.user = row.take<std::string>();
  out.user.name = row.take<std::string>();
  const auto role = role_of(row.take<std::string_view>());
  if (!role) return std::nullopt;
  out.user.role = *role;
  out.password = row.take<std::string>();
  out.user.disabled = row.take<bool>();
  out.user.made = row.take<TimePoint>();
  out.user.last_sign_in = row.take<std::optional<TimePoint>>();
  out.code_secret = row.take<std::string>();
  out.code_pending = row.take<std::string>();
  out.code_step = row.take<std::int64_t>();
  out.user.second_factor = !out.code_secret.empty();
  return out;
}

template <class... Parameters>
Result<std::vector<UserRow>> rows(Database& users, std::string_view where, const Parameters&... parameters) {
  auto read = store::select_all(users, std::string(kUserColumns) + std::string(where), read_row, parameters...);
  if (!read) return std::unexpected(read.error());
  std::vector<UserRow> out;
  for (auto& row : *read) {
    if (!row) return fail(Fault::host, "desk_users.db holds a role that is none", "restore it from a backup");
    out.push_back(*std::move(row));
  }
  return out;
}

}  // namespace

std::string_view to_string(Role role) noexcept { return kRoles[std::size_t(role)]; }

std::optional<Role> role_of(std::string_view text) noexcept {
  const auto found = std::ranges::find(kRoles, text);
  if (found == std::end(kRoles)) return std::nullopt;
  return Role(found - std::begin(kRoles));
}

SignInWaits::SignInWaits() : of_pair(kAccountAtAddress), of_address(kAddressRule), of_account(kAccountRule) {}

Result<std::unique_ptr<UserDatabase>> UserDatabase::open(const std::filesystem::path& state_folder) {
  const auto file = state_folder / "desk_users.db";
  const bool absent = store::is_absent_for_asker(file);
  auto database = absent ? Database::in_place_of(file) : Database::open(file, Database::Access::write);
  if (!database) return std::unexpected(database.error());
  if (absent || !store::only_asks())
    if (auto made = database->run(kUserSchema); !made) return std::unexpected(made.error());
  return std::unique_ptr<UserDatabase>(new UserDatabase(*std::move(database)));
}

Result<void> UserDatabase::change(const std::function<Result<void>(Database&)>& work) {
  const std::scoped_lock lock(mutex_);
  return store::in_transaction(database_, [&] { return work(database_); });
}

Result<std::vector<UserRow>> user_rows(Database& users) { return rows(users, "ORDER BY user"); }

Result<std::optional<UserRow>> user_row(Database& users, std::string_view user) {
  const auto name = account_name(user);
  if (!name) return std::nullopt;
  auto found = rows(users, "WHERE user = ?1", *name);
  if (!found) return std::unexpected(found.error());
  if (found->empty()) return std::nullopt;
  return std::move(found->front());
}

Result<UserRow> known_user_row(Database& users, std::string_view user) {
  auto row = user_row(users, user);
  if (!row) return std::unexpected(row.error());
  if (!*row) return no_such_user(user);
  return **std::move(row);
}

Result<void> put_user(Database& users, std::string_view user, std::string_view name, Role role,
                      std::string_view password_hash, TimePoint now) {
  const auto account = account_name(user);
  if (!account) return fail(Fault::client, "that is no user name", "1 to 64 letters, digits, dots and dashes: d.lead");
  if (!is_readable_name(name)) return fail(Fault::client, "the name is empty or too long", "write it as people do");
  auto taken = user_row(users, *account);
  if (!taken) return std::unexpected(taken.error());
  if (*taken) return fail(Fault::client, "there is a user " + *account + " already", "choose another name");
  return store::write(users, "INSERT INTO users (user, name, role, password, made) VALUES (?1, ?2, ?3, ?4, ?5)",
                      *account, name, to_string(role), password_hash, now);
}

Result<void> put_password(Database& users, std::string_view user, std::string_view hash) {
  return store::write(users, "UPDATE users SET password = ?2 WHERE user = ?1", user, hash);
}

Result<void> end_sessions(Database& users, std::string_view user) {
  return store::write(users, "DELETE FROM sessions WHERE user = ?1", user);
}

std::unexpected<Error> no_such_user(std::string_view user) {
  const auto name = account_name(user);
  return fail(Fault::client, name ? "there is no user " + *name : "there is no such user", "schoolgate user list");
}

Result<std::string> hash_of_good_password(std::string_view password, std::string_view user) {
  if (auto weakness = weakness_of(password, user))
    return fail(Fault::client, "the password will not do", *std::move(weakness));
  return hash_password(password);
}

std::string make_token() {
  std::array<std::uint8_t, 32> random;
  fill_random(random);
  return to_hex(random);
}

bool is_token(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

std::string hash_of_token(std::string_view token) { return to_hex(sha256(token)); }

}  // namespace schoolgate::identity
