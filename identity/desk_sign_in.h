// Signing in to the desk, and the sessions that it begins.
//
// Made over a UserDatabase, with its threads and waits; a sign-in costs what an Argon2id check costs. What is counted
// against guessing is in memory, in the UserDatabase.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "identity/user_database.h"
#include "names/ip_address.h"

namespace schoolgate::identity {

struct DeskSession {
  std::string user, name;
  Role role = Role::technician;
  std::string csrf;  ///< must come back in every form of this session
  TimePoint since{}, last_active{};
};

struct SignInAnswer {
  enum class Kind : std::uint8_t {
    accepted,
    wrong,        ///< name, password or code, never told apart; also an account that is switched off
    code_needed,  ///< the password is right; ask for the code and call again with both
    wait,         ///< too many attempts: `wait`
  };
  Kind kind = Kind::wrong;
  std::string token;  ///< for the cookie, 64 hexadecimal digits; new at each sign-in
  DeskSession session;
  std::chrono::seconds wait{0};
};

class DeskSignIn {
 public:
  static constexpr std::chrono::minutes kIdle{30};
  static constexpr std::chrono::hours kAbsolute{12};

  explicit DeskSignIn(UserDatabase& users) noexcept : users_(&users) {}

  /// `code` is empty at the first step. After too many failures the next attempt waits: at one address up to 15
  /// minutes, an account as a whole a minute at most, so that the safeguarding lead cannot be locked out from
  /// elsewhere.
  [[nodiscard]] Result<SignInAnswer> sign_in(std::string_view user, std::string_view password, std::string_view code,
                                             const names::IpAddress& address, TimePoint now);
  /// The session of the cookie's token, noted as active; nothing when it has ended or never was.
  [[nodiscard]] Result<std::optional<DeskSession>> session(std::string_view token, TimePoint now);
  [[nodiscard]] Result<void> sign_out(std::string_view token);
  /// True when `given` is the session's own: constant time.
  [[nodiscard]] static bool csrf_matches(const DeskSession& session, std::string_view given) noexcept;

 private:
  [[nodiscard]] Result<std::string> begin_session(store::Database& users, const UserRow& row,
                                                  const names::IpAddress& address, TimePoint now);
  UserDatabase* users_;
};

}  // namespace schoolgate::identity
