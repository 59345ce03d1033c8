// The sources of identity, put together: sources, sessions, accounts, registers, terms.
//
// Owned by app/; made once a start. start() begins its threads (a keeper that ticks, watches leases and neighbours and
// saves; the RADIUS listener; those of Credentials), stop() ends them and saves the sessions. Workers never come here:
// they read the PresenceStore that was given.
//
// Why this class is long: it is the composition of the room, one short member for each thing that its keeper thread
// does.
#pragma once

#include <atomic>
#include <condition_variable>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/steady_clock.h"
#include "identity/credentials.h"
#include "identity/identity_settings.h"
#include "identity/leases.h"
#include "identity/leavers.h"
#include "identity/logon_call.h"
#include "identity/people_database.h"
#include "identity/radius_listener.h"
#include "identity/session_book.h"
#include "identity/sign_in.h"
#include "identity/terms.h"
#include "rules/presence.h"

namespace schoolgate::identity {

/// What the composition root gives to the room: its clocks, and what it may not find out by itself.
struct IdentityHooks {
  std::function<Moment()> now;                          ///< default: moment_now
  std::function<bool()> believes_clock;                 ///< default: always. Else nothing is closed or removed for good
  std::function<int(TimePoint)> local_minute;           ///< minutes after the site's midnight; default: UTC
  std::function<void(const SessionEvent&)> on_event;    ///< must not block; default: the log
  std::function<std::vector<DeviceSeen>()> neighbours;  ///< the neighbour table; default: none
};

struct IdentityCounters {
  SessionCounters sessions;
  SignInCounters sign_in;
  CredentialCounters credentials;
  RadiusCounters radius;
  LogonCounters logon;
  std::uint64_t leases_left_out = 0;
  std::uint64_t save_failures = 0;
};

class IdentityService {
 public:
  /// Opens people.db in `state`, loads terms and secrets, binds the RADIUS port, restores the sessions that still hold.
  /// Fault config or host, as its parts say.
  [[nodiscard]] static Result<std::unique_ptr<IdentityService>> open(const IdentitySettings& settings,
                                                                     std::filesystem::path state,
                                                                     rules::PresenceStore& presences,
                                                                     IdentityHooks hooks);
  ~IdentityService();
  IdentityService(const IdentityService&) = delete;
  IdentityService& operator=(const IdentityService&) = delete;

  void start();
  void stop();

  [[nodiscard]] SessionBook& sessions() noexcept { return *sessions_; }
  [[nodiscard]] PeopleDatabase& people() noexcept { return *people_; }
  [[nodiscard]] SignIn& sign_in() noexcept { return *sign_in_; }
  [[nodiscard]] Credentials& credentials() noexcept { return *credentials_; }
  [[nodiscard]] const Terms& terms() const noexcept { return terms_; }
  [[nodiscard]] const IdentitySettings& settings() const noexcept { return settings_; }

  /// A logon script's call, as the portal received it.
  [[nodiscard]] std::expected<LogonCall, LogonRefusal> logon(const LogonParameters& parameters);
  /// False: `identity.logon` is not configured; the portal answers 404.
  [[nodiscard]] bool takes_logon_calls() const noexcept { return logon_.has_value(); }

  /// A person has proved on a connection to the explicit proxy (Negotiate or Basic) to be there: for the desk, for the
  /// terms, and in the networks of `address_follows` for the address. Any thread but a worker's. Returns whether the
  /// terms of use are due.
  bool seen_at_proxy(const rules::Person& person, const names::IpAddress& address, Source source);
  /// Credentials from there were refused: the person who was believed to be there may be gone.
  void refused_at_proxy(const names::IpAddress& address);

  /// The port RADIUS is taken on; 0 when it is not.
  [[nodiscard]] std::uint16_t radius_port() const noexcept { return radius_ ? radius_->port() : std::uint16_t(0); }
  [[nodiscard]] IdentityCounters counters() const;

 private:
  IdentityService(const IdentitySettings& settings, IdentityHooks hooks);
  // Parts of open(), in its order:
  [[nodiscard]] Result<void> open_directory(const std::filesystem::path& state);
  [[nodiscard]] Result<void> open_radius(const std::filesystem::path& state);
  void keep(std::stop_token stop);
  void look_at_devices(Moment now);
  void look_at_register(Moment now);
  void close_what_ran_out(Moment now);
  void walk_if_due(TimePoint now);
  void save(SteadyTime now);
  void take_accounting(const AccountingRequest& request, const names::IpAddress& from);
  /// Groups of people who stay signed in are read anew as often as the directory's answers are.
  void follow_groups(SteadyTime now);
  /// Signs in at once, with the groups the report has, and fetches those of the directory or account.
  void vouch(SignedIn report);
  void fetch_groups(const rules::Person& person);
  void retry_groups();
  void say_unreadable_name(const AccountingRequest& request, const names::IpAddress& from, Moment now);
  void tell(const SessionEvent& event) const;
  [[nodiscard]] bool follows(const names::IpAddress& address) const;

  IdentitySettings settings_;
  IdentityHooks hooks_;
  Terms terms_;
  std::unique_ptr<PeopleDatabase> people_;
  std::unique_ptr<SessionBook> sessions_;
  std::unique_ptr<SignIn> sign_in_;
  std::optional<LogonCalls> logon_;
  std::optional<LeaseFiles> leases_;
  std::optional<Leavers> leavers_;
  std::unique_ptr<Credentials> credentials_;  ///< after what its answers reach
  std::unique_ptr<RadiusListener> radius_;
  /// Known people whose groups are not: the directory did not answer.
  mutable std::mutex unknown_mutex_;
  std::unordered_map<std::string, rules::Person> unknown_groups_;
  /// Of the keeper alone, while it runs.
  std::unordered_map<std::string, SteadyTime> groups_read_;
  std::vector<Lease> known_leases_;
  SteadyTime name_said_at_{};  ///< of the RADIUS thread alone
  std::uint64_t register_mark_ = 0, saved_changes_ = 0;
  SteadyTime neighbours_at_{}, leases_told_at_{}, register_at_{}, ticked_at_{}, saved_at_{}, minute_at_{},
      retried_at_{}, followed_at_{};
  std::atomic<std::uint64_t> save_failures_{0}, leases_left_out_{0};
  std::jthread keeper_;
};

}  // namespace schoolgate::identity
