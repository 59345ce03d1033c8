// The links that set up an account of the desk without a password: the first administrator's, and one for a user who
// has forgotten theirs. Each works once, for 24 hours.
//
// Made over a UserDatabase, with its threads and waits.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "identity/user_database.h"

namespace schoolgate::identity {

struct SetUpLink {
  std::string token;  ///< shown once; only its hash is kept
  TimePoint until{};
};

struct SetUp {
  std::string user;  ///< empty: the link makes a new administrator
};

class SetUpLinks {
 public:
  static constexpr std::chrono::hours kGoodFor{24};

  explicit SetUpLinks(UserDatabase& users) noexcept : users_(&users) {}

  /// A link that makes an administrator, or, for an existing `user`, sets that user's password. A new one replaces the
  /// one before. Fault client: no such user.
  [[nodiscard]] Result<SetUpLink> make(TimePoint now, std::string_view user = {});
  /// What the link is for, without using it up; nothing when it is not (or no longer) good.
  [[nodiscard]] Result<std::optional<SetUp>> look_at(std::string_view token, TimePoint now);
  /// Uses the link up. `user` and `name` count for a new administrator only. Fault client: the link is not good, or the
  /// name or password will not do.
  [[nodiscard]] Result<void> use(std::string_view token, std::string_view user, std::string_view name,
                                 std::string_view password, TimePoint now);

 private:
  UserDatabase* users_;
};

}  // namespace schoolgate::identity
