// The local accounts in people.db: pupils, staff and guests whom no directory knows.
//
// Made over a PeopleDatabase, with its threads and waits. Every change of an account keeps the register of access.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "identity/people_database.h"
#include "identity/person_role.h"

namespace schoolgate::identity {

struct Account {
  std::string user;  ///< as account_name() gives it
  std::string name;
  PersonRole role = PersonRole::pupil;
  std::vector<std::string> groups;  ///< lower case
  std::string password_hash;        ///< as hash_password() makes it; empty: none yet
  bool no_password = false;         ///< Year 1: the name alone is enough, and confidence is `class`
  bool disabled = false;
  std::optional<TimePoint> valid_from, valid_until;

  [[nodiscard]] bool holds(TimePoint now) const noexcept {
    return !disabled && (!valid_from || *valid_from <= now) && (!valid_until || now < *valid_until);
  }
};

/// Fault client of every change: no such account, a name or group that is none.
class Accounts {
 public:
  explicit Accounts(PeopleDatabase& people) noexcept : people_(&people) {}

  /// Adds or replaces (a replacement with an empty hash keeps the old password unless it says no_password), and keeps
  /// the access register: a new account opens a row, another role, group or date closes the old row and opens one.
  [[nodiscard]] Result<void> put(const Account& account, std::string_view by, TimePoint now);
  [[nodiscard]] Result<std::optional<Account>> find(std::string_view user);
  /// By user name.
  [[nodiscard]] Result<std::vector<Account>> all();
  /// The ends after `from` and not after `until` of accounts that are not switched off, earliest first: one for each.
  [[nodiscard]] Result<std::vector<TimePoint>> ends(TimePoint from, TimePoint until);
  [[nodiscard]] Result<void> set_password_hash(std::string_view user, std::string_view hash);
  /// Switches the account off and closes its rows in the register.
  [[nodiscard]] Result<void> close(std::string_view user, std::string_view why, std::string_view by, TimePoint now);

 private:
  PeopleDatabase* people_;
};

}  // namespace schoolgate::identity
