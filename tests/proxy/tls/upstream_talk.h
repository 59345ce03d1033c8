// Our end as the client of a plain OpenSSL server that has a root of the test's own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "proxy/tls/upstream_context.h"
#include "tests/proxy/tls/talk.h"

namespace schoolgate::tls {

class UpstreamTalk : public Talk {
 protected:
  UpstreamTalk() { trust(settings()); }

  TrustSettings settings() {
    TrustSettings made;
    made.system_roots.clear();
    made.extra_roots = {folder.write("root.pem", root().pem())};
    made.is_public_suffix = [](std::string_view name) { return name == "co.test"; };
    return made;
  }
  void trust(TrustSettings with) {
    auto store = TrustStore::load(std::move(with));
    ASSERT_TRUE(store) << store.error().text();
    if (context) {
      context->use(*store);
      return;
    }
    auto made = UpstreamContext::make(*store);
    ASSERT_TRUE(made) << made.error().text();
    context = std::move(*made);
  }

  static const Issued& root() {
    static const Issued made = make_ca("test root");
    return made;
  }
  static const Issued& intermediate() {
    static const Issued made = make_ca("test intermediate", &root());
    return made;
  }
  /// leaf, intermediate
  static std::vector<Issued> chain_of(const CertificateSpec& leaf) {
    return {issue(leaf, &intermediate()), intermediate()};
  }
  static std::vector<Issued> sound_chain() {
    static const std::vector<Issued> made = chain_of(leaf_spec("DNS:site.test,IP:192.0.2.7,IP:2001:db8::7"));
    return made;
  }

  /// Connects to a server with this context, whose script goes on after its handshake, successful or not.
  Connected connect_to(SSL_CTX* server, std::string_view host, PlainPeer::Script after = {},
                       std::vector<std::string_view> alpn = {}) {
    peer.reset();
    auto [near, far] = connection();
    socket.emplace(std::move(near));
    peer.emplace(std::move(far), server, [script = std::move(after)](SSL* ssl) {
      SSL_accept(ssl);
      if (script) script(ssl);
    });
    return finish(connect_on(*socket, *context, host, alpn));
  }
  Connected connect_to(const std::vector<Issued>& chain, std::string_view host) {
    const SslContextHandle server = plain_server_context(chain);
    Connected connected = connect_to(server.get(), host);
    socket->close();
    peer->join();
    return connected;
  }
  CertificateFault fault_of(const std::vector<Issued>& chain, std::string_view host = "site.test") {
    const Connected connected = connect_to(chain, host);
    if (connected) return {};
    EXPECT_EQ(connected.error().kind, HandshakeFailure::Kind::certificate) << connected.error().error.text();
    EXPECT_EQ(connected.error().error.fault, Fault::upstream);
    return connected.error().certificate;
  }

  ScratchFolder folder;
  std::unique_ptr<UpstreamContext> context;
  std::optional<net::Socket> socket;
  std::optional<PlainPeer> peer;
};

}  // namespace schoolgate::tls
