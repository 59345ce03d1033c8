// What both sides of an inspected connection have in common.
#pragma once

#include <openssl/ssl.h>

namespace schoolgate::tls {

/// TLS 1.2, towards clients: forward secrecy and authenticated encryption only; AES-128 first, as SHA-256 has CPU
/// instructions and SHA-384 has not.
inline constexpr const char* kForwardSecretAead =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

/// Versions 1.2 and 1.3, security level 2, no renegotiation, no compression; reads ahead, holds buffers only while they
/// hold something and wipes what was read out of them. The whole buffer is wiped at every release, so it has room for
/// one record and no more: 64 KiB cost a kept-alive request a sixth of its time and a large body more than it saved.
[[nodiscard]] inline bool apply_common_settings(SSL_CTX* context) noexcept {
  SSL_CTX_set_security_level(context, 2);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF |
                                   SSL_OP_CLEANSE_PLAINTEXT);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) &&
         SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) &&
         SSL_CTX_set_ciphersuites(context,
                                  "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
}

}  // namespace schoolgate::tls
