// People and their groups out of a directory: Active Directory or OpenLDAP, over LDAP version 3 (RFC 4511).
//
// A Directory belongs to one thread and blocks it, at most DirectorySettings::timeout for each step with each server;
// DirectoryServers is shared by all of them and thread-safe. It never follows a referral, never speaks in clear to
// another machine, never accepts a certificate that does not verify, and never binds with an empty password, which a
// server would take for "anonymous" and welcome (RFC 4513 section 5.1.2).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "identity/identity_settings.h"
#include "identity/password_secret.h"

namespace schoolgate::identity {

struct DirectoryPerson {
  std::string user;                 ///< sAMAccountName or uid, lower case
  std::string name;                 ///< displayName, else cn; may be empty
  std::string dn;                   ///< as the directory spells it
  std::vector<std::string> groups;  ///< cn of every group, nested ones too, lower case, sorted, each once
  bool disabled = false;            ///< switched off, or past its date
};

/// What the directory said of a password.
struct PasswordVerdict {
  enum class Kind : std::uint8_t {
    accepted,
    wrong,     ///< no such user, or not the password: never told apart
    disabled,  ///< switched off, past its date, or not allowed here and now
    locked,    ///< by the directory itself, after too many attempts
    expired,   ///< right, but the directory wants a new password first
  };
  Kind kind = Kind::wrong;
  DirectoryPerson person;  ///< when accepted; with groups
};

/// The servers of DirectorySettings, which of them answered lately, and the secrets to ask them with.
class DirectoryServers {
 public:
  /// Reads the password file. Fault config: no server, a server that is no ldap URL, in clear to another machine,
  /// an unreadable trust or password file.
  [[nodiscard]] static Result<std::shared_ptr<DirectoryServers>> open(DirectorySettings settings);

  [[nodiscard]] const DirectorySettings& settings() const noexcept { return settings_; }
  [[nodiscard]] std::string_view bind_password() const noexcept { return bind_password_.view(); }

  using Clock = std::chrono::steady_clock;
  /// Whom to ask now, in order: those that are not resting, as configured. A server that has failed before is given to
  /// one caller at a time, so that a dead one holds up one thread and not all. Empty: all of them rest.
  [[nodiscard]] std::vector<std::size_t> order(Clock::time_point now);
  /// A server that failed is left alone for 1 s, then 2 s, 4 s … at most 15 s.
  void failed(std::size_t server, Clock::time_point now);
  void answered(std::size_t server);

 private:
  struct Health {
    std::uint32_t failures = 0;
    Clock::time_point again{};  // not before that
  };
  DirectorySettings settings_;
  Secret bind_password_;
  mutable std::mutex mutex_;
  std::vector<Health> health_;
};

class Directory {
 public:
  explicit Directory(std::shared_ptr<DirectoryServers> servers);
  ~Directory();
  Directory(Directory&&) noexcept;
  Directory& operator=(Directory&&) noexcept;

  /// A person by account name, with groups; nothing when there is none. Fault upstream: no server answers. Fault
  /// config: the service account is refused, the base does not exist, a certificate does not verify, two entries have
  /// the name, or the person is in more than 1,000 groups.
  [[nodiscard]] Result<std::optional<DirectoryPerson>> find(std::string_view user);

  /// Looks the user up and binds as the entry that was found. Faults as find(). An empty password is wrong.
  [[nodiscard]] Result<PasswordVerdict> check_password(std::string_view user, std::string_view password);

  /// Everybody, without groups, in pages of 500 (RFC 2696), as the register needs it to find leavers. `each` answers
  /// false to stop. Returns how many were handed over.
  [[nodiscard]] Result<std::size_t> for_each_person(const std::function<bool(const DirectoryPerson&)>& each);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace schoolgate::identity
