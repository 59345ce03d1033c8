// What the tests of handshakes and sessions stand on: our end in an event loop, a plain OpenSSL peer on a thread.
#pragma once

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <pthread.h>

#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "proxy/tls/handshake.h"
#include "proxy/tls/session.h"
#include "tests/proxy/net/loop.h"
#include "tests/proxy/tls/certificates.h"
#include "tests/proxy/tls/scratch_folder.h"

namespace schoolgate::tls {

/// A peer that speaks plain OpenSSL on a blocking descriptor, on its own thread. Joined when it goes.
class PlainPeer {
 public:
  using Script = std::function<void(SSL*)>;
  PlainPeer(net::FileDescriptor fd, SSL_CTX* context, Script script)
      : thread_([socket = std::move(fd), ssl = SslHandle(SSL_new(context)), run = std::move(script)] {
          sigset_t pipe;  // OpenSSL's own socket BIO would raise it
          sigemptyset(&pipe);
          sigaddset(&pipe, SIGPIPE);
          ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
          SSL_set_fd(ssl.get(), socket.get());
          run(ssl.get());
        }) {}
  ~PlainPeer() { join(); }
  void join() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::thread thread_;
};

/// Everything until the peer ends or fails.
inline std::string read_all(SSL* ssl) {
  std::string all;
  char piece[16384];
  for (int n; (n = SSL_read(ssl, piece, sizeof piece)) > 0;) all.append(piece, std::size_t(n));
  return all;
}
inline std::string read_exactly(SSL* ssl, std::size_t size) {
  std::string all(size, '\0');
  std::size_t got = 0;
  while (got < size) {
    const int n = SSL_read(ssl, all.data() + got, int(size - got));
    if (n <= 0) break;
    got += std::size_t(n);
  }
  all.resize(got);
  return all;
}
inline void write_all(SSL* ssl, std::string_view text) { SSL_write(ssl, text.data(), int(text.size())); }

class Talk : public net::Loop {
 protected:
  using Accepted = std::expected<void, HandshakeFailure>;
  using Connected = std::expected<UpstreamFacts, HandshakeFailure>;

  static net::awaitable<Accepted> accept_on(net::Socket& socket, const ServerContext& context,
                                            std::shared_ptr<const Leaf> leaf, std::string_view alpn,
                                            std::string already) {
    co_return co_await accept(socket, context, std::move(leaf), alpn, std::move(already));
  }
  static net::awaitable<Connected> connect_on(net::Socket& socket, UpstreamContext& context, std::string_view host,
                                              std::span<const std::string_view> alpn) {
    co_return co_await connect(socket, context, host, 443, alpn);
  }
  static net::awaitable<net::Transfer> receive_on(net::Socket& socket, std::span<char> into) {
    co_return co_await socket.receive_some(into);
  }
  static net::awaitable<net::Transfer> send_on(net::Socket& socket, std::string_view bytes) {
    co_return co_await socket.send_all(bytes);
  }

  static Session& session_of(net::Socket& socket) { return dynamic_cast<Session&>(*socket.layer()); }

  /// Receives exactly so much, or what came before the end.
  std::string receive_exactly(net::Socket& socket, std::size_t size) {
    std::string all(size, '\0');
    std::size_t got = 0;
    while (got < size) {
      const net::Transfer now = finish(receive_on(socket, std::span(all).subspan(got)));
      if (!now) break;
      got += now.bytes;
    }
    all.resize(got);
    return all;
  }
};

}  // namespace schoolgate::tls
