// people.db: local accounts, classes, visitors, the register of devices, the register of who has access, what was
// answered to the terms of use, and the sessions that survive a restart.
//
// One file in the state folder (mode 0600). A PeopleStore is thread-safe; every call may wait for the disk, so it is
// for control-plane threads and commands only, never for a worker. Several processes may have it open at once: the
// gateway and `schoolgate people` beside it. Every change is one transaction, on disk when the call returns. Rows of
// the access register are never removed but by retention: they are closed, with the reason. Answers to the terms are a
// store::Chain: what was accepted cannot be changed without a trace.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "identity/session_book.h"
#include "names/ip_address.h"

namespace schoolgate::identity {

/// As whom somebody uses the internet here; chooses the terms and stands in the register. ("Role" is the desk's.)
enum class PersonRole : std::uint8_t { pupil, staff, visitor };
[[nodiscard]] std::string_view to_string(PersonRole role) noexcept;
[[nodiscard]] std::optional<PersonRole> person_role_of(std::string_view text) noexcept;

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

struct SchoolClass {
  std::string code;     ///< "robins": what the sign-in page lists
  std::string title;    ///< "Robins (Reception)"
  std::string picture;  ///< which of the page's pictures is theirs: "owl"
  std::string group;
};

struct Visit {
  std::int64_t id = 0;
  std::string name, host, purpose;
  std::string code;  ///< eight letters and digits to type at the page; empty when the visitor registered there
  TimePoint from{}, until{};
  std::optional<TimePoint> closed;
  [[nodiscard]] std::string user() const { return "visitor:" + std::to_string(id); }
};

struct RegisteredDevice {
  std::string mac;  ///< canonical
  std::string name, owner;
  std::string kind;  ///< "school", "staff", "phone", "console", "guest"
  bool by_name_only = false;
  std::string note;
};
[[nodiscard]] bool is_device_kind(std::string_view kind) noexcept;

/// A row of the written record of who was granted access (O43).
struct AccessGrant {
  std::int64_t id = 0;
  std::string user, name;
  PersonRole role = PersonRole::pupil;
  std::string group;       ///< several: with commas
  std::string granted_by;  ///< a person, or "directory", "sign-in page"
  TimePoint from{};
  std::optional<TimePoint> until, closed;
  std::string closed_why, closed_by;
  std::string note;  ///< a visitor's host and purpose
  [[nodiscard]] bool is_open(TimePoint now) const noexcept { return !closed && (!until || now < *until); }
};

struct TermsAnswer {
  std::string user, name;
  PersonRole role = PersonRole::pupil;
  std::string version;
  bool accepted = false;
  TimePoint when{};
  names::IpAddress from;
};

struct WrongPasswords {
  std::string user;
  std::uint64_t count = 0;  ///< since the last right one
  TimePoint last{};
  names::IpAddress from;  ///< of the last
};

class PeopleStore {
 public:
  /// Makes the database when the folder has none; the folder must exist. Fault host: the disk, or a file that is no
  /// database (it is left as it is).
  [[nodiscard]] static Result<std::unique_ptr<PeopleStore>> open(const std::filesystem::path& state_folder);
  ~PeopleStore();
  PeopleStore(const PeopleStore&) = delete;
  PeopleStore& operator=(const PeopleStore&) = delete;

  // --- accounts. Fault client: no such account, a name or group that is none.

  /// Adds or replaces (a replacement with an empty hash keeps the old password unless it says no_password), and keeps
  /// the access register: a new account opens a row, another role, group or date closes the old row and opens one.
  [[nodiscard]] Result<void> put_account(const Account& account, std::string_view by, TimePoint now);
  [[nodiscard]] Result<std::optional<Account>> account(std::string_view user);
  [[nodiscard]] Result<std::vector<Account>> accounts();
  [[nodiscard]] Result<void> set_password_hash(std::string_view user, std::string_view hash);
  /// Switches the account off and closes its rows in the register.
  [[nodiscard]] Result<void> close_account(std::string_view user, std::string_view why, std::string_view by,
                                           TimePoint now);

