// The certificate and key with which the pages are served, and TLS made of them (OpenSSL, by asio::ssl).
//
// Given as PEM files, or made by the gateway itself (own_certificate.h). TLS 1.2 and 1.3, ciphers with forward secrecy
// and AEAD only. Immutable once made; shared by connections.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "web/own_certificate.h"

namespace schoolgate::web {

class Tls {
 public:
  /// Reads PEM files: a chain with the leaf first, and its key.
  [[nodiscard]] static Result<std::shared_ptr<const Tls>> load(const std::filesystem::path& certificate,
                                                               const std::filesystem::path& key);
  /// Reads the gateway's own certificate, or makes it where why_anew() says so. Where `issuer` cannot sign, the one
  /// that is there goes on while it serves, and else one that signs itself; the log says so.
  [[nodiscard]] static Result<std::shared_ptr<const Tls>> load_or_create(const OwnCertificate& own, TimePoint now,
                                                                         const Issuer* issuer = nullptr);
  ~Tls();

  /// SHA-256 of the leaf, "AB:CD:…": what the administrator compares at the first visit.
  [[nodiscard]] const std::string& fingerprint() const noexcept { return fingerprint_; }
  [[nodiscard]] TimePoint expires() const noexcept { return expires_; }
  /// Signs itself, so browsers warn.
  [[nodiscard]] bool self_signed() const noexcept { return self_signed_; }
  /// Browsers may be told that this name is never without TLS they trust (HSTS): the school gave the certificate. One
  /// of the gateway's own making may sign itself tomorrow, and people would be locked out.
  [[nodiscard]] bool may_be_insisted_on() const noexcept { return may_be_insisted_on_; }

  /// Of asio::ssl; for the server.
  struct Context;
  [[nodiscard]] Context& context() const noexcept { return *context_; }

 private:
  Tls();
  [[nodiscard]] static Result<std::shared_ptr<Tls>> read(const std::filesystem::path& certificate,
                                                         const std::filesystem::path& key);
  std::unique_ptr<Context> context_;
  std::string fingerprint_;
  TimePoint expires_{};
  bool self_signed_ = false, may_be_insisted_on_ = false;
};

}  // namespace schoolgate::web
