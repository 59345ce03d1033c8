#include "proxy/tls/alert.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

namespace schoolgate::tls {
namespace {

TEST(Alert, IsWhatOpenSslReadsAsAFatalAlert) {
  for (const Alert alert : {Alert::access_denied, Alert::unrecognized_name, Alert::handshake_failure}) {
    SSL_CTX* context = ::SSL_CTX_new(::TLS_client_method());
    SSL* ssl = ::SSL_new(context);
    BIO* in = ::BIO_new(::BIO_s_mem());
    ::SSL_set_bio(ssl, in, ::BIO_new(::BIO_s_mem()));
    ::SSL_set_connect_state(ssl);
    EXPECT_EQ(::SSL_do_handshake(ssl), -1);  // sends its hello
    int seen = 0;
    SSL_set_app_data(ssl, &seen);
    ::SSL_set_info_callback(ssl, [](const SSL* s, int where, int value) {
      if (where == SSL_CB_READ_ALERT) *static_cast<int*>(::SSL_get_ex_data(s, 0)) = value;
    });
    const auto record = fatal_alert(alert);
    ASSERT_EQ(::BIO_write(in, record.data(), int(record.size())), int(record.size()));
    EXPECT_EQ(::SSL_do_handshake(ssl), -1);
    EXPECT_EQ(seen, SSL3_AL_FATAL << 8 | int(alert));
    ::SSL_free(ssl);
    ::SSL_CTX_free(context);
  }
}

}  // namespace
}  // namespace schoolgate::tls