  // --- classes

  [[nodiscard]] Result<void> put_class(const SchoolClass& school_class);
  [[nodiscard]] Result<std::optional<SchoolClass>> class_of(std::string_view code);
  [[nodiscard]] Result<std::vector<SchoolClass>> classes();
  [[nodiscard]] Result<void> remove_class(std::string_view code);

  // --- visitors

  /// Fills id and, where `with_code`, the code; opens a row in the register.
  [[nodiscard]] Result<Visit> add_visit(Visit visit, bool with_code, std::string_view by, TimePoint now);
  [[nodiscard]] Result<std::optional<Visit>> visit_of(std::string_view code);
  [[nodiscard]] Result<std::vector<Visit>> visits();
  [[nodiscard]] Result<void> close_visit(std::int64_t id, std::string_view why, std::string_view by, TimePoint now);

  // --- register of devices

  [[nodiscard]] Result<void> put_device(const RegisteredDevice& device);
  [[nodiscard]] Result<std::optional<RegisteredDevice>> device(std::string_view mac);
  [[nodiscard]] Result<std::vector<RegisteredDevice>> devices();
  [[nodiscard]] Result<void> remove_device(std::string_view mac);

  // --- register of access

  /// Opens a row unless `grant.user` has an open one of the same role and group.
  [[nodiscard]] Result<void> note_access(const AccessGrant& grant, TimePoint now);
  [[nodiscard]] Result<void> close_access(std::string_view user, std::string_view why, std::string_view by,
                                          TimePoint now);
  /// Every row, oldest first; only those open at `now` when asked so.
  [[nodiscard]] Result<std::vector<AccessGrant>> register_of_access(std::optional<TimePoint> open_at = {});
  /// Closes what has run out: rows, accounts' rows and visits. Returns the users whose access ended.
  [[nodiscard]] Result<std::vector<std::string>> close_run_out(TimePoint now);
  /// Removes closed rows, visits and wrong-password counts that are older than `before`; accounts that are closed or
  /// ran out and have no row left; and answers to the terms, from the beginning of their chain up to the first that is
  /// still somebody's last. Returns how many rows.
  [[nodiscard]] Result<std::uint64_t> forget_before(TimePoint before, TimePoint now);

  // --- terms of use

  [[nodiscard]] Result<void> record_terms(const TermsAnswer& answer);
  [[nodiscard]] Result<std::optional<TermsAnswer>> last_terms(std::string_view user);
  [[nodiscard]] Result<std::vector<TermsAnswer>> terms_answers();
  /// Walks the chain of answers. Returns how many; fault host with the number of the first that is not as written.
  [[nodiscard]] Result<std::uint64_t> verify_terms();

  // --- wrong passwords. A name that nobody here bears is kept as a keyed digest, "unknown-1f0c93ab27d05e44": people
  // type passwords into the box for names.

  [[nodiscard]] Result<void> note_wrong_password(std::string_view user, const names::IpAddress& from, TimePoint now);
  [[nodiscard]] Result<void> clear_wrong_passwords(std::string_view user);
  [[nodiscard]] Result<std::vector<WrongPasswords>> wrong_passwords();

  // --- what is done once a day, to be caught up with after a night that was missed

  [[nodiscard]] Result<std::optional<TimePoint>> done_at(std::string_view job);
  [[nodiscard]] Result<void> set_done(std::string_view job, TimePoint now);

  // --- sessions

  [[nodiscard]] Result<void> save_sessions(const std::vector<SavedSession>& sessions);
  [[nodiscard]] Result<std::vector<SavedSession>> load_sessions();

  /// Another value after every change of people, classes, devices or register by any process.
  [[nodiscard]] std::uint64_t change_mark();
  /// Moves the write-ahead log into the file; every minute or so.
  void checkpoint();

 private:
  struct State;
  [[nodiscard]] Result<std::uint64_t> forget_answers_before(TimePoint before, TimePoint now);
  explicit PeopleStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace schoolgate::identity
