// OpenSSL's objects as owners that free themselves, without OpenSSL's headers: so that other rooms can include ours.
#pragma once

#include <memory>

struct ssl_st;
struct ssl_ctx_st;
struct ssl_session_st;
struct x509_st;
struct x509_store_st;
struct evp_pkey_st;
struct bio_st;
struct ossl_lib_ctx_st;

namespace schoolgate::tls {

struct Free {
  void operator()(ssl_st* ssl) const noexcept;
  void operator()(ssl_ctx_st* context) const noexcept;
  void operator()(ssl_session_st* session) const noexcept;
  void operator()(x509_st* certificate) const noexcept;
  void operator()(x509_store_st* store) const noexcept;
  void operator()(evp_pkey_st* key) const noexcept;
  void operator()(bio_st* bio) const noexcept;
};

using SslHandle = std::unique_ptr<ssl_st, Free>;
using SslContextHandle = std::unique_ptr<ssl_ctx_st, Free>;
using SessionHandle = std::unique_ptr<ssl_session_st, Free>;  ///< what can be resumed
using CertificateHandle = std::unique_ptr<x509_st, Free>;
using StoreHandle = std::unique_ptr<x509_store_st, Free>;
using KeyHandle = std::unique_ptr<evp_pkey_st, Free>;
using BioHandle = std::unique_ptr<bio_st, Free>;

}  // namespace schoolgate::tls
