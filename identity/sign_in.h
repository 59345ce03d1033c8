// The questions of the sign-in page: may the user of this device in, as which person, and are the terms accepted?
//
// Owned by IdentityService; thread-safe, for the portal's threads: calls wait for the disk, and with_password() answers
// later from a thread of Credentials. Every attempt is counted by address and by account, from when it is made: after
// too many failures the next one waits, longer each time. A name is held against account_name() before a directory or
// the disk hears of it. Texts in answers are for the person at the device.
#pragma once

#include <atomic>
#include <chrono>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/steady_clock.h"
#include "identity/accounts.h"
#include "identity/classes.h"
#include "identity/credentials.h"
#include "identity/credentials_backoff.h"
#include "identity/identity_settings.h"
#include "identity/people_database.h"
#include "identity/person_role.h"
#include "identity/session_book.h"
#include "identity/terms.h"
#include "identity/terms_record.h"
#include "rules/presence.h"

namespace schoolgate::identity {

struct PortalAnswer {
  enum class Kind : std::uint8_t {
    signed_in,    ///< and may go on
    terms_due,    ///< known, but must accept `terms` first: only help and the page are reached until then
    refused,      ///< name, password, picture or code; never told which
    invalid,      ///< a field is missing or too long: `text` says which
    wait,         ///< too many attempts: `wait`
    unavailable,  ///< the answer is not known now; try again
  };
  Kind kind = Kind::refused;
  std::optional<rules::Person> person;
  PersonRole role = PersonRole::pupil;
  const TermsText* terms = nullptr;  ///< when due; lives as long as the SignIn
  std::chrono::seconds wait{0};
  std::string text;
};

/// The person or device at an address now.
struct PortalStatus {
  std::shared_ptr<const rules::Presence> presence;  ///< null: neither person nor device is known
  bool signed_in = false;
  PersonRole role = PersonRole::pupil;
  const TermsText* terms = nullptr;  ///< when due
};

struct VisitForm {
  std::string name, host, purpose;
  TimePoint until{};  ///< kept within 12 hours
};

struct SignInCounters {
  std::uint64_t accepted = 0, refused = 0, waiting = 0, invalid = 0, unavailable = 0;
  std::uint64_t terms_accepted = 0, terms_declined = 0, visitors = 0;
};

class SignIn {
 public:
  struct Parts {
    PeopleDatabase& people;
    SessionBook& sessions;
    Credentials* credentials;  ///< null: neither directory nor accounts can be asked
    const Terms& terms;
    std::chrono::seconds terms_renewal{0};
    bool asks_for_terms = true;  ///< false where no page could ask for them
    std::function<Moment()> now;
  };
  using Done = std::function<void(PortalAnswer)>;

  explicit SignIn(Parts parts);

  /// Account and password. `done` is called once, on any thread, perhaps before this returns; it must not block. This
  /// SignIn must outlive Credentials.
  void with_password(std::string_view user, Secret password, const names::IpAddress& address, Done done);
  /// Early Years: the class and its picture.
  [[nodiscard]] PortalAnswer with_class(std::string_view code, std::string_view picture,
                                        const names::IpAddress& address);
  /// Year 1: an account that has no password. Confidence is that of a class.
  [[nodiscard]] PortalAnswer with_name_only(std::string_view user, const names::IpAddress& address);
  /// A visitor who registers at the page, at most 12 hours.
  [[nodiscard]] PortalAnswer as_visitor(const VisitForm& form, const names::IpAddress& address);
  /// A visitor whom a member of staff has registered and given a code.
  [[nodiscard]] PortalAnswer with_visitor_code(std::string_view code, const names::IpAddress& address);

  /// `version` is the one that was shown: an older one is not accepted in place of the newest.
  [[nodiscard]] PortalAnswer accept_terms(std::string_view version, const names::IpAddress& address);
  /// Recorded; the session ends.
  void decline_terms(const names::IpAddress& address);
  void sign_out(const names::IpAddress& address);

  [[nodiscard]] PortalStatus status(const names::IpAddress& address) const;
  [[nodiscard]] SignInCounters counters() const;

  /// Must the person be asked? Also for people of other sources. Whose answers cannot be read must be asked.
  [[nodiscard]] bool terms_due(const rules::Person& person) const;
  /// Visitors by their source, staff by account or by a group called "staff", "teachers" or "governors" (or beginning
  /// with one of them); everybody else is a pupil.
  [[nodiscard]] PersonRole role_of(const rules::Person& person) const;

 private:
  struct Counts {
    std::atomic<std::uint64_t> accepted{0}, refused{0}, waiting{0}, invalid{0}, unavailable{0};
    std::atomic<std::uint64_t> terms_accepted{0}, terms_declined{0}, visitors{0};
  };
  /// Under `account` (or what stands for it) and the address.
  [[nodiscard]] std::expected<Attempt, Backoff::HeldUp> begin(std::string account, const names::IpAddress& address);
  /// The person who answers to the terms from there: the person known at the address, else who proved on a connection
  /// from it.
  [[nodiscard]] std::shared_ptr<const rules::Presence> who_answers(const names::IpAddress& address) const;
  PortalAnswer refuse(Attempt& attempt);
  PortalAnswer held_up(const Backoff::HeldUp& why);
  PortalAnswer waiting(std::chrono::seconds wait);
  PortalAnswer invalid(std::string text);
  PortalAnswer unavailable();
  PortalAnswer enter(rules::Person person, const names::IpAddress& address, std::optional<TimePoint> until,
                     std::string_view granted_by);

  const Parts parts_;
  Backoff by_account_, by_address_;
  Counts counts_;
};

}  // namespace schoolgate::identity
