// OpenSSL's library with less in it: what verifying a web site takes, and nothing that is only looked through.
//
// For every public key that it meets OpenSSL 3 builds a list of forty decoders out of all that its provider offers, and
// copies the list of every algorithm it knows: a fifth of an inspected connection's time. This one's provider hands on
// to the default provider, but offers only the decoders for the public keys of certificates (EC, RSA, RSA-PSS,
// Ed25519), the ciphers and derivations of our suites, and no encoders. The code that verifies is the same; a kind of
// key that was left out cannot be read, so its certificate is refused.
#pragma once

#include "proxy/tls/handles.h"

namespace schoolgate::tls {

/// The one of this process, never freed; null (which OpenSSL takes for its default) where it cannot be made or does not
/// read keys as it should. Safe to call and to use from any thread.
[[nodiscard]] ossl_lib_ctx_st* lean_library() noexcept;

}  // namespace schoolgate::tls
