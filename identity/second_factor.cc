#include "identity/second_factor.h"

#include "identity/account_name.h"
#include "identity/totp.h"
#include "store/sql.h"

namespace schoolgate::identity {

using store::Database;

Result<std::string> SecondFactor::begin(std::string_view user) {
  const auto name = account_name(user);
  if (!name) return no_such_user(user);
  std::string secret = make_totp_secret();
  auto kept = users_->change([&](Database& users) -> Result<void> {
    const auto changed =
        store::execute(users, "UPDATE users SET code_pending = ?2 WHERE user = ?1", *name, store::Bytes{secret});
    if (!changed) return std::unexpected(changed.error());
    if (*changed == 0) return no_such_user(user);
    return {};
  });
  if (!kept) return std::unexpected(kept.error());
  return secret;
}

Result<bool> SecondFactor::confirm(std::string_view user, std::string_view code, TimePoint now) {
  bool right = false;
  auto done = users_->change([&](Database& users) -> Result<void> {
    const auto row = user_row(users, user);
    if (!row) return std::unexpected(row.error());
    if (!*row || (*row)->code_pending.empty())
      return fail(Fault::client, "no second factor waits to be confirmed", "begin again");
    const auto step = check_totp((*row)->code_pending, code, now, 0);
    right = step.has_value();
    if (!right) return {};
    return store::write(
        users, "UPDATE users SET code_secret = code_pending, code_pending = NULL, code_step = ?2 WHERE user = ?1",
        (*row)->user.user, *step);
  });
  if (!done) return std::unexpected(done.error());
  return right;
}

Result<void> SecondFactor::remove(std::string_view user) {
  const auto name = account_name(user);
  if (!name) return no_such_user(user);
  return users_->change([&](Database& users) -> Result<void> {
    const auto changed =
        store::execute(users, "UPDATE users SET code_secret = NULL, code_pending = NULL WHERE user = ?1", *name);
    if (!changed) return std::unexpected(changed.error());
    if (*changed == 0) return no_such_user(user);
    return {};
  });
}

}  // namespace schoolgate::identity
