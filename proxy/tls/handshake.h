// The two handshakes: with a client, in a site's stead; with a site, verifying it as strictly as a browser.
//
// Both wait within the socket's deadline. On success socket.layer() is the Session; on failure the socket has no layer
// and what could be said (an alert) was said as far as the kernel took it: close it.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "proxy/net/asio.h"
#include "proxy/net/socket.h"
#include "proxy/tls/certificate_fault.h"
#include "proxy/tls/leaf.h"
#include "proxy/tls/server_context.h"
#include "proxy/tls/upstream_context.h"

namespace schoolgate::tls {

struct HandshakeFailure {
  enum class Kind : std::uint8_t {
    peer_gone,    ///< closed or reset without a word
    timed_out,    ///< the socket's deadline
    cancelled,    ///< a drain
    alert,        ///< the peer said why: see `alert`
    protocol,     ///< no common version or cipher, a bad signature, something that is not TLS, over the bounds
    certificate,  ///< connect() only: see `certificate`
  };
  Kind kind = Kind::protocol;
  int alert = -1;  ///< the fatal alert that was received (RFC 8446 section 6.2), or -1
  CertificateFault certificate;
  std::vector<std::string> names;  ///< connect() only: of the certificate that was shown, however it was faulty
  Error error;

  /// The client refused our certificate: it does not know the authority, or the application is pinned
  /// (bad_certificate, certificate_unknown, unknown_ca and the like).
  [[nodiscard]] bool distrusts_us() const noexcept;
};

struct UpstreamFacts {
  std::string alpn;  ///< empty when the server chose none
  bool resumed = false;
  int version = 0;  ///< 0x0303 or 0x0304
  std::string cipher, group;
  std::string leaf_fingerprint;            ///< SHA-256 of the site's certificate, hexadecimal
  bool client_certificate_wanted = false;  ///< asked for, not given; the server may refuse later
};

/// Answers a client as the site would, with `leaf`. `alpn` is selected if the client offers it (empty: none). What was
/// read from the socket before (the ClientHello that was judged) is handed in as `already_received`.
[[nodiscard]] net::awaitable<std::expected<void, HandshakeFailure>> accept(net::Socket& socket,
                                                                           const ServerContext& context,
                                                                           std::shared_ptr<const Leaf> leaf,
                                                                           std::string_view alpn,
                                                                           std::string already_received);

/// Opens TLS to `host` (a canonical name, sent as SNI, or an IP literal with or without brackets), verifies it in full
/// and offers `alpn` in this order. What the parameters view must stay until the end; so must `context`.
[[nodiscard]] net::awaitable<std::expected<UpstreamFacts, HandshakeFailure>> connect(
    net::Socket& socket, UpstreamContext& context, std::string_view host, std::uint16_t port,
    std::span<const std::string_view> alpn);

/// Why `session` failed, once handshake() has said so. `towards_client`: whose fault it is.
[[nodiscard]] HandshakeFailure why_failed(const Session& session, bool towards_client);

}  // namespace schoolgate::tls
