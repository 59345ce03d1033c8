// The gateway while it runs: what is built once, and what a reload replaces.
//
// Made by `schoolgate run` on the main thread, which is the control plane; the workers are the data plane. They meet at
// the PolicyStore (a snapshot goes in) and at the breach log (records come back).
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "app/clock_watch.h"
#include "app/firewall_alarm.h"
#include "app/gateway_status.h"
#include "app/inspection_seen.h"
#include "app/kept_allowances.h"
#include "app/known_ends.h"
#include "app/load_policy.h"
#include "app/metrics_page.h"
#include "app/policy_keeper.h"
#include "app/protection_now.h"
#include "app/safeguarding_desk.h"
#include "app/selftest_job.h"
#include "app/selftest_schedule.h"
#include "app/start_fallbacks.h"
#include "app/who_is_asking.h"
#include "base/error.h"
#include "breaches/audit_log.h"
#include "breaches/breach_log.h"
#include "breaches/decision_log.h"
#include "casework/alerts/alerts.h"
#include "casework/forwarding/forwarder.h"
#include "proxy/flow/pages.h"
#include "proxy/flow/worker.h"
#include "rules/policy_store.h"
#include "rules/presence.h"
#include "rules/site_clock.h"

namespace schoolgate::app {

class RunningGateway {
 public:
  /// Opens the stores, binds the proxy's listeners, starts nothing yet. What cannot be had of all but the listeners
  /// (a full disk, another owner, a damaged file) is a fallback: the gateway serves strictly without it. Fault config:
  /// an address of the proxy is taken, or another gateway runs on this state.
  [[nodiscard]] static Result<std::unique_ptr<RunningGateway>> make(std::filesystem::path folder, LoadedPolicy loaded);
  ~RunningGateway();

  /// Workers first, then the pages; a page whose address cannot be had is a fallback.
  void start();
  /// Tries once more what the start could not have. Waits for the disk; on the thread that reloads. Cheap when nothing
  /// is wanting.
  void retry_start();
  /// What serves in the place of what was asked for, since the start. Thread-safe.
  [[nodiscard]] StartFallbacks& fallbacks() noexcept { return fallbacks_; }
  [[nodiscard]] const StartFallbacks& fallbacks() const noexcept { return fallbacks_; }
  /// Loads the folder again and publishes it. On any problem the policy in force stays, and the problems are returned;
  /// on success the warnings.
  [[nodiscard]] std::expected<Problems, Problems> reload(const breaches::MachineUser& user);
  /// Puts lists that an update has published in force, under the configuration that is in force: no file of the folder
  /// is read but the lists. The warnings; what the lists do to the rules' tests is one of them, and an alert.
  [[nodiscard]] std::expected<Problems, Problems> take_lists();
  /// Lets running requests finish, and takes new ones as long as that lasts; returns when the workers have ended. On a
  /// thread of its own, so that the control plane goes on: a measure that is opened meanwhile comes into force.
  void drain();
  /// After drain(): writes what waits.
  void finish();

  /// Protected or not, by the policy and the data in force. Thread-safe; reads what is known of the lists' sources.
  [[nodiscard]] rules::Protection protection() const;
  /// Tells the technician and the safeguarding lead of categories that are no longer protected, and the technician of
  /// what lists leave alone. One thread at a time.
  void watch_protection();
  /// True when a remote list should be asked for news. Thread-safe.
  [[nodiscard]] bool lists_due(TimePoint now) const;
  /// Tells the technician of every list that is missing or too old, each once an hour. One thread at a time.
  void watch_lists(TimePoint now);
  /// Tells the technician which lists the last update could not bring, and why.
  void tell_failed_update();
  /// Is the kernel's firewall there, whole and of this configuration? Cheap; every few seconds.
  void watch_firewall(TimePoint now);
  /// As watch_firewall() last saw it. Thread-safe.
  [[nodiscard]] net::FirewallReport firewall() const { return firewall_.report(); }
  /// Looks at the machine's own clock, and removes what is over its time from the audit log. Once a second.
  void watch_clock();
  [[nodiscard]] ClockWatch& clock() noexcept { return *clock_; }
  /// Tries itself when that is due. Cheap; once a second.
  void watch_selftest(Moment now);
  /// Alerts the technician and the lead. `how_many`: "3 of 40". Thread-safe.
  void firewall_selftest_differs(std::string_view how_many);
  /// A measure may have begun or ended. Cheap; once a second.
  void watch_measures(Moment now) { keeper_->refresh_if_due(now); }
  /// Keeps the minutes that daily allowances have used. Cheap; once a second.
  void keep_allowances(TimePoint now) { allowances_->keep_if_due(now); }
  /// Where measures are opened and closed. Thread-safe.
  [[nodiscard]] SafeguardingDesk& desk() noexcept { return *desk_; }
  /// An alert to the technician ("it"), logged too. Thread-safe.
  void tell_it(const std::string& kind, const std::string& text,
               casework::SystemAudience audience = casework::SystemAudience::technician);

