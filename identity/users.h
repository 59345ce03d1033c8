// The desk's own accounts: names, roles and passwords of the people who may sign in to the console.
//
// Made over a UserDatabase, with its threads and waits. A call that takes a password costs what an Argon2id hash costs.
// Switching an account off ends its sessions at once, at the running gateway too.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "identity/user_database.h"

namespace schoolgate::identity {

/// Fault client of every change: no such user, the name is taken or no account name, a password that will not do.
class Users {
 public:
  explicit Users(UserDatabase& users) noexcept : users_(&users) {}

  [[nodiscard]] Result<void> add(std::string_view user, std::string_view name, Role role, std::string_view password,
                                 TimePoint now);
  [[nodiscard]] Result<bool> any();
  /// By account name.
  [[nodiscard]] Result<std::vector<User>> all();
  [[nodiscard]] Result<std::optional<User>> find(std::string_view user);
  /// Ends the user's sessions; the last administrator who is not disabled stays.
  [[nodiscard]] Result<void> disable(std::string_view user);
  [[nodiscard]] Result<void> enable(std::string_view user);
  /// Ends the user's sessions: a session never outlives the role it was made for.
  [[nodiscard]] Result<void> set_role(std::string_view user, Role role);
  /// By an administrator. Ends the user's sessions.
  [[nodiscard]] Result<void> set_password(std::string_view user, std::string_view password);
  /// By the owner, who knows the old one. Ends the user's other sessions; `token` is the one that stays.
  [[nodiscard]] Result<void> change_password(std::string_view user, std::string_view old_password,
                                             std::string_view new_password, std::string_view token);

 private:
  UserDatabase* users_;
};

}  // namespace schoolgate::identity
