// Proof of identity: a password or a ticket, held against local accounts, the directory and the keytab.
//
// Owned by app/, outlives its callers. Every question is asynchronous: it is answered by threads of its own (four,
// with at most 1,000 questions waiting, 125 of one client, clients in turn), never by the thread that asks, which never
// waits. Each thread has its own connection to the directory. An attempt counts from when it is asked, not from when it
// is answered, so guesses at once are no more than guesses in a row. No password and no token is in any log line, error
// or counter; what is kept of a password is a keyed hash under a key that lives in this process only.
//
// Why this class is long: one account of questions under way, waiting and answered spans its threads; a part of its
// own for passwords and one for tickets would share that account and its lock.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "identity/identity_settings.h"
#include "identity/password_secret.h"
#include "names/ip_address.h"
#include "rules/presence.h"

namespace schoolgate::identity {

/// An account that the school keeps here and not in its directory.
struct LocalAccount {
  std::string password_hash;  ///< as hash_password() makes it; empty: cannot sign in by password
  std::string name;
  std::vector<std::string> groups;
  bool disabled = false;
  std::optional<TimePoint> valid_until;
};
/// Nothing when there is none. Thread-safe; may take the time of a database query.
using LocalAccounts = std::function<std::optional<LocalAccount>(std::string_view user)>;

struct CredentialAnswer {
  enum class Kind : std::uint8_t {
    accepted,
    refused,
    unavailable,  ///< the answer is not known now: the directory does not answer and nothing is cached, or it is busy
  };
  enum class Why : std::uint8_t {
    none,
    wrong,           ///< name or password; never told apart
    disabled,        ///< the account is switched off, past its date or locked
    expired,         ///< the directory wants a new password first
    wait,            ///< too many attempts: see `wait`
    bad_token,       ///< the ticket was refused: see `text`
    no_answer,       ///< of the directory
    busy,            ///< the queue is full, or as many attempts as may be wrong are being judged
    not_configured,  ///< no keytab, or neither accounts nor directory
  };
  Kind kind = Kind::refused;
  Why why = Why::none;
  std::optional<rules::Person> person;  ///< when accepted: confidence login, source "basic" or "negotiate"
  std::string reply;                    ///< of a ticket: base64 for the client; may be empty
  std::chrono::seconds wait{0};
  std::string text;  ///< for the technician, without secrets; may be empty
};

struct GroupsAnswer {
  bool known = false;  ///< false: the directory does not answer and nothing is cached, so the strictest policy holds
  bool disabled = false;
  std::string name;
  std::vector<std::string> groups;
};

/// What the directory says of an account when it is asked for nothing else.
enum class Standing : std::uint8_t {
  stands,
  gone,  ///< no entry has that name
  switched_off,
  unknown,  ///< the directory did not answer, or there is none
};

struct CredentialCounters {
  std::uint64_t accepted = 0, refused = 0, unavailable = 0;
  std::uint64_t from_cache = 0;  ///< answered by a password that was right lately
  std::uint64_t held_back = 0;   ///< refused unasked: too many attempts
  std::uint64_t queue_full = 0;  ///< refused unasked: busy
  std::uint64_t directory_failures = 0;
  std::uint64_t stale_answers = 0;  ///< given from the cache because the directory did not answer
  std::size_t waiting = 0;          ///< now
};

class Credentials {
 public:
  struct Settings {
    std::optional<DirectorySettings> directory;
    std::optional<std::filesystem::path> keytab;
    std::string keytab_principal;
    std::vector<std::string> realms;     ///< whose people are ours; empty: that of keytab_principal, else the keytab's
    std::filesystem::path state_folder;  ///< holds the replay cache; empty: none is kept
    std::size_t threads = 4;
    std::size_t queue = 1000;
    std::chrono::seconds password_right{std::chrono::minutes(5)};  ///< a right password is believed so long unasked
    std::chrono::seconds password_wrong{10};                       ///< and a wrong one disbelieved
  };
  using Done = std::function<void(CredentialAnswer)>;
  using GroupsDone = std::function<void(GroupsAnswer)>;

  /// `accounts` may be empty. Fault config: as DirectoryServers::open() and KerberosAcceptor::open() say. A directory
  /// that does not answer now is no error.
  [[nodiscard]] static Result<std::unique_ptr<Credentials>> start(Settings settings, LocalAccounts accounts);
  /// Answers what still waits with `unavailable`; waits for the questions under way (bounded by the directory's
  /// timeout).
  ~Credentials();
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;

  /// `done` is called exactly once, on any thread, perhaps before this returns; it must not block. Local accounts are
  /// asked first, then the directory.
  void check_password(std::string user, Secret password, const names::IpAddress& client, Done done);
  /// `token` is decoded: what read_credentials() gives.
  void check_token(std::string token, const names::IpAddress& client, Done done);
  /// The same for base64, as it stands in a header field after "Negotiate ".
  void check_base64_token(std::string_view base64, const names::IpAddress& client, Done done);
  /// Groups of a person whom another source vouches for (RADIUS, logon script, class sign-in).
  void groups_of(std::string user, GroupsDone done);
  /// The directory's word of now: no answer is taken from the cache. For work that can wait: false, and `done` is never
  /// called, while many sign-ins wait. A local account counts before the directory.
  [[nodiscard]] bool standing_of(std::string user, std::function<void(Standing)> done);

  [[nodiscard]] CredentialCounters counters() const;
  [[nodiscard]] bool takes_tickets() const noexcept;

 private:
  struct State;
  explicit Credentials(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace schoolgate::identity
