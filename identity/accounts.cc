#include "identity/accounts.h"

#include "base/ascii.h"
#include "identity/access_register.h"
#include "identity/account_name.h"
#include "identity/register_words.h"
#include "store/sql.h"

namespace schoolgate::identity {
namespace {

using store::Database;

Account read_account(store::Statement& row) {
  return {.user = row.take<std::string>(),
          .name = row.take<std::string>(),
          .role = person_role_of(row.take<std::string_view>()).value_or(PersonRole::pupil),
          .groups = words_of_cell(row.take<std::string_view>()),
          .password_hash = row.take<std::string>(),
          .no_password = row.take<bool>(),
          .disabled = row.take<bool>(),
          .valid_from = row.take<std::optional<TimePoint>>(),
          .valid_until = row.take<std::optional<TimePoint>>()};
}
constexpr const char* kSelectAccounts =
    "SELECT user, name, role, groups, password, no_password, disabled, valid_from, valid_until FROM accounts ";

Result<std::optional<Account>> account_of(Database& people, std::string_view user) {
  return store::select_first(people, kSelectAccounts + std::string("WHERE user = ?1"), read_account, user);
}

std::unexpected<Error> no_such_account(std::string_view user) {
  return fail(Fault::client, "there is no account '" + std::string(user) + "'");
}

Result<void> check(const Account& account) {
  if (account_name(account.user) != account.user)
    return fail(Fault::client, "'" + account.user + "' is no account name",
                "lower case letters and digits, and . _ - ' between them, at most 64");
  if (auto good = check_words("the name", account.name, true); !good) return good;
  for (const std::string& group : account.groups)
    if (auto good = check_group(group); !good) return good;
  if (account.valid_from && account.valid_until && *account.valid_until <= *account.valid_from)
    return fail(Fault::client, "the account ends before it begins");
  if (account.no_password && account.role != PersonRole::pupil)
    return fail(Fault::client, "only pupils may be without a password");
  return {};
}

// Inside PeopleDatabase::change(): an open row that says the same stays, any other is closed.
Result<void> keep_register(Database& people, const Account& account, const std::string& group, std::string_view by,
                           TimePoint now) {
  const auto open = open_access_of(people, account.user);
  if (!open) return std::unexpected(open.error());
  const bool as_before = open->size() == 1 && open->front().role == account.role && open->front().group == group &&
                         open->front().until == account.valid_until && !account.disabled;
  if (as_before) return {};
  if (!open->empty())
    if (auto closed = close_access(people, account.user, account.disabled ? "switched off" : "changed", by, now);
        !closed)
      return closed;
  if (account.disabled) return {};
  return open_access(people, {.user = account.user,
                              .name = account.name,
                              .role = account.role,
                              .group = group,
                              .granted_by = std::string(by),
                              .from = account.valid_from.value_or(now),
                              .until = account.valid_until,
                              .closed = {}});
}

}  // namespace

Result<void> Accounts::put(const Account& account, std::string_view by, TimePoint now) {
  if (auto good = check(account); !good) return good;
  return people_->change([&](Database& people) -> Result<void> {
    const auto before = account_of(people, account.user);
    if (!before) return std::unexpected(before.error());
    std::string hash = account.no_password ? "" : account.password_hash;
    if (hash.empty() && !account.no_password && *before) hash = (*before)->password_hash;
    const std::string group = joined(account.groups, ",");
    auto stored =
        store::write(people,
                     "INSERT OR REPLACE INTO accounts(user, name, role, groups, password, no_password, disabled, "
                     "valid_from, valid_until) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                     account.user, account.name, to_string(account.role), group, hash, account.no_password,
                     account.disabled, account.valid_from, account.valid_until);
    if (!stored) return stored;
    return keep_register(people, account, group, by, now);
  });
}

Result<std::optional<Account>> Accounts::find(std::string_view user) {
  return people_->read([&](Database& people) { return account_of(people, user); });
}

Result<std::vector<Account>> Accounts::all() {
  return people_->read([](Database& people) {
    return store::select_all(people, kSelectAccounts + std::string("ORDER BY user"), read_account);
  });
}

Result<std::vector<TimePoint>> Accounts::ends(TimePoint from, TimePoint until) {
  return people_->read([&](Database& people) {
    return store::select_all(
        people,
        "SELECT valid_until FROM accounts WHERE disabled = 0 AND valid_until > ?1 AND valid_until <= ?2 ORDER BY 1",
        [](store::Statement& row) { return row.take<TimePoint>(); }, from, until);
  });
}

Result<void> Accounts::set_password_hash(std::string_view user, std::string_view hash) {
  return people_->change([&](Database& people) -> Result<void> {
    const auto set =
        store::execute(people, "UPDATE accounts SET password = ?2, no_password = 0 WHERE user = ?1", user, hash);
    if (!set) return std::unexpected(set.error());
    if (*set == 0) return no_such_account(user);
    return {};
  });
}

Result<void> Accounts::close(std::string_view user, std::string_view why, std::string_view by, TimePoint now) {
  return people_->change([&](Database& people) -> Result<void> {
    const auto set = store::execute(people, "UPDATE accounts SET disabled = 1 WHERE user = ?1", user);
    if (!set) return std::unexpected(set.error());
    if (*set == 0) return no_such_account(user);
    return close_access(people, user, why, by, now);
  });
}

}  // namespace schoolgate::identity
