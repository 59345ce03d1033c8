// The desk while the gateway runs: its listener, its stores, what it may cause, and the work that keeps it in order.
//
// Made on the main thread; the console's handlers run on the web server's threads and come back here for measures. One
// thread of its own keeps sums for reports and enforces retention, a little at a time.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "app/page_certificate.h"
#include "app/replay_job.h"
#include "base/believable_clock.h"
#include "base/error.h"
#include "breaches/audit_log.h"
#include "casework/desk_store.h"
#include "changes/change_control.h"
#include "config/settings.h"
#include "console/console.h"
#include "identity/people_database.h"
#include "identity/session_book.h"
#include "identity/user_database.h"
#include "rules/measures.h"
#include "rules/site_clock.h"
#include "web/server.h"

namespace schoolgate::app {

class SafeguardingDesk {
 public:
  struct Parts {
    const config::Settings& settings;
    std::filesystem::path folder;  ///< of the configuration
    rules::SiteClock clock;
    breaches::AuditLog& audit;
    std::string address;   ///< where links lead, "https://HOST:PORT"; the certificate names it too
    console::Hooks hooks;  ///< without open_measure and close_measure, which are set here
    /// The policy as the configuration has it: what a measure is checked against.
    std::function<rules::PolicySpec()> spec;
    /// Nothing is removed after its time while the clock is not believed.
    AskClock ask_clock;
    /// A measure was opened or closed: returns when it is in force on every worker.
    std::function<Result<void>()> measures_changed;
  };

  explicit SafeguardingDesk(Parts parts);
  ~SafeguardingDesk();

  /// Opens desk.db and the accounts, unless it is done. Fault host.
  [[nodiscard]] Result<void> try_to_open();
  /// Once it is open: listens on listen.console, if there is one, and begins the keeping, unless it does already. Where
  /// there is no account yet, says on stderr where the first one is made. `people` and `sessions` are null where
  /// identity is not configured. An error (an address that another process has): to be called again.
  [[nodiscard]] Result<void> try_to_start(identity::PeopleDatabase* people, identity::SessionBook* sessions);
  /// Its certificate, where one is due or `address` is another. On the thread that starts it.
  void follow_certificate(const std::string& address);
  void stop();

  // Thread-safe; wait for the disk.

  /// Measures that may be in force now or later.
  [[nodiscard]] Result<std::vector<rules::Measure>> measures(TimePoint now);
  /// Writes one into the store where the store knows nothing of it, not even that it was closed. True: it was written.
  [[nodiscard]] Result<bool> put_back(const rules::Measure& measure);
  /// Closes one whose time is over by the steady clock. Tells nobody: who calls it knows.
  [[nodiscard]] Result<void> end_measure(std::string_view id);
  /// Checked, kept, recorded and in force when it returns; gives its id.
  [[nodiscard]] Result<std::string> open_measure(rules::Measure measure, const breaches::MachineUser& user);
  [[nodiscard]] Result<void> close_measure(std::string_view id, std::string_view by, std::string_view why,
                                           const breaches::MachineUser& user);

 private:
  // Under mutex_. Measures need no accounts: a damaged desk_users.db ends none.
  [[nodiscard]] Result<void> open_measures();
  [[nodiscard]] Result<void> open_stores();
  [[nodiscard]] Result<void> serve();
  void keep(const std::stop_token& stop);
  void follow_changes(casework::DeskStore& desk, TimePoint now);
  void enforce_retention(casework::DeskStore& desk, TimePoint now);
  Result<void> print_set_up_link();

  Parts parts_;
  identity::PeopleDatabase* people_ = nullptr;  ///< set before keeper_ and server_ start
  identity::SessionBook* sessions_ = nullptr;
  std::mutex mutex_;  ///< guards desk_ and users_ until they are open, and the use of desk_
  std::unique_ptr<casework::DeskStore> desk_;
  std::unique_ptr<identity::UserDatabase> users_;
  changes::ChangeControl changes_;
  ReplayJob replay_;
  std::unique_ptr<console::Console> console_;
  std::unique_ptr<PageCertificate> certificate_;
  std::unique_ptr<web::Server> server_;
  std::condition_variable_any woken_;
  std::jthread keeper_;
};

}  // namespace schoolgate::app
