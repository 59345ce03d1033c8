// The second factor of the desk's accounts: a secret that the owner's telephone holds too, and its codes (totp.h).
//
// Made over a UserDatabase, with its threads and waits.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "identity/user_database.h"

namespace schoolgate::identity {

/// Fault client of every call: no such user.
class SecondFactor {
 public:
  explicit SecondFactor(UserDatabase& users) noexcept : users_(&users) {}

  /// A new secret (bytes; see totp_uri()) that counts only after confirm().
  [[nodiscard]] Result<std::string> begin(std::string_view user);
  /// False: the code is not right. Fault client also: no secret waits to be confirmed.
  [[nodiscard]] Result<bool> confirm(std::string_view user, std::string_view code, TimePoint now);
  [[nodiscard]] Result<void> remove(std::string_view user);

 private:
  UserDatabase* users_;
};

}  // namespace schoolgate::identity
