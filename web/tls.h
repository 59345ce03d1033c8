// The certificate and key with which the pages are served, and TLS made of them (OpenSSL, by asio::ssl).
//
// Given as PEM files, or made at first start: a P-256 key (mode 0600) and a certificate that signs itself for 825 days,
// in the state folder; made anew when it runs out within 30 days or does not name what it should. TLS 1.2 and 1.3,
// ciphers with forward secrecy and AEAD only. Immutable once made; shared by connections.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "names/ip_address.h"

namespace schoolgate::web {

/// Where a certificate made here is kept, and what it names.
struct OwnCertificate {
  std::filesystem::path folder;             ///< exists, mode 0700: <state>
  std::string file = "console";             ///< <file>.crt and <file>.key
  std::string school;                       ///< organisation in the subject
  std::vector<std::string> names;           ///< DNS names; "localhost" is always one
  std::vector<names::IpAddress> addresses;  ///< 127.0.0.1 and ::1 always are
};

class Tls {
 public:
  /// Reads PEM files: a chain with the leaf first, and its key.
  [[nodiscard]] static Result<std::shared_ptr<const Tls>> load(const std::filesystem::path& certificate,
                                                               const std::filesystem::path& key);
  /// Reads the gateway's own certificate, or makes it.
  [[nodiscard]] static Result<std::shared_ptr<const Tls>> load_or_create(const OwnCertificate& own, TimePoint now);
  ~Tls();

  /// SHA-256 of the leaf, "AB:CD:…": what the administrator compares at the first visit.
  [[nodiscard]] const std::string& fingerprint() const noexcept { return fingerprint_; }
  [[nodiscard]] TimePoint expires() const noexcept { return expires_; }
  /// Signs itself, so browsers warn and HSTS is not sent.
  [[nodiscard]] bool self_signed() const noexcept { return self_signed_; }

  /// Of asio::ssl; for the server.
  struct Context;
  [[nodiscard]] Context& context() const noexcept { return *context_; }

 private:
  Tls();
  std::unique_ptr<Context> context_;
  std::string fingerprint_;
  TimePoint expires_{};
  bool self_signed_ = false;
};

}  // namespace schoolgate::web
