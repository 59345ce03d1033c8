#include "identity/users.h"

#include <algorithm>
#include <utility>

#include "identity/account_name.h"
#include "identity/password.h"
#include "store/sql.h"

namespace schoolgate::identity {
namespace {

using store::Database;

/// Fault client when `row` is the only account that can administer.
Result<void> another_administrator(Database& users, const UserRow& row) {
  if (row.user.role != Role::administrator) return {};
  const auto all = user_rows(users);
  if (!all) return std::unexpected(all.error());
  const bool another = std::ranges::any_of(*all, [&](const UserRow& other) {
    return other.user.user != row.user.user && !other.user.disabled && other.user.role == Role::administrator;
  });
  if (another) return {};
  return fail(Fault::client, row.user.user + " is the only administrator", "make another one first");
}

}  // namespace

Result<void> Users::add(std::string_view user, std::string_view name, Role role, std::string_view password,
                        TimePoint now) {
  const auto hash = hash_of_good_password(password, user);
  if (!hash) return std::unexpected(hash.error());
  return users_->change([&](Database& users) { return put_user(users, user, name, role, *hash, now); });
}

Result<bool> Users::any() {
  return users_->read([](Database& users) -> Result<bool> {
    const auto count = store::select_number(users, "SELECT EXISTS(SELECT 1 FROM users)");
    if (!count) return std::unexpected(count.error());
    return *count != 0;
  });
}

Result<std::vector<User>> Users::all() {
  auto rows = users_->read([](Database& users) { return user_rows(users); });
  if (!rows) return std::unexpected(rows.error());
  std::vector<User> users;
  for (UserRow& row : *rows) users.push_back(std::move(row.user));
  return users;
}

Result<std::optional<User>> Users::find(std::string_view user) {
  auto row = users_->read([&](Database& users) { return user_row(users, user); });
  if (!row) return std::unexpected(row.error());
  if (!*row) return std::nullopt;
  return std::move((*row)->user);
}

Result<void> Users::disable(std::string_view user) {
  return users_->change([&](Database& users) -> Result<void> {
    const auto row = known_user_row(users, user);
    if (!row) return std::unexpected(row.error());
    if (auto another = another_administrator(users, *row); !another) return another;
    auto done = store::write(users, "UPDATE users SET disabled = 1 WHERE user = ?1", row->user.user);
    if (!done) return done;
    return end_sessions(users, row->user.user);
  });
}

Result<void> Users::enable(std::string_view user) {
  const auto name = account_name(user);
  if (!name) return no_such_user(user);
  return users_->change([&](Database& users) -> Result<void> {
    const auto changed = store::execute(users, "UPDATE users SET disabled = 0 WHERE user = ?1", *name);
    if (!changed) return std::unexpected(changed.error());
    if (*changed == 0) return no_such_user(user);
    return {};
  });
}

Result<void> Users::set_role(std::string_view user, Role role) {
  return users_->change([&](Database& users) -> Result<void> {
    const auto row = known_user_row(users, user);
    if (!row) return std::unexpected(row.error());
    if (role != Role::administrator)
      if (auto another = another_administrator(users, *row); !another) return another;
    auto done = store::write(users, "UPDATE users SET role = ?2 WHERE user = ?1", row->user.user, to_string(role));
    if (!done) return done;
    return end_sessions(users, row->user.user);
  });
}

Result<void> Users::set_password(std::string_view user, std::string_view password) {
  const auto hash = hash_of_good_password(password, user);
  if (!hash) return std::unexpected(hash.error());
  return users_->change([&](Database& users) -> Result<void> {
    const auto row = known_user_row(users, user);
    if (!row) return std::unexpected(row.error());
    if (auto put = put_password(users, row->user.user, *hash); !put) return put;
    return end_sessions(users, row->user.user);
  });
}

Result<void> Users::change_password(std::string_view user, std::string_view old_password, std::string_view new_password,
                                    std::string_view token) {
  // The lock is free while passwords are checked and hashed: that takes its time.
  const auto row = users_->read([&](Database& users) { return user_row(users, user); });
  if (!row) return std::unexpected(row.error());
  if (!*row || (*row)->user.disabled) return no_such_user(user);
  if (!verify_password((*row)->password, old_password)) return fail(Fault::client, "the old password is not right");
  const auto hash = hash_of_good_password(new_password, user);
  if (!hash) return std::unexpected(hash.error());
  const std::string& name = (*row)->user.user;
  return users_->change([&](Database& users) -> Result<void> {
    if (auto put = put_password(users, name, *hash); !put) return put;
    return store::write(users, "DELETE FROM sessions WHERE user = ?1 AND token_hash <> ?2", name, hash_of_token(token));
  });
}

}  // namespace schoolgate::identity
