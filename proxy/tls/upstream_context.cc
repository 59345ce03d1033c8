#include "proxy/tls/upstream_context.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "names/ip_address.h"
#include "proxy/tls/certificate_parts.h"
#include "proxy/tls/lean_library.h"
#include "proxy/tls/openssl_error.h"
#include "proxy/tls/server_check.h"
#include "proxy/tls/session.h"
#include "proxy/tls/tls_settings.h"

namespace schoolgate::tls {
namespace {

/// As browsers offer it, less the suites without forward secrecy.
constexpr const char* kSuites =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA";

constexpr long kMostTrustBytes = 256 * 1024;  // hard case TLS-30
constexpr int kDeepestChain = 10;

Session& session_of(const SSL* ssl) noexcept { return *static_cast<Session*>(SSL_get_app_data(ssl)); }

int on_certificates(X509_STORE_CTX* context, void*) noexcept {
  const auto ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
  ServerCheck* const check = session_of(ssl).check();
  if (!check) return 0;
  check->wanted_issuer.clear();
  if (verify_chain(context, *check)) return 1;
  if (check->wanted_issuer.empty()) return 0;
  // OpenSSL wants a yes to be asked again; Session::handshake() lets no handshake pass that was never verified.
  SSL_set_retry_verify(ssl);
  return 1;
}

int on_staple(SSL* ssl, void*) noexcept {
  ServerCheck* const check = session_of(ssl).check();
  return check && verify_staple(ssl, *check);
}

int on_certificate_request(SSL* ssl, X509**, EVP_PKEY**) noexcept {
  if (ServerCheck* const check = session_of(ssl).check()) check->client_certificate_wanted = true;
  return 0;  // we have none
}

/// The names of ALPN in the protocol's own form; empty when one does not fit.
std::string alpn_list(std::span<const std::string_view> protocols) {
  std::string list;
  for (const std::string_view protocol : protocols) {
    if (protocol.empty() || protocol.size() > 255) return {};
    list += char(protocol.size());
    list += protocol;
  }
  return list;
}

}  // namespace

/// Called by OpenSSL for every ticket. Only those of TLS 1.3 are kept: they agree on fresh keys when they are used.
int UpstreamContext::on_ticket(ssl_st* ssl, ssl_session_st* ticket) noexcept {
  Session& session = session_of(ssl);
  const X509* const leaf = SSL_SESSION_get0_peer(ticket);
  if (!session.tickets_ || !leaf || SSL_SESSION_get_protocol_version(ticket) != TLS1_3_VERSION ||
      !SSL_SESSION_is_resumable(ticket))
    return 0;
  const TimePoint now = wall_now();
  const auto hint = std::chrono::seconds(std::min(SSL_SESSION_get_ticket_lifetime_hint(ticket), 604'800ul));
  session.tickets_->put(session.ticket_key_, SessionHandle(ticket), now,
                        std::min(now + hint, time_of(X509_get0_notAfter(leaf))));
  return 1;  // it is ours now
}

Result<std::unique_ptr<UpstreamContext>> UpstreamContext::make(std::shared_ptr<const TrustStore> trust,
                                                               TicketLimits limits) {
  std::unique_ptr<UpstreamContext> made(new UpstreamContext);
  made->context_.reset(SSL_CTX_new_ex(lean_library(), nullptr, TLS_client_method()));
  SSL_CTX* const c = made->context_.get();
  if (!c || !apply_common_settings(c) || !SSL_CTX_set_cipher_list(c, kSuites) ||
      !SSL_CTX_set_tlsext_status_type(c, TLSEXT_STATUSTYPE_ocsp))
    return fail_openssl(Fault::self, "cannot prepare TLS towards web sites");
  SSL_CTX_set_options(c, SSL_OP_NO_TICKET);  // of TLS 1.2; those of TLS 1.3 come all the same
  // Servers that have never heard of RFC 5746 are reached, as browsers reach them: we never renegotiate.
  SSL_CTX_set_options(c, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_verify(c, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_verify_depth(c, kDeepestChain);
  SSL_CTX_set_max_cert_list(c, kMostTrustBytes);
  SSL_CTX_set_cert_verify_callback(c, on_certificates, nullptr);
  SSL_CTX_set_tlsext_status_cb(c, on_staple);
  SSL_CTX_set_client_cert_cb(c, on_certificate_request);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(c, on_ticket);
  made->limits_ = limits;
  made->use(std::move(trust));
  return made;
}

void UpstreamContext::use(std::shared_ptr<const TrustStore> trust) {
  trust_ = std::move(trust);
  SSL_CTX_set1_cert_store(context_.get(), trust_->roots());
  forget_sessions();
}

void UpstreamContext::forget_sessions() { tickets_ = std::make_shared<TicketStore>(limits_); }

std::unique_ptr<Session> UpstreamContext::open(std::string_view host, std::uint16_t port,
                                               std::span<const std::string_view> alpn) {
  host = without_brackets(host);
  const std::string name(host);
  const std::string protocols = alpn_list(alpn);
  SslHandle handle(SSL_new(context_.get()));
  SSL* const ssl = handle.get();
  if (!ssl || !may_be_named(host) || protocols.empty() != alpn.empty()) return nullptr;
  SSL_set_connect_state(ssl);
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  const bool is_address = names::IpAddress::parse(host).has_value();
  const bool named =
      is_address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) == 1
                 : SSL_set_tlsext_host_name(ssl, name.c_str()) == 1;  // verify_chain() holds it against the certificate
  if (!named) return nullptr;
  if (!alpn.empty() &&
      SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(protocols.data()), unsigned(protocols.size())))
    return nullptr;
  if (X509_STORE* const roots = trust_->roots_for(host); roots != trust_->roots())
    SSL_set1_verify_cert_store(ssl, roots);

  auto session = std::make_unique<Session>(std::move(handle));
  session->check_ = std::make_unique<ServerCheck>();
  session->check_->host = name;
  session->check_->is_address = is_address;
  session->check_->trust = trust_;
  session->check_->issuers = issuers_;
  session->tickets_ = tickets_;
  session->ticket_key_ =
      name + ' ' + std::to_string(port) + ' ' + std::to_string(trust_->generation()) + ' ' + protocols;
  if (const SessionHandle ticket = tickets_->take(session->ticket_key_, wall_now()); ticket)
    SSL_set_session(ssl, ticket.get());
  return session;
}

}  // namespace schoolgate::tls
