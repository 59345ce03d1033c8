// The way out of a worker: names, dials, connections that are kept, and how web sites are verified.
//
// Owned by its worker; on its thread. What a reload replaces is handed out held (base/held.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/error.h"
#include "base/held.h"
#include "proxy/flow/sign_in_gate.h"
#include "proxy/net/asio.h"
#include "proxy/net/deadlines.h"
#include "proxy/net/destination_guard.h"
#include "proxy/net/dialer.h"
#include "proxy/net/resolver.h"
#include "proxy/net/upstream_pool.h"
#include "proxy/tls/missing_issuers.h"
#include "proxy/tls/upstream_context.h"

namespace schoolgate::flow {

struct H2Dial;
class H2Upstream;

class Outbound {
 public:
  Outbound(net::Executor executor, net::DeadlineList& deadlines, std::shared_ptr<const net::DestinationGuard> guard,
           const net::DialerSettings& dialer, const net::UpstreamPoolLimits& pool);
  /// Before anything else. Fault host or config.
  [[nodiscard]] Result<void> open(const net::ResolverSettings& settings);

  [[nodiscard]] net::Resolver& resolver() noexcept { return *resolver_; }
  [[nodiscard]] net::Dialer& dialer() noexcept { return dialer_; }
  [[nodiscard]] net::UpstreamPool& pool() noexcept { return pool_; }

  /// Dials the portal of `gate` and nothing else, past the guard that keeps every client from this machine.
  void lead_to(const SignInGate* gate);
  /// Null without a gate.
  [[nodiscard]] Held<net::Dialer> portal_dialer() const noexcept { return portal_dialer_; }

  /// From now on web sites are verified by `trust`: what another trust store has verified is not used again. `issuers`
  /// has what sites forget to send; null: such sites are refused.
  [[nodiscard]] Result<void> believe(std::shared_ptr<const tls::TrustStore> trust,
                                     std::shared_ptr<tls::MissingIssuers> issuers);
  /// Lets go of what is kept; connections that run go on to their end.
  void forget_kept();
  /// How web sites are verified. Null until there was an inspection; stays when it is switched off, for the connections
  /// that were opened before and go on to their end.
  [[nodiscard]] Held<tls::UpstreamContext> tls() const noexcept { return tls_; }
  /// Which trust store that is: part of the key of every connection that was verified (upstream.h); 0 for none.
  [[nodiscard]] std::uint64_t trust() const noexcept { return tls_ ? tls_->trust().generation() : 0; }
  /// To see certificates where nothing is decrypted: it believes none. Null when memory was short at the start.
  [[nodiscard]] Held<tls::UpstreamContext> unbelieving_tls() const noexcept { return unbelieving_tls_; }

  /// HTTP/2 connections to web sites that are open, by pool_key().
  [[nodiscard]] std::unordered_map<std::string, std::weak_ptr<H2Upstream>>& h2_upstreams() noexcept { return h2_; }
  /// Dials for such connections, by the same key.
  [[nodiscard]] std::unordered_map<std::string, std::weak_ptr<H2Dial>>& h2_dials() noexcept { return h2_dials_; }
  /// The one for this key that is still there; null when there is none.
  [[nodiscard]] std::shared_ptr<H2Upstream> open_h2(const std::string& key) const;

 private:
  net::Executor executor_;
  net::DeadlineList& deadlines_;
  net::DialerSettings dialer_settings_;
  std::unordered_map<std::string, std::weak_ptr<H2Upstream>> h2_;
  std::unordered_map<std::string, std::weak_ptr<H2Dial>> h2_dials_;
  std::unique_ptr<net::Resolver> resolver_;
  net::Dialer dialer_;
  net::UpstreamPool pool_;
  std::shared_ptr<tls::UpstreamContext> tls_, unbelieving_tls_;
  std::shared_ptr<net::Dialer> portal_dialer_;
};

}  // namespace schoolgate::flow
