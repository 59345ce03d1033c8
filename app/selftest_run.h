// One run of the self-test, from the plan to the desk's log of checks: what `schoolgate selftest` and the desk's button
// have in common.
//
// Blocking, on the calling thread and a few more; sends through the gateway that runs on the same policy. Nothing of it
// is a breach: each connection is announced to the gateway first.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/group_probes.h"
#include "app/load_policy.h"
#include "app/probe_wire.h"
#include "app/selftest_checks.h"
#include "base/clock.h"
#include "base/error.h"

namespace schoolgate::app {

/// `checks` point into `clients`: moved together, never copied.
struct SelftestRun {
  TimePoint at;
  std::string policy_version;
  std::vector<ProbeClient> clients;
  std::vector<Check> checks;
  GroupProbes devices;  ///< as a device of every group

  SelftestRun() = default;
  SelftestRun(SelftestRun&&) = default;
  SelftestRun& operator=(SelftestRun&&) = default;
  SelftestRun(const SelftestRun&) = delete;
  SelftestRun& operator=(const SelftestRun&) = delete;

  // What was judged and not sent, or could not be tried, is no pass and counts in neither.
  [[nodiscard]] std::size_t sent() const noexcept;
  [[nodiscard]] std::size_t as_expected() const noexcept;
  [[nodiscard]] std::size_t not_tried() const noexcept;
};

/// Makes the checks and carries them out. `planned` is told how many there are before the first is sent. Fault config:
/// there is nothing to check.
[[nodiscard]] Result<SelftestRun> run_selftest(const LoadedPolicy& loaded, TimePoint now, const AnnounceAs& announce,
                                               const std::function<void(std::size_t)>& planned = {});

/// The probes of every group alone, through the kernel's firewall: called inside the namespace that ProbeWay::firewall
/// is about. Fault config: no listener that the firewall could lead to, or no list with a name to try.
[[nodiscard]] Result<SelftestRun> run_firewall_selftest(const LoadedPolicy& loaded, TimePoint now,
                                                        const AnnounceAs& announce,
                                                        const std::function<void(std::size_t)>& planned = {});

/// For people: a line for each check.
[[nodiscard]] std::string table_of(const SelftestRun& run);
/// For programs: one object, and the end of the line.
[[nodiscard]] std::string json_of(const SelftestRun& run);

/// Keeps json_of() in <state>/selftest/TIME.json (0600), and the run in the desk's log of checks under the name `by`,
/// as the standards ask for: what, for whom, in which way, when, and how it came out.
[[nodiscard]] Result<void> keep_selftest(const SelftestRun& run, const LoadedPolicy& loaded, std::string_view by);

}  // namespace schoolgate::app
