// What all workers of a gateway share: thread-safe or immutable.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "breaches/breach_log.h"
#include "breaches/decision_log.h"
#include "proxy/flow/allowances.h"
#include "proxy/flow/authenticator.h"
#include "proxy/flow/category_counts.h"
#include "proxy/flow/client_table.h"
#include "proxy/flow/coalescing.h"
#include "proxy/flow/flow_settings.h"
#include "proxy/flow/issuer_fetcher.h"
#include "proxy/flow/pages.h"
#include "proxy/flow/portal_visits.h"
#include "proxy/flow/selftest_connections.h"
#include "proxy/flow/sign_in_gate.h"
#include "proxy/flow/warning_passes.h"
#include "proxy/net/destination_guard.h"
#include "proxy/net/dialer.h"
#include "proxy/net/resolver.h"
#include "rules/policy_store.h"
#include "rules/presence.h"

namespace schoolgate::flow {

/// What all workers of a gateway share. Made by app/, outlives them.
struct Gateway {
  FlowSettings settings;
  net::ResolverSettings resolver;
  std::shared_ptr<const net::DestinationGuard> guard;
  net::DialerSettings dialer;
  rules::PolicyStore& policy;
  breaches::BreachLog& breaches;
  breaches::DecisionLog* decisions = nullptr;  ///< null: none is kept
  const Pages& pages;
  WarningPasses passes;
  ClientTable clients;
  CategoryCounts categories;                        ///< of the breach records filed
  const rules::PresenceStore* presences = nullptr;  ///< null: no person is known
  Authenticator* authenticator = nullptr;           ///< null: clients of the explicit proxy are not asked
  std::shared_ptr<const SignInGate> sign_in;        ///< null: no device has to sign in; later ones by Worker::use()
  Allowances allowances{};
  CertificateNames certificate_names{};
  std::unique_ptr<IssuerFetcher> issuers = nullptr;  ///< null: what a site forgets to send is not fetched
  PortalVisits portal_visits{};
  SelftestConnections selftests{};
  std::atomic<std::uint32_t> connections{0};
  std::atomic<std::uint32_t> workers{0}, drained_workers{0};  ///< all, and those that drain and wait for nothing more
};

}  // namespace schoolgate::flow
