// A conversation through a gateway that decrypts: an authority that pupils trust, and a web that has one of its own.
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

#include "tests/proxy/flow/tls_ends.h"
#include "tests/rules/policies.h"

namespace schoolgate::flow::test {

/// web.example is opened because web.example/secret/ is blocked; other.example is left closed.
class InspectionTest : public Conversation {
 protected:
  InspectionTest() : root(tls::make_ca("Web authority")) {
    policy.inspection = rules::InspectionMode::selective;
    policy.rules = {rules::test::block_url("web.example/secret/")};
    certificate = tls::issue(tls::leaf_spec("DNS:web.example,DNS:other.example,DNS:casino.example"), &root);
    web_context = tls::plain_server_context({certificate});
    trust(root);
  }

  /// Inspection whose authority pupils trust, and which trusts `believed` about web sites.
  void trust(const tls::Issued& believed) {
    const auto ca = folder.path() / "ca";
    if (!std::filesystem::exists(ca)) EXPECT_TRUE(tls::create_authority(ca, "Ashford Oaks", wall_now()));
    authority = *tls::Authority::load(ca);
    const auto roots = folder.path() / "roots.pem";
    std::ofstream(roots) << believed.pem();
    auto made = std::make_shared<Inspection>();
    made->mint = std::move(*tls::LeafMint::make(authority));
    made->server = *tls::ServerContext::make();
    made->trust = *tls::TrustStore::load(
        {.system_roots = {}, .extra_roots = {roots}, .pins = {}, .own_authority = authority, .is_public_suffix = {}});
    made->distrust = std::make_shared<DistrustNotes>();
    inspection = made;
    pupil_context = tls::plain_client_context(authority->certificate());
  }

  TlsEnd pupil_inside(std::string_view connect_to, std::string_view name, std::string_view alpn = {}) {
    return TlsEnd::client(tunnel_to(connect_to), pupil_context.get(), name, alpn);
  }
  TlsEnd web_inside(std::string_view alpn = {}) { return TlsEnd::server(web.accept(), web_context.get(), alpn); }

  [[nodiscard]] std::string get_inside(std::string_view target, std::string_view host = "web.example") const {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: " + at(host) + "\r\n\r\n";
  }

  tls::Issued root, certificate;
  tls::SslContextHandle web_context, pupil_context;
  std::shared_ptr<const tls::Authority> authority;
};

}  // namespace schoolgate::flow::test
