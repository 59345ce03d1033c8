// One TLS connection as a Layer over a Socket: OpenSSL driven on the descriptor directly, without a buffer in between.
//
// Made by accept() and connect() of handshake.h, then owned by its socket and used on its worker's thread only. Records
// of one send() are gathered and leave in one call of at most 64 KiB; memory of its own holds only what a blocked
// descriptor did not take. Never throws, never waits, never raises SIGPIPE. Destroyed without finish() it sends
// nothing.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/net/layer.h"
#include "proxy/tls/certificate_fault.h"
#include "proxy/tls/handles.h"
#include "proxy/tls/wire.h"

namespace schoolgate::tls {

class TicketStore;
struct ServerCheck;

class Session final : public net::Layer {
 public:
  enum class Step : std::uint8_t {
    done,
    want_read,
    want_write,
    want_issuer,  ///< look for check()->wanted_issuer, take_issuers(), then go on
    failed,
  };

  /// `ssl` is fresh from a context of this room. `already_received` comes before what the descriptor gives.
  Session(SslHandle ssl, std::string already_received = {});
  ~Session() override;

  /// Brings the handshake on as far as it goes without waiting. After `failed`, failure() tells why.
  [[nodiscard]] Step handshake(int fd) noexcept;

  net::Transfer receive(int fd, std::span<char> into) noexcept override;
  net::Transfer send(int fd, std::string_view bytes) noexcept override;
  [[nodiscard]] bool holds_received() const noexcept override { return more_; }
  [[nodiscard]] bool holds_unsent() const noexcept override { return wire_.holds_unsent(); }
  [[nodiscard]] bool is_quiet(int fd) noexcept override;
  void finish(int fd) noexcept override;

  /// The protocol agreed by ALPN; empty for none.
  [[nodiscard]] std::string_view alpn() const noexcept;
  /// 0x0303 or 0x0304.
  [[nodiscard]] int version() const noexcept;
  /// "TLSv1.2", "TLSv1.3".
  [[nodiscard]] std::string_view version_name() const noexcept;
  /// As "TLS_AES_128_GCM_SHA256".
  [[nodiscard]] std::string_view cipher() const noexcept;
  /// As "x25519"; empty when the library cannot say.
  [[nodiscard]] std::string_view group() const noexcept;
  [[nodiscard]] bool resumed() const noexcept;
  /// The DNS names that the peer's certificate covers, as written ("*.example"); none of the common name.
  [[nodiscard]] std::vector<std::string> peer_names() const;
  /// True when the peer's bytes ended without close_notify. Only HTTP's own framing tells whether something is missing
  /// (RFC 8446 section 6.1, RFC 9112 section 9.8): receive() says closed in both cases.
  [[nodiscard]] bool truncated() const noexcept { return truncated_; }
  /// The fatal alert that the peer sent, or -1.
  [[nodiscard]] int received_alert() const noexcept { return received_alert_; }
  /// How it failed: OpenSSL's reason as a number (ERR_GET_REASON) and in words, for logs.
  [[nodiscard]] int failure_code() const noexcept { return failure_code_; }
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
  [[nodiscard]] bool peer_gone() const noexcept { return wire_.ended() || wire_.error() != 0; }

  /// What the server's certificate is checked against, and what came of it; null towards clients and after connect().
  [[nodiscard]] ServerCheck* check() const noexcept { return check_.get(); }
  void forget_check() noexcept;
  /// Towards a client: the protocol to select if the client offers it.
  [[nodiscard]] std::string_view wanted_alpn() const noexcept { return wanted_alpn_; }
  [[nodiscard]] ssl_st* ssl() const noexcept { return ssl_.get(); }

 private:
  friend class UpstreamContext;
  friend class ServerContext;
  [[nodiscard]] net::Transfer outcome_of(int result) noexcept;
  void note_failure() noexcept;

  Wire wire_;
  SslHandle ssl_;        ///< after the wire that its BIO reads
  net::Transfer end_{};  ///< set once nothing more can be received
  bool more_ = false;    ///< receive() may have something without the descriptor becoming readable
  bool handshake_done_ = false;
  bool open_ = false;  ///< the handshake is done and nothing fatal has happened since
  bool truncated_ = false;
  int received_alert_ = -1;
  int failure_code_ = 0;
  std::string failure_;
  std::string wanted_alpn_;               ///< towards clients: the one to select
  std::unique_ptr<ServerCheck> check_;    ///< towards servers, during the handshake
  std::shared_ptr<TicketStore> tickets_;  ///< towards servers: where its tickets go,
  std::string ticket_key_;                ///< and under which key
};

}  // namespace schoolgate::tls