  /// The next connection from there is the self-test's, for a device of `as_group` unless that is empty. Thread-safe.
  /// Fault client: not an address of this machine.
  [[nodiscard]] Result<void> expect_selftest(const net::Endpoint& from, std::string as_group);

  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
  [[nodiscard]] std::string policy_version() const;
  [[nodiscard]] std::shared_ptr<const config::Configuration> configuration_in_force() const;
  [[nodiscard]] std::string metrics() const;
  /// For one screen, and for /ready. Thread-safe; reads what is known of the lists and of alerts.
  [[nodiscard]] GatewayStatus status() const;
  /// What was opened since the start, and who did not accept our certificate since inspection was switched on.
  /// Thread-safe.
  [[nodiscard]] InspectionSeen inspection_seen() const;
  /// The names of the certificate last seen at `host`; empty when none was. Thread-safe.
  [[nodiscard]] std::vector<std::string> certificate_names(std::string_view host) const;
  [[nodiscard]] const config::Settings& settings() const noexcept { return settings_; }
  /// Every few seconds: has every worker's loop run since the last call but `most`?
  void look_at_workers(std::uint32_t most);
  /// As look_at_workers() last saw it. Thread-safe.
  [[nodiscard]] bool workers_answer() const noexcept { return workers_answer_; }

 private:
  RunningGateway(std::filesystem::path folder, LoadedPolicy loaded);
  [[nodiscard]] Result<void> open_stores(const LoadedPolicy& loaded);
  void record_start();
  [[nodiscard]] Problems use_lists(LoadedPolicy loaded);
  void retry_lists();
  [[nodiscard]] Problems wait_for_restart(const config::Settings& wanted);
  [[nodiscard]] std::shared_ptr<const flow::Inspection> inspection_in_force() const;
  void open_pages();
  void serve_people();
  void serve_desk();
  void tell_fallback(const StartFallback& fallback);
  [[nodiscard]] Result<void> open_alerts(const casework::AlertSettings& settings);
  // On the breach log's threads; what comes before the alerts are open is told once they are.
  void tell_trouble(const breaches::LogTrouble& trouble);
  void tell_of_clock(ClockDoubt doubt);
  void watch_ends(TimePoint now);
  [[nodiscard]] std::vector<KnownEnd> ends(TimePoint now) const;
  void follow_authority();
  void follow_certificates();
  void retry_inspection();
  void use_inspection(std::shared_ptr<const flow::Inspection> inspection);
  [[nodiscard]] Result<std::uint64_t> remove_old_audit(const ClockStanding& clock);
  void notice_episodes();
  [[nodiscard]] Result<void> open_people();
  [[nodiscard]] std::vector<std::pair<std::string, std::optional<std::chrono::milliseconds>>> list_ages() const;
  [[nodiscard]] Result<void> open_desk(const LoadedPolicy& loaded);
  [[nodiscard]] Result<void> make_workers();
  [[nodiscard]] Result<void> try_itself(const std::string& by, const std::stop_token& stop);
  void tell_of_session(const identity::SessionEvent& event);

  std::filesystem::path folder_;
  config::Settings settings_;
  std::mutex retry_mutex_;  ///< held by retry_start(); guards draining_
  bool draining_ = false;
  std::atomic<bool> is_closing_ = false, workers_answer_ = true;
  std::vector<std::string> waits_for_restart_;  ///< under configuration_mutex_
  StartFallbacks fallbacks_{[this](const StartFallback& fallback) { tell_fallback(fallback); }};
  mutable std::mutex configuration_mutex_;
  std::shared_ptr<const config::Configuration> configuration_;  ///< the one in force
  const bool start_accepted_;                                   ///< LoadedPolicy::was_accepted
  std::shared_ptr<const rules::PolicySnapshot> as_written_;     ///< its policy, before groups that wait are closed
  bool lists_unreadable_ = false;                               ///< the thread that reloads
  mutable std::mutex lists_mutex_;
  std::vector<config::ListConfig> lists_;          ///< of the configuration in force
  std::map<std::string, TimePoint> told_of_list_;  ///< when which trouble of a list was last told
  std::optional<ProtectionWatch> protection_watch_;
  std::vector<blocklists::ImageRemark> told_remarks_;  ///< of the image whose remarks were told last
  rules::PolicyStore policy_;
  rules::PresenceStore presences_;
  ReloadCounters reloads_;
  std::unique_ptr<ClockWatch> clock_;  ///< before all that asks it
  std::optional<SteadyTime> upkeep_at_;
  std::unique_ptr<EndsWatch> ends_;
  std::optional<rules::SiteClock> site_clock_;  ///< nothing: the system has no such zone
  std::unique_ptr<breaches::AuditLog> audit_;
  std::mutex alerts_mutex_;  ///< guards alerts_ while it is being made, and the next
  std::unique_ptr<casework::Alerts> alerts_;
  std::unique_ptr<casework::Forwarder> forwarder_;  ///< guarded as alerts_ is
  struct Trouble {
    std::string kind, text;
    casework::SystemAudience audience;
  };
  std::vector<Trouble> early_troubles_;
  std::unique_ptr<breaches::DecisionLog> decisions_;
  std::unique_ptr<breaches::BreachLog> breach_log_;
  std::unique_ptr<flow::Pages> pages_;
  std::unique_ptr<PolicyKeeper> keeper_;
  std::unique_ptr<WhoIsAsking> people_;  ///< null: identity is not configured
  std::unique_ptr<SafeguardingDesk> desk_;
  std::unique_ptr<flow::Gateway> gateway_;
  SelftestJob selftest_{[this](const std::string& by, const std::stop_token& stop) { return try_itself(by, stop); }};
  SelftestSchedule selftests_{settings_.state / "selftest"};
  std::unique_ptr<KeptAllowances> allowances_;
  FirewallAlarm firewall_{[this](const std::string& kind, const std::string& text) { tell_it(kind, text); }};
  mutable std::mutex inspection_mutex_;                 ///< a reload replaces it beside the control plane
  std::shared_ptr<const flow::Inspection> inspection_;  ///< null: nothing is decrypted
  std::vector<std::unique_ptr<flow::Worker>> workers_;
};

}  // namespace schoolgate::app
