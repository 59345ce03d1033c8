#include "proxy/flow/upstream.h"

#include "proxy/flow/inside.h"
#include "proxy/flow/worker.h"
#include "proxy/tls/handshake.h"
#include "proxy/tls/session.h"

namespace schoolgate::flow {

net::awaitable<net::Attempt<net::Socket>> dial(Worker& worker, const Destination& to) {
  net::AddressList addresses;
  if (auto known = worker.outbound().resolver().cached(to.host); known && !known->empty()) {
    addresses = std::move(*known);
  } else {
    auto resolved = co_await worker.outbound().resolver().resolve(to.host, to.client);
    if (!resolved) co_return std::unexpected(std::move(resolved.error()));
    addresses = std::move(*resolved);
  }
  co_return co_await worker.outbound().dialer().dial(std::move(addresses), to.port, worker.limits().connect);
}

net::awaitable<net::Attempt<Verified>> dial_verified(Worker& worker, const Destination& to, const names::Host& name,
                                                     std::span<const std::string_view> protocols) {
  auto dialled = co_await dial(worker, to);
  if (!dialled) co_return std::unexpected(std::move(dialled.error()));
  co_return co_await verify(worker, std::move(*dialled), to, name, protocols);
}

net::awaitable<net::Attempt<Verified>> verify(Worker& worker, net::Socket dialled, Destination to, names::Host name,
                                              std::span<const std::string_view> protocols) {
  const Held<tls::UpstreamContext> context = worker.outbound().tls();
  if (!context) co_return net::fail(net::FailureKind::handshake_failed, Fault::config, "inspection is off");
  dialled.expire_after(worker.limits().connect);
  auto facts = co_await tls::connect(dialled, *context, name.text(), to.port, protocols);
  if (!facts) {
    using Kind = tls::HandshakeFailure::Kind;
    net::FailureKind kind = net::FailureKind::handshake_failed;
    if (facts.error().kind == Kind::certificate) kind = net::FailureKind::certificate_refused;
    if (facts.error().kind == Kind::timed_out) kind = net::FailureKind::timed_out;
    co_return std::unexpected(net::Failure{kind, std::move(facts.error().error)});
  }
  co_return Verified{std::move(dialled), std::move(facts->alpn), context->trust().generation()};
}

std::string told_by_tls(const net::Socket& socket) {
  static constexpr int kCertificateRequired = 116;  // RFC 8446 section 6.2
  const auto* session = dynamic_cast<const tls::Session*>(socket.layer());
  if (!session || session->received_alert() != kCertificateRequired) return {};
  return tls::CertificateFault{.kind = tls::CertificateFault::Kind::client_certificate_wanted}.text();
}

std::string pool_key(const Inside& inside, std::uint64_t trust) {
  return (inside.only_http1 ? "tls1 " : "tls ") + std::to_string(trust) + ' ' + inside.host.text() + ' ' +
         inside.to.key();
}

}  // namespace schoolgate::flow
