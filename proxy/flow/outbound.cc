#include "proxy/flow/outbound.h"

#include <utility>

#include "proxy/flow/h2_upstream.h"
#include "proxy/tls/trust_store.h"

namespace schoolgate::flow {

Outbound::Outbound(net::Executor executor, net::DeadlineList& deadlines,
                   std::shared_ptr<const net::DestinationGuard> guard, const net::DialerSettings& dialer,
                   const net::UpstreamPoolLimits& pool)
    : executor_(executor),
      deadlines_(deadlines),
      dialer_settings_(dialer),
      dialer_(executor, deadlines, std::move(guard), dialer),
      pool_(deadlines, pool) {}

Result<void> Outbound::open(const net::ResolverSettings& settings) {
  auto resolver = net::Resolver::make(executor_, deadlines_, settings);
  if (!resolver) return std::unexpected(std::move(resolver.error()));
  resolver_ = std::move(*resolver);
  if (auto none = tls::TrustStore::load(
          {.system_roots = {}, .extra_roots = {}, .pins = {}, .own_authority = {}, .is_public_suffix = {}}))
    if (auto context = tls::UpstreamContext::make(std::move(*none))) unbelieving_tls_ = std::move(*context);
  return {};
}

void Outbound::lead_to(const SignInGate* gate) {
  portal_dialer_.reset();
  if (!gate) return;
  const names::IpAddress& portal = gate->portal().address;
  net::DestinationGuard::Settings guard;
  guard.allow_private = {*names::IpNetwork::parse(portal.text() + (portal.is_v4() ? "/32" : "/128"))};
  guard.more_ports = {gate->portal().port};
  portal_dialer_ = std::make_shared<net::Dialer>(
      executor_, deadlines_, std::make_shared<const net::DestinationGuard>(std::move(guard)), dialer_settings_);
}

Result<void> Outbound::believe(std::shared_ptr<const tls::TrustStore> trust,
                               std::shared_ptr<tls::MissingIssuers> issuers) {
  // Made anew and not changed: a handshake that is under way keeps the trust store that it began with.
  auto context = tls::UpstreamContext::make(std::move(trust));
  if (!context) return std::unexpected(std::move(context.error()));
  if (issuers) (*context)->use(std::move(issuers));
  tls_ = std::move(*context);
  return {};
}

void Outbound::forget_kept() {
  pool_.clear();
  h2_.clear();
}

std::shared_ptr<H2Upstream> Outbound::open_h2(const std::string& key) const {
  const auto known = h2_.find(key);
  return known == h2_.end() ? nullptr : known->second.lock();
}

}  // namespace schoolgate::flow
