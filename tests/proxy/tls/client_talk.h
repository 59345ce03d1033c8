// Our end as the server of a plain OpenSSL client that trusts the test's own authority.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "proxy/tls/leaf_template.h"
#include "tests/proxy/tls/talk.h"

namespace schoolgate::tls {

class ClientTalk : public Talk {
 protected:
  ClientTalk() {
    EXPECT_TRUE(create_authority(folder.path() / "ca", "Test School", wall_now()));
    authority = *Authority::load(folder.path() / "ca");
    key = std::move(*make_leaf_key());
    leaf = leaf_for("site.test");
    context = *ServerContext::make();
    client = plain_client_context(authority->certificate());
  }
  std::shared_ptr<const Leaf> leaf_for(std::string_view host) {
    auto pattern = LeafTemplate::make(authority, public_half(key.get()));
    return *make_leaf(*pattern->mint(host, LeafFor::verified_site, wall_now()), key.get());
  }

  /// Answers a client with this context, whose script goes on after its handshake, successful or not.
  Accepted accept_from(SSL_CTX* from, PlainPeer::Script after = {}, std::string_view alpn = {},
                       PlainPeer::Script before = {}) {
    peer.reset();
    auto [near, far] = connection();
    socket.emplace(std::move(near));
    peer.emplace(std::move(far), from, [after = std::move(after), before = std::move(before)](SSL* ssl) {
      SSL_set1_host(ssl, "site.test");
      SSL_set_tlsext_host_name(ssl, "site.test");
      if (before) before(ssl);
      SSL_connect(ssl);
      if (after) after(ssl);
    });
    return finish(accept_on(*socket, *context, leaf, alpn, {}));
  }
  Accepted accept_from(PlainPeer::Script after = {}) { return accept_from(client.get(), std::move(after)); }

  ScratchFolder folder;
  std::shared_ptr<const Authority> authority;
  KeyHandle key;
  std::shared_ptr<const Leaf> leaf;
  std::shared_ptr<const ServerContext> context;
  SslContextHandle client;
  std::optional<net::Socket> socket;
  std::optional<PlainPeer> peer;
};

}  // namespace schoolgate::tls
