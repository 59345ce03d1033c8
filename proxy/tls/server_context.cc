#include "proxy/tls/server_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "proxy/tls/openssl_error.h"
#include "proxy/tls/session.h"
#include "proxy/tls/tls_settings.h"

namespace schoolgate::tls {
namespace {

/// Selects the one protocol that the session wants if the client offers it, and no other.
int select_protocol(SSL* ssl, const unsigned char** out, unsigned char* out_length, const unsigned char* offered,
                    unsigned length, void*) noexcept {
  const std::string_view wanted = static_cast<const Session*>(SSL_get_app_data(ssl))->wanted_alpn();
  if (wanted.empty()) return SSL_TLSEXT_ERR_NOACK;
  const unsigned char* const end = offered + length;
  for (const unsigned char* at = offered; at < end && at + 1 + *at <= end; at += 1 + *at) {
    if (std::string_view(reinterpret_cast<const char*>(at + 1), *at) != wanted) continue;
    *out = at + 1;
    *out_length = *at;
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

Result<std::shared_ptr<const ServerContext>> ServerContext::make() {
  SslContextHandle context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* const c = context.get();
  if (!c || !apply_common_settings(c) || !SSL_CTX_set_cipher_list(c, kForwardSecretAead) ||
      !SSL_CTX_set_num_tickets(c, 0))
    return fail_openssl(Fault::self, "cannot prepare TLS towards clients");
  // As browsers have it: no finite fields (D(HE)at), no curves that nobody asks for. The hybrid where the library has
  // it.
  if (!SSL_CTX_set1_groups_list(c, "X25519MLKEM768:X25519:P-256:P-384") &&
      !SSL_CTX_set1_groups_list(c, "X25519:P-256:P-384"))
    return fail_openssl(Fault::self, "cannot choose the groups of TLS towards clients");
  ERR_clear_error();
  SSL_CTX_set_options(c, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA | SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(c, select_protocol, nullptr);
  return std::shared_ptr<const ServerContext>(new ServerContext(std::move(context)));
}

std::unique_ptr<Session> ServerContext::open(const Leaf& leaf, std::string_view alpn,
                                             std::string already_received) const {
  SslHandle ssl(SSL_new(context_.get()));
  if (!ssl || SSL_use_cert_and_key(ssl.get(), leaf.certificate.get(), leaf.key.get(), nullptr, 1) != 1) return nullptr;
  SSL_set_accept_state(ssl.get());
  auto session = std::make_unique<Session>(std::move(ssl), std::move(already_received));
  session->wanted_alpn_ = alpn;
  return session;
}

}  // namespace schoolgate::tls
