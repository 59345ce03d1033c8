// The metrics page: what the gateway counts, as Prometheus text (contract section 7).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "app/load_policy.h"
#include "base/believable_clock.h"
#include "breaches/breach_log.h"
#include "casework/forwarding/forwarder.h"
#include "identity/identity_service.h"
#include "proxy/flow/counters.h"
#include "proxy/net/linux/firewall_watch.h"
#include "proxy/tls/missing_issuers.h"
#include "rules/protection.h"
#include "rules/snapshot.h"

namespace schoolgate::app {

struct ReloadCounters {
  std::atomic<std::uint64_t> accepted{0}, refused{0};
};

/// What the page is made of, gathered by whoever owns it.
struct MetricsSources {
  std::vector<const flow::Counters*> workers;
  const rules::PolicySnapshot& policy;
  breaches::BreachLogCounters breach_log;
  std::vector<std::pair<std::string, std::uint64_t>> breaches_by_category;
  std::uint64_t decisions_dropped = 0;
  rules::Protection protection;
  /// Of every list of lists.yaml and every list in force; none: it has never been there.
  std::vector<std::pair<std::string, std::optional<std::chrono::milliseconds>>> list_ages;
  std::uint64_t alert_queue = 0, alerts_sent = 0, alerts_failed = 0;
  casework::ForwardCounters forwarded;
  std::uint64_t reloads_accepted = 0, reloads_refused = 0;
  tls::MissingIssuersCounters issuers;
  net::FirewallState firewall = net::FirewallState::off;
  std::optional<identity::IdentityCounters> identity;  ///< none: identity is not configured
  std::vector<StartFallback> start_fallbacks;
  ClockDoubt clock = ClockDoubt::none;
  std::vector<std::pair<std::string, TimePoint>> ends;  ///< what ends when
  TimePoint now;
};

/// Prometheus text exposition format 0.0.4.
[[nodiscard]] std::string metrics_page(const MetricsSources& sources);

}  // namespace schoolgate::app
