#include "proxy/tls/handles.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace schoolgate::tls {

void Free::operator()(ssl_st* ssl) const noexcept { SSL_free(ssl); }
void Free::operator()(ssl_ctx_st* context) const noexcept { SSL_CTX_free(context); }
void Free::operator()(ssl_session_st* session) const noexcept { SSL_SESSION_free(session); }
void Free::operator()(x509_st* certificate) const noexcept { X509_free(certificate); }
void Free::operator()(x509_store_st* store) const noexcept { X509_STORE_free(store); }
void Free::operator()(evp_pkey_st* key) const noexcept { EVP_PKEY_free(key); }
void Free::operator()(bio_st* bio) const noexcept { BIO_free_all(bio); }

}  // namespace schoolgate::tls
