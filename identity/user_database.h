// desk_users.db: the file under the desk's own accounts (users.h), their second factor (second_factor.h), their
// sign-ins (desk_sign_in.h) and the links that set them up (set_up_links.h): its tables, its lock and the rows that all
// of them read.
//
// Kept in the state folder (mode 0600), apart from the people whose access is filtered. Thread-safe; every call may
// wait for the disk: control-plane threads only. The command line changes the same file beside a running gateway. The
// parts are made over it where they are needed, cost nothing, and must not outlive it. Passwords, tokens and codes are
// kept as hashes (the second factor's secret cannot be) and are in no error or log line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "identity/credentials_backoff.h"
#include "store/sqlite.h"

namespace schoolgate::identity {

/// What an account may do at the desk; console/ says what each role sees.
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

/// How often guesses may be made: in memory, so a restart forgets them.
struct SignInWaits {
  SignInWaits();
  Backoff of_pair, of_address, of_account;
};

class UserDatabase {
 public:
  /// Makes the database when the folder has none. A process that only asks (store/only_ask.h) makes none and reads no
  /// account. Fault host: the disk, or a file that is no database.
  [[nodiscard]] static Result<std::unique_ptr<UserDatabase>> open(const std::filesystem::path& state_folder);
  UserDatabase(const UserDatabase&) = delete;
  UserDatabase& operator=(const UserDatabase&) = delete;

  // For the parts:

  /// Runs `work` in one transaction with the lock held; rolled back when it returns an error.
  [[nodiscard]] Result<void> change(const std::function<Result<void>(store::Database&)>& work);
  /// Runs `read` with the lock held and returns what it returns.
  template <class Read>
  [[nodiscard]] auto read(Read&& read) {
    const std::scoped_lock lock(mutex_);
    return std::forward<Read>(read)(database_);
  }
  [[nodiscard]] SignInWaits& waits() noexcept { return waits_; }

 private:
  explicit UserDatabase(store::Database database) noexcept : database_(std::move(database)) {}

  std::mutex mutex_;
  store::Database database_;  ///< under mutex_
  SignInWaits waits_;
};

// Inside read() or change():

struct UserRow {
  User user;
  std::string password, code_secret, code_pending;
  std::int64_t code_step = 0;
};
/// By account name. Fault host: the file holds a role that is none.
[[nodiscard]] Result<std::vector<UserRow>> user_rows(store::Database& users);
/// Nothing for a text that is no account name, and for a name that no account has.
[[nodiscard]] Result<std::optional<UserRow>> user_row(store::Database& users, std::string_view user);
/// The same; fault client where there is none.
[[nodiscard]] Result<UserRow> known_user_row(store::Database& users, std::string_view user);

// Inside change():

[[nodiscard]] Result<void> put_user(store::Database& users, std::string_view user, std::string_view name, Role role,
                                    std::string_view password_hash, TimePoint now);
[[nodiscard]] Result<void> put_password(store::Database& users, std::string_view user, std::string_view hash);
[[nodiscard]] Result<void> end_sessions(store::Database& users, std::string_view user);

/// Fault client. What was typed is not repeated unless it looks like a name: it may be a password in the wrong field.
[[nodiscard]] std::unexpected<Error> no_such_user(std::string_view user);
/// Its hash, which costs what an Argon2id hash costs. Fault client: it will not do, and why.
[[nodiscard]] Result<std::string> hash_of_good_password(std::string_view password, std::string_view user);

// Tokens of sessions and of links: 64 hexadecimal digits, kept as hashes.
[[nodiscard]] std::string make_token();
[[nodiscard]] bool is_token(std::string_view text);
[[nodiscard]] std::string hash_of_token(std::string_view token);

}  // namespace schoolgate::identity
