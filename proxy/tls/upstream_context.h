// How Schoolgate speaks TLS to web sites: as strict as a browser, never weaker for being in between.
//
// TLS 1.2 and 1.3, security level 2, chain, name, time, purpose and name constraints verified, stapled revocation
// honoured, our own authority refused, at most 256 KiB of certificates and 1 MiB of handshake. One per worker, on its
// thread, so nothing in it is locked; the trust store behind it is shared.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "proxy/tls/handles.h"
#include "proxy/tls/missing_issuers.h"
#include "proxy/tls/ticket_store.h"
#include "proxy/tls/trust_store.h"

namespace schoolgate::tls {

class Session;

class UpstreamContext {
 public:
  [[nodiscard]] static Result<std::unique_ptr<UpstreamContext>> make(std::shared_ptr<const TrustStore> trust,
                                                                     TicketLimits limits = {});
  /// From now on sites are verified with `trust`; what was verified before is not resumed.
  void use(std::shared_ptr<const TrustStore> trust);
  /// From now on issuers that sites forget to send are looked for there; null: nowhere.
  void use(std::shared_ptr<MissingIssuers> issuers) { issuers_ = std::move(issuers); }
  /// Forgets every ticket: the next handshake with every site is a full one.
  /// Tickets that still come on older connections are not used either.
  void forget_sessions();

  /// A session that has not said anything yet; `alpn` in order of preference. Null when memory is short or a name does
  /// not fit the protocol.
  [[nodiscard]] std::unique_ptr<Session> open(std::string_view host, std::uint16_t port,
                                              std::span<const std::string_view> alpn);

  [[nodiscard]] const TrustStore& trust() const noexcept { return *trust_; }
  [[nodiscard]] const TicketStore& tickets() const noexcept { return *tickets_; }

 private:
  UpstreamContext() = default;
  static int on_ticket(ssl_st* ssl, ssl_session_st* ticket) noexcept;

  SslContextHandle context_;
  std::shared_ptr<const TrustStore> trust_;
  std::shared_ptr<MissingIssuers> issuers_;
  TicketLimits limits_;
  std::shared_ptr<TicketStore> tickets_;
};

}  // namespace schoolgate::tls
