#include "proxy/tls/handshake.h"

#include <openssl/ssl.h>
#include <openssl/sslerr.h>

#include <mutex>
#include <optional>
#include <utility>

#include "base/digest.h"
#include "proxy/tls/certificate_parts.h"
#include "proxy/tls/server_check.h"
#include "proxy/tls/session.h"

namespace schoolgate::tls {
namespace {

using Failure = HandshakeFailure::Kind;
using net::IoStatus;

/// RFC 8446 section 6.2.
enum : int {
  handshake_failure = 40,
  bad_certificate = 42,
  unsupported_certificate = 43,
  certificate_revoked = 44,
  certificate_expired = 45,
  certificate_unknown = 46,
  unknown_ca = 48,
  access_denied = 49,
  certificate_required = 116,
};

bool is_about_our_missing_certificate(int alert) noexcept {
  return alert == certificate_required || alert == handshake_failure || alert == bad_certificate ||
         alert == unknown_ca || alert == access_denied || alert == certificate_unknown;
}

CertificateFault::Kind kind_of_reason(int reason) noexcept {
  switch (reason) {
    case SSL_R_EXCESSIVE_MESSAGE_SIZE: return CertificateFault::Kind::too_large;
    case SSL_R_EE_KEY_TOO_SMALL:
    case SSL_R_CA_KEY_TOO_SMALL:
    case SSL_R_CA_MD_TOO_WEAK:
    case SSL_R_DH_KEY_TOO_SMALL: return CertificateFault::Kind::weak;
    default: return CertificateFault::Kind::none;
  }
}

/// How long a handshake waits for one missing issuer. What comes later is kept for the next one.
constexpr auto kIssuerWait = std::chrono::seconds(5);

/// What a handshake and the thread that fetches share of one question. An answer may come when the handshake, or its
/// whole worker, is gone: it is only handed over under the mutex while there is somebody to hand it to.
struct IssuerQuestion {
  std::mutex mutex;
  net::asio::io_context* worker;  ///< null: nobody listens any more; under the mutex
  net::Timer* wakes;              ///< in the frame that waits; the worker's thread only, as is the answer
  MissingIssuers::Certificates answer;
};

struct ListeningForIssuer {
  explicit ListeningForIssuer(IssuerQuestion& question) : asked(question) {}
  ListeningForIssuer(const ListeningForIssuer&) = delete;
  ListeningForIssuer& operator=(const ListeningForIssuer&) = delete;
  ~ListeningForIssuer() {
    const std::scoped_lock lock(asked.mutex);
    asked.worker = nullptr;
    asked.wakes = nullptr;
  }
  IssuerQuestion& asked;
};

/// Looks where check.wanted_issuer says; the worker serves others meanwhile.
net::awaitable<void> look_for_issuer(net::Socket& socket, ServerCheck& check) {
  const std::string address = std::exchange(check.wanted_issuer, {});
  check.asked.push_back(address);
  MissingIssuers::Certificates answer = check.issuers->known(address);
  if (!answer) {
    net::Timer timer(socket.executor());
    const auto question = std::make_shared<IssuerQuestion>();
    question->worker = &socket.executor().context();
    question->wakes = &timer;
    const ListeningForIssuer listening(*question);
    timer.expires_after(kIssuerWait);
    check.issuers->find(address, [question](MissingIssuers::Certificates found) {
      const std::scoped_lock lock(question->mutex);
      if (!question->worker) return;
      net::asio::post(*question->worker, [question, found = std::move(found)]() mutable {
        if (!question->wakes) return;
        question->answer = std::move(found);
        question->wakes->cancel();
      });
    });
    co_await timer.async_wait(net::as_tuple);
    answer = question->answer;
  }
  if (answer) take_issuers(check, *answer);
}

/// Runs the handshake, waiting whenever it must; ok, or why it may not wait any longer.
net::awaitable<std::pair<Session::Step, IoStatus>> run(net::Socket& socket, Session& session) {
  for (;;) {
    const Session::Step step = session.handshake(socket.fd());
    IoStatus status = IoStatus::ok;
    if (step == Session::Step::want_read)
      status = co_await socket.wait_readable();
    else if (step == Session::Step::want_write)
      status = co_await socket.wait_writable();
    else if (step == Session::Step::want_issuer)
      co_await look_for_issuer(socket, *session.check());
    else
      co_return std::pair(step, status);
    if (status != IoStatus::ok) co_return std::pair(Session::Step::failed, status);
  }
}

HandshakeFailure failure_of(const Session& session, IoStatus waited, bool towards_client) {
  HandshakeFailure failure = why_failed(session, towards_client);
  if (waited == IoStatus::timed_out) {
    failure.kind = Failure::timed_out;
    failure.error.what = "the TLS handshake took too long";
  } else if (waited == IoStatus::cancelled) {
    failure.kind = Failure::cancelled;
    failure.error.what = "the TLS handshake was given up";
  }
  return failure;
}

HandshakeFailure could_not_begin(std::string_view host) {
  return {.error = {Fault::self, "cannot begin TLS for \"" + std::string(host) + '"', {}}};
}

UpstreamFacts facts_of(const Session& session) {
  UpstreamFacts facts;
  facts.alpn = session.alpn();
  facts.resumed = session.resumed();
  facts.version = session.version();
  facts.cipher = session.cipher();
  facts.group = session.group();
  facts.client_certificate_wanted = session.check()->client_certificate_wanted;
  if (const X509* const leaf = SSL_get0_peer_certificate(session.ssl()))
    facts.leaf_fingerprint = to_hex(sha256(der_of(leaf)));
  return facts;
}

}  // namespace

bool HandshakeFailure::distrusts_us() const noexcept {
  return kind == Failure::alert && (alert == unknown_ca || (alert >= bad_certificate && alert <= certificate_unknown));
}

HandshakeFailure why_failed(const Session& session, bool towards_client) {
  HandshakeFailure failure;
  failure.alert = session.received_alert();
  failure.error.fault = towards_client ? Fault::client : Fault::upstream;
  const std::string who = towards_client ? "the client" : "the site";
  if (const ServerCheck* const check = session.check()) {
    failure.certificate = check->fault;
    failure.names = check->names;
    if (!failure.certificate && check->client_certificate_wanted && is_about_our_missing_certificate(failure.alert))
      failure.certificate.kind = CertificateFault::Kind::client_certificate_wanted;
    if (!failure.certificate) failure.certificate.kind = kind_of_reason(session.failure_code());
  }
  if (failure.certificate) {
    failure.kind = Failure::certificate;
    failure.error.what = failure.certificate.text();
    failure.error.what.pop_back();  // an Error is no sentence: no full stop, no capital
    failure.error.what.front() = 't';
  } else if (failure.alert >= 0) {
    failure.kind = Failure::alert;
    failure.error.what = who + " ended the TLS handshake: " + session.failure();
  } else if (session.peer_gone()) {
    failure.kind = Failure::peer_gone;
    failure.error.what = who + " closed the connection during the TLS handshake";
  } else {
    failure.kind = Failure::protocol;
    failure.error.what = "TLS with " + who + " failed: " + session.failure();
  }
  return failure;
}

net::awaitable<std::expected<void, HandshakeFailure>> accept(net::Socket& socket, const ServerContext& context,
                                                             std::shared_ptr<const Leaf> leaf, std::string_view alpn,
                                                             std::string already_received) {
  std::unique_ptr<Session> session = context.open(*leaf, alpn, std::move(already_received));
  if (!session) co_return std::unexpected(could_not_begin("a client"));
  const auto [step, waited] = co_await run(socket, *session);
  if (step != Session::Step::done) co_return std::unexpected(failure_of(*session, waited, true));
  socket.secure(std::move(session));
  co_return std::expected<void, HandshakeFailure>();
}

net::awaitable<std::expected<UpstreamFacts, HandshakeFailure>> connect(net::Socket& socket, UpstreamContext& context,
                                                                       std::string_view host, std::uint16_t port,
                                                                       std::span<const std::string_view> alpn) {
  std::unique_ptr<Session> session = context.open(host, port, alpn);
  if (!session) co_return std::unexpected(could_not_begin(host));
  const auto [step, waited] = co_await run(socket, *session);
  if (step != Session::Step::done) co_return std::unexpected(failure_of(*session, waited, false));
  UpstreamFacts facts = facts_of(*session);
  session->forget_check();
  socket.secure(std::move(session));
  co_return facts;
}

}  // namespace schoolgate::tls
