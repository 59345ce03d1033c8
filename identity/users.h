// The desk's own accounts: who may sign in to the console, in which role, and who is signed in.
//
// Kept in desk_users.db in the state folder (mode 0600), apart from the people whose access is filtered. Thread-safe;
// every call may wait for the disk, and those that take a password cost what an Argon2id check costs: control-plane
// threads only. The command line changes the same database beside a running gateway: switching an account off ends its
// sessions at once. Passwords, tokens and codes are kept as hashes (the second factor's secret cannot be) and are in no
// error or log line.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "identity/password_secret.h"
#include "names/ip_address.h"

namespace schoolgate::identity {

/// What somebody may do at the desk; console/ says what each role sees.
enum class Role : std::uint8_t { dsl, deputy, head, governor, technician, administrator };
[[nodiscard]] std::string_view to_string(Role role) noexcept;
[[nodiscard]] std::optional<Role> role_of(std::string_view text) noexcept;

struct User {
  std::string user;  ///< account name, lower case
  std::string name;  ///< as people write it
  Role role = Role::technician;
  bool disabled = false;
  bool second_factor = false;
  TimePoint made{};
  std::optional<TimePoint> last_sign_in;
};

/// Somebody who is signed in.
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

struct SetUpLink {
  std::string token;  ///< shown once; only its hash is kept
  TimePoint until{};
};

class Users {
 public:
  static constexpr std::chrono::minutes kIdle{30};
  static constexpr std::chrono::hours kAbsolute{12};
  static constexpr std::chrono::hours kSetUpLink{24};

  /// Makes the database when the folder has none. Fault host: the disk, or a file that is no database.
  [[nodiscard]] static Result<std::unique_ptr<Users>> open(const std::filesystem::path& state_folder);
  ~Users();

  // --- accounts. Fault client: no such user, the name is taken or no account name, a password that will not do.

  [[nodiscard]] Result<void> add(std::string_view user, std::string_view name, Role role, std::string_view password,
                                 TimePoint now);
  [[nodiscard]] Result<std::vector<User>> list();
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

  // --- second factor

  /// A new secret (bytes; see totp_uri()) that counts only after confirm_second_factor().
  [[nodiscard]] Result<std::string> begin_second_factor(std::string_view user);
  /// False: the code is not right.
  [[nodiscard]] Result<bool> confirm_second_factor(std::string_view user, std::string_view code, TimePoint now);
  [[nodiscard]] Result<void> remove_second_factor(std::string_view user);

  // --- signing in

  /// `code` is empty at the first step. Whoever fails too often waits: at one address up to 15 minutes, an account as a
  /// whole a minute at most, so that nobody can lock the safeguarding lead out from elsewhere.
  [[nodiscard]] Result<SignInAnswer> sign_in(std::string_view user, std::string_view password, std::string_view code,
                                             const names::IpAddress& address, TimePoint now);
  /// Who the cookie's token stands for, and that they are active; nothing when it has ended or never was.
  [[nodiscard]] Result<std::optional<DeskSession>> session(std::string_view token, TimePoint now);
  [[nodiscard]] Result<void> sign_out(std::string_view token);
  /// True when `given` is the session's own: constant time.
  [[nodiscard]] static bool csrf_matches(const DeskSession& session, std::string_view given) noexcept;

  // --- the first administrator

  [[nodiscard]] Result<bool> has_users();
  /// A link that makes an administrator, or, for an existing `user`, sets that user's password. A new one replaces the
  /// one before. Works once, for 24 hours.
  [[nodiscard]] Result<SetUpLink> make_set_up_link(TimePoint now, std::string_view user = {});
  struct SetUp {
    std::string user;  ///< empty: the link makes a new administrator
  };
  /// What the link is for, without using it up; nothing when it is not (or no longer) good.
  [[nodiscard]] Result<std::optional<SetUp>> look_at_set_up_link(std::string_view token, TimePoint now);
  /// Uses the link up. `user` and `name` count for a new administrator only. Fault client: the link is not good.
  [[nodiscard]] Result<void> use_set_up_link(std::string_view token, std::string_view user, std::string_view name,
                                             std::string_view password, TimePoint now);

 private:
  struct State;
  explicit Users(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace schoolgate::identity
