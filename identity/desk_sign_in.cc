#include "identity/desk_sign_in.h"

#include <utility>
#include <vector>

#include "base/digest.h"
#include "identity/account_name.h"
#include "identity/password.h"
#include "identity/password_secret.h"
#include "identity/totp.h"
#include "store/sql.h"

namespace schoolgate::identity {
namespace {

using store::Database;
using SignInKind = SignInAnswer::Kind;

constexpr int kMostSessions = 10;  // of one user; the oldest ends
/// So long a session's last activity may be behind what is on disk: a write a minute and not one a page.
constexpr std::chrono::minutes kActivityBehind{1};

/// The table of waits knows no wall clock; here it is given one, so that a test can move it.
Backoff::Clock::time_point to_steady(TimePoint time) { return Backoff::Clock::time_point(time.time_since_epoch()); }

std::string csrf_of(std::string_view token) { return to_hex(hmac_sha256(token, "schoolgate desk form")); }

// Inside UserDatabase::change(). The condition is part of the statement, so two sign-ins at once cannot both use a
// code.
Result<bool> use_code(Database& users, const UserRow& row, std::string_view code, TimePoint now) {
  const auto step = check_totp(row.code_secret, code, now, row.code_step);
  if (!step) return false;
  const auto used =
      store::execute(users, "UPDATE users SET code_step = ?2 WHERE user = ?1 AND code_step < ?2", row.user.user, *step);
  if (!used) return std::unexpected(used.error());
  return *used != 0;
}

struct StoredSession {
  DeskSession session;
  std::optional<Role> role;
};

StoredSession read_session(store::Statement& row) {
  StoredSession stored;
  stored.session.user = row.take<std::string>();
  stored.session.name = row.take<std::string>();
  stored.role = role_of(row.take<std::string_view>());
  stored.session.since = row.take<TimePoint>();
  stored.session.last_active = row.take<TimePoint>();
  return stored;
}

}  // namespace

Result<SignInAnswer> DeskSignIn::sign_in(std::string_view user, std::string_view password, std::string_view code,
                                         const names::IpAddress& address, TimePoint now) {
  const std::string from = address.text(), name = account_name(user).value_or(std::string());
  const auto steady = to_steady(now);
  // Counted before it is judged: guesses that come at once are no more than guesses in a row.
  SignInWaits& waits = users_->waits();
  std::vector<Attempt::Count> counts{{waits.of_pair, name + ' ' + from}, {waits.of_address, from}};
  if (!name.empty()) counts.push_back({waits.of_account, name});
  auto attempt = Attempt::take(std::move(counts), steady);
  if (!attempt) return SignInAnswer{.kind = SignInKind::wait, .token = {}, .session = {}, .wait = attempt.error().wait};
  const auto wrong = [&]() -> SignInAnswer {
    attempt->failed(steady);
    return {};
  };
  const auto found = users_->read([&](Database& users) { return user_row(users, name); });
  if (!found) return std::unexpected(found.error());
  // Outside the lock: it takes its time, and others sign in meanwhile. A name without an account costs the same.
  if (!*found || (*found)->user.disabled) {
    verify_nobody(password);
    return wrong();
  }
  const UserRow& row = **found;
  if (!verify_password(row.password, password)) return wrong();
  if (row.user.second_factor && code.empty())
    return SignInAnswer{.kind = SignInKind::code_needed, .token = {}, .session = {}};
  const bool old_cost = needs_rehash(row.password);
  const auto hash = old_cost ? hash_password(password) : Result<std::string>(std::string());

  SignInAnswer answer;
  auto done = users_->change([&](Database& users) -> Result<void> {
    if (row.user.second_factor) {
      const auto used = use_code(users, row, code, now);
      if (!used) return std::unexpected(used.error());
      if (!*used) return {};
    }
    if (old_cost && hash)
      if (auto put = put_password(users, row.user.user, *hash); !put) return put;
    auto token = begin_session(users, row, address, now);
    if (!token) return std::unexpected(token.error());
    answer = {.kind = SignInKind::accepted, .token = *std::move(token), .session = {}};
    return {};
  });
  if (!done) return std::unexpected(done.error());
  if (answer.kind != SignInKind::accepted) return wrong();
  attempt->succeeded();
  answer.session = {row.user.user, row.user.name, row.user.role, csrf_of(answer.token), now, now};
  return answer;
}

// Inside UserDatabase::change().
Result<std::string> DeskSignIn::begin_session(Database& users, const UserRow& row, const names::IpAddress& address,
                                              TimePoint now) {
  std::string token = make_token();
  auto ended =
      store::write(users, "DELETE FROM sessions WHERE since < ?1 OR last_active < ?2", now - kAbsolute, now - kIdle);
  if (!ended) return std::unexpected(ended.error());
  ended = store::write(users,
                       "DELETE FROM sessions WHERE user = ?1 AND token_hash NOT IN "
                       "(SELECT token_hash FROM sessions WHERE user = ?1 ORDER BY since DESC LIMIT ?2)",
                       row.user.user, kMostSessions - 1);
  if (!ended) return std::unexpected(ended.error());
  auto begun = store::write(users, "INSERT INTO sessions VALUES (?1, ?2, ?3, ?3, ?4)", hash_of_token(token),
                            row.user.user, now, address.text());
  if (!begun) return std::unexpected(begun.error());
  auto noted = store::write(users, "UPDATE users SET last_sign_in = ?2 WHERE user = ?1", row.user.user, now);
  if (!noted) return std::unexpected(noted.error());
  return token;
}

Result<std::optional<DeskSession>> DeskSignIn::session(std::string_view token, TimePoint now) {
  if (!is_token(token)) return std::nullopt;
  const std::string hash = hash_of_token(token);
  const auto found = users_->read([&](Database& users) {
    return store::select_first(
        users,
        "SELECT s.user, u.name, u.role, s.since, s.last_active FROM sessions s JOIN users u ON u.user = s.user "
        "WHERE s.token_hash = ?1 AND u.disabled = 0",
        read_session, hash);
  });
  if (!found) return std::unexpected(found.error());
  if (!*found) return std::nullopt;
  DeskSession session = (*found)->session;
  if (!(*found)->role || now - session.since > kAbsolute || now - session.last_active > kIdle) {
    if (auto ended = sign_out(token); !ended) return std::unexpected(ended.error());
    return std::nullopt;
  }
  session.role = *(*found)->role;
  session.csrf = csrf_of(token);
  if (now - session.last_active >= kActivityBehind) {
    auto noted = users_->change([&](Database& users) {
      return store::write(users, "UPDATE sessions SET last_active = ?2 WHERE token_hash = ?1", hash, now);
    });
    if (!noted) return std::unexpected(noted.error());
    session.last_active = now;
  }
  return session;
}

Result<void> DeskSignIn::sign_out(std::string_view token) {
  return users_->change([&](Database& users) {
    return store::write(users, "DELETE FROM sessions WHERE token_hash = ?1", hash_of_token(token));
  });
}

bool DeskSignIn::csrf_matches(const DeskSession& session, std::string_view given) noexcept {
  return !session.csrf.empty() && equal_in_constant_time(session.csrf, given);
}

}  // namespace schoolgate::identity
