#include "proxy/tls/upstream_context.h"

#include <gmock/gmock.h>

#include "tests/proxy/tls/upstream_talk.h"

namespace schoolgate::tls {
namespace {

using FailureKind = HandshakeFailure::Kind;
using net::IoStatus;
using namespace std::string_view_literals;

class UpstreamContextTest : public UpstreamTalk {
 protected:
  /// One visit: handshake, an answer, an orderly end. Tickets that the server sends are taken in on the way.
  Connected visit(SSL_CTX* server, std::string_view host = "site.test", std::vector<std::string_view> alpn = {}) {
    Connected connected = connect_to(
        server, host,
        [](SSL* ssl) {
          write_all(ssl, "answer");
          read_all(ssl);
        },
        std::move(alpn));
    if (connected) EXPECT_EQ(receive_exactly(*socket, 6), "answer");
    socket->close();
    peer->join();
    return connected;
  }
  /// A handshake with a server whose flights pass through `spoil`; whether our end was content.
  bool handshake_through(SSL_CTX* server, const std::function<void(std::string&)>& spoil,
                         FailureKind expected = FailureKind::protocol) {
    auto [near, far] = connection();
    const SslHandle ssl(SSL_new(server));
    BIO* const in = BIO_new(BIO_s_mem());
    BIO* const out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in, -1);
    SSL_set_bio(ssl.get(), in, out);
    SSL_set_accept_state(ssl.get());
    std::optional<Connected> connected;
    start(connect_on(near, *context, "site.test", {}), connected);
    run_until([&] {
      char piece[16384];
      const ssize_t n = ::recv(far.get(), piece, sizeof piece, MSG_DONTWAIT);
      if (n > 0) BIO_write(in, piece, int(n));
      SSL_do_handshake(ssl.get());
      std::string flight(BIO_ctrl_pending(out), '\0');
      if (!flight.empty()) {
        BIO_read(out, flight.data(), int(flight.size()));
        spoil(flight);
        net::send_text(far, flight);
      }
      return connected.has_value();
    });
    if (connected && !*connected) EXPECT_EQ(connected->error().kind, expected);
    return connected && connected->has_value();
  }
  /// Nothing when the visit failed.
  static std::optional<bool> resumed(const Connected& connected) {
    if (!connected) ADD_FAILURE() << connected.error().error.text();
    return connected ? std::optional(connected->resumed) : std::nullopt;
  }
  SslContextHandle resumable_server(const std::vector<Issued>& chain) {
    SslContextHandle server = plain_server_context(chain);
    SSL_CTX_set_session_id_context(server.get(), reinterpret_cast<const unsigned char*>("t"), 1);
    return server;
  }
};

TEST_F(UpstreamContextTest, TheServersProtocolIsLearned) {
  const SslContextHandle server = plain_server_context(sound_chain());
  SSL_CTX_set_alpn_select_cb(
      server.get(),
      [](SSL*, const unsigned char** out, unsigned char* length, const unsigned char* in, unsigned size, void*) {
        EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(in), size), "\x02h2\x08http/1.1");
        *out = in + 1;
        *length = *in;
        return SSL_TLSEXT_ERR_OK;
      },
      nullptr);
  const Connected connected = visit(server.get(), "site.test", {"h2", "http/1.1"});
  ASSERT_TRUE(connected);
  EXPECT_EQ(connected->alpn, "h2");
  EXPECT_EQ(connected->cipher, "TLS_AES_128_GCM_SHA256");
  EXPECT_FALSE(connected->group.empty());
}

TEST_F(UpstreamContextTest, NamesAreSentAndAddressesAreNot) {
  const SslContextHandle server = plain_server_context(sound_chain());
  std::string sent;
  const auto note = [&](SSL* ssl) {
    const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    sent = name ? name : "(none)";
  };
  ASSERT_TRUE(connect_to(server.get(), "site.test", note));
  peer->join();
  EXPECT_EQ(sent, "site.test");
  ASSERT_TRUE(connect_to(server.get(), "[2001:db8::7]", note));
  peer->join();
  EXPECT_EQ(sent, "(none)");
}

TEST_F(UpstreamContextTest, AHostThatIsNoneIsRefusedBeforeAnythingIsSent) {
  const SslContextHandle server = plain_server_context(sound_chain());
  for (const std::string_view host : {"", "a b", "*.site.test"}) {
    auto [near, far] = connection();
    const Connected connected = finish(connect_on(near, *context, host, {}));
    ASSERT_FALSE(connected);
    EXPECT_EQ(connected.error().error.fault, Fault::self);
  }
}

// INT-08, TLS-25
TEST_F(UpstreamContextTest, OldVersionsAndBrokenSuitesAreRefused) {
  const SslContextHandle old = plain_server_context(sound_chain());
  SSL_CTX_set_min_proto_version(old.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(old.get(), TLS1_1_VERSION);
  Connected connected = visit(old.get());
  ASSERT_FALSE(connected);
  EXPECT_THAT(connected.error().kind, testing::AnyOf(FailureKind::alert, FailureKind::protocol));

  CertificateSpec rsa = leaf_spec("DNS:site.test");
  rsa.key = "RSA-2048";
  rsa.key_usage = "critical,digitalSignature,keyEncipherment";
  const SslContextHandle weak = plain_server_context(chain_of(rsa));
  SSL_CTX_set_max_proto_version(weak.get(), TLS1_2_VERSION);
  for (const char* suites : {"AES128-GCM-SHA256", "AES256-SHA", "NULL-SHA256", "DHE-RSA-AES128-GCM-SHA256"}) {
    ASSERT_EQ(SSL_CTX_set_cipher_list(weak.get(), suites), 1) << suites;
    SSL_CTX_set_dh_auto(weak.get(), 1);
    EXPECT_FALSE(visit(weak.get())) << suites;
  }
  SSL_CTX_set_cipher_list(weak.get(), "ECDHE-RSA-AES128-GCM-SHA256");
  EXPECT_TRUE(visit(weak.get()));
}

// INT-17
TEST_F(UpstreamContextTest, Tls12IsFineAndSaidSo) {
  const SslContextHandle server = plain_server_context(sound_chain());
  SSL_CTX_set_max_proto_version(server.get(), TLS1_2_VERSION);
  const Connected connected = visit(server.get());
  ASSERT_TRUE(connected) << connected.error().error.text();
  EXPECT_EQ(connected->version, 0x0303);
}

// INT-10
TEST_F(UpstreamContextTest, AServerMayNotRenegotiate) {
  const SslContextHandle server = plain_server_context(sound_chain());
  SSL_CTX_set_max_proto_version(server.get(), TLS1_2_VERSION);
  bool renegotiated = true;
  ASSERT_TRUE(connect_to(server.get(), "site.test", [&](SSL* ssl) {
    SSL_renegotiate(ssl);
    SSL_do_handshake(ssl);
    char byte;
    renegotiated = SSL_read(ssl, &byte, 1) > 0 || SSL_renegotiate_pending(ssl) == 0;
  }));
  char space[4];
  (void)finish(receive_on(*socket, space));
  socket->close();
  peer->join();
  EXPECT_FALSE(renegotiated);
}

// TLS-22
TEST_F(UpstreamContextTest, AServerThatInsistsOnAClientCertificateIsNamedSo) {
  const SslContextHandle server = resumable_server(sound_chain());
  SSL_CTX_set_verify(server.get(), SSL_VERIFY_PEER, nullptr);
  Connected connected = visit(server.get());
  ASSERT_TRUE(connected) << "one that only asks is served";
  EXPECT_TRUE(connected->client_certificate_wanted);

  SSL_CTX_set_verify(server.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_max_proto_version(server.get(), TLS1_2_VERSION);
  connected = connect_to(server.get(), "site.test");
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().kind, FailureKind::certificate);
  EXPECT_EQ(connected.error().certificate.kind, CertificateFault::Kind::client_certificate_wanted);

  // In TLS 1.3 the server's refusal comes after our end has done its part.
  SSL_CTX_set_max_proto_version(server.get(), TLS1_3_VERSION);
  context->forget_sessions();
  connected = connect_to(server.get(), "site.test");
  ASSERT_TRUE(connected);
  EXPECT_TRUE(connected->client_certificate_wanted);
  char space[4];
  EXPECT_EQ(finish(receive_on(*socket, space)).status, IoStatus::failed);
  EXPECT_EQ(session_of(*socket).received_alert(), 116);
}

// INT-09
TEST_F(UpstreamContextTest, ASpoiltSignatureOrFinishedEndsTheHandshake) {
  // In TLS 1.2 both are where anybody can see them: a message of type 12, and the first record after ChangeCipherSpec.
  const auto spoil_signature = [](std::string& flight) {
    for (std::size_t record = 0; record + 9 < flight.size();) {
      const std::size_t length = std::uint8_t(flight[record + 3]) * 256u + std::uint8_t(flight[record + 4]);
      if (flight[record] == 22 && flight[record + 5] == 12) flight[record + 5 + length - 1] ^= 1;
      record += 5 + length;
    }
  };
  const auto spoil_finished = [](std::string& flight) {
    if (const auto at = flight.find("\x14\x03\x03\x00\x01\x01"sv); at != std::string::npos) flight.back() ^= 1;
  };
  const auto leave_alone = [](std::string&) {};
  const SslContextHandle server = plain_server_context(sound_chain());
  SSL_CTX_set_max_proto_version(server.get(), TLS1_2_VERSION);
  EXPECT_TRUE(handshake_through(server.get(), leave_alone));
  EXPECT_FALSE(handshake_through(server.get(), spoil_signature));
  EXPECT_FALSE(handshake_through(server.get(), spoil_finished));
  const SslContextHandle newer = plain_server_context(sound_chain());
  EXPECT_TRUE(handshake_through(newer.get(), leave_alone));
  EXPECT_FALSE(handshake_through(newer.get(), [](std::string& flight) { flight.back() ^= 1; }));
}

// TLS-23
// A server from before RFC 5746: its hello does not speak of renegotiation. OpenSSL's own server always does, so the
// words are cut out of its flight; a client that refuses such a server says so at once, and one that does not goes on
// to its second flight, at which the cut shows.
TEST_F(UpstreamContextTest, AServerThatKnowsNoSecureRenegotiationIsTalkedTo) {
  const auto server = plain_server_context(sound_chain());
  SSL_CTX_set_max_proto_version(server.get(), TLS1_2_VERSION);
  int flights = 0;
  const auto shorten = [](std::string& flight, std::size_t at) {
    const int length = std::uint8_t(flight[at]) << 8 | std::uint8_t(flight[at + 1]);
    flight[at] = char((length - 5) >> 8);
    flight[at + 1] = char(length - 5);
  };
  const auto forget_renegotiation = [&](std::string& flight) {
    if (flights++ != 0) return;
    static constexpr std::string_view kInfo("\xFF\x01\x00\x01\x00", 5);
    const std::size_t at = flight.find(kInfo);
    ASSERT_NE(at, std::string::npos);
    const std::size_t extensions = 5 + 4 + 2 + 32 + 1 + std::uint8_t(flight[5 + 4 + 2 + 32]) + 2 + 1;
    flight.erase(at, kInfo.size());
    for (const std::size_t length : {std::size_t(3), std::size_t(7), extensions}) shorten(flight, length);
  };
  EXPECT_FALSE(handshake_through(server.get(), forget_renegotiation, FailureKind::alert));
  EXPECT_EQ(flights, 2);
}

TEST_F(UpstreamContextTest, AVerifiedSiteIsResumedAndEachTicketIsUsedOnce) {
  const SslContextHandle server = resumable_server(sound_chain());
  SSL_CTX_set_num_tickets(server.get(), 1);
  const Connected first = visit(server.get());
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->resumed);
  EXPECT_EQ(context->tickets().size(), 1u);
  SSL_CTX_set_num_tickets(server.get(), 0);
  const Connected second = visit(server.get());
  ASSERT_TRUE(second) << second.error().error.text();
  EXPECT_TRUE(second->resumed);
  EXPECT_EQ(second->leaf_fingerprint, first->leaf_fingerprint);
  const Connected third = visit(server.get());
  ASSERT_TRUE(third);
  EXPECT_EQ(context->tickets().counters().taken, context->tickets().counters().stored);
}

TEST_F(UpstreamContextTest, ATicketStandsForItsHostAndItsOffersOnly) {
  const SslContextHandle server = resumable_server(chain_of(leaf_spec("DNS:site.test,DNS:other.test")));
  ASSERT_TRUE(visit(server.get()));
  EXPECT_EQ(resumed(visit(server.get(), "other.test")), false);
  EXPECT_EQ(resumed(visit(server.get(), "site.test", {"http/1.1"})), false);
  EXPECT_EQ(resumed(visit(server.get(), "site.test")), true);
}

// INT-11
TEST_F(UpstreamContextTest, NewTrustForgetsWhatTheOldOneVerified) {
  const SslContextHandle server = resumable_server(sound_chain());
  ASSERT_TRUE(visit(server.get()));
  EXPECT_EQ(resumed(visit(server.get())), true);
  context->forget_sessions();
  EXPECT_EQ(resumed(visit(server.get())), false);
  TrustSettings others = settings();
  others.extra_roots = {folder.write("other.pem", make_ca("another root").pem())};
  trust(others);
  const Connected refused = visit(server.get());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, FailureKind::certificate);
}

TEST_F(UpstreamContextTest, Tls12IsNeverResumed) {
  const SslContextHandle server = resumable_server(sound_chain());
  SSL_CTX_set_max_proto_version(server.get(), TLS1_2_VERSION);
  ASSERT_TRUE(visit(server.get()));
  EXPECT_EQ(context->tickets().size(), 0u);
  EXPECT_EQ(resumed(visit(server.get())), false);
}

TEST_F(UpstreamContextTest, AConnectionThatWasResetStillLeavesItsTicket) {
  const SslContextHandle server = resumable_server(sound_chain());
  ASSERT_TRUE(connect_to(server.get(), "site.test", [](SSL* ssl) {
    write_all(ssl, "answer");
    read_all(ssl);
  }));
  EXPECT_EQ(receive_exactly(*socket, 6), "answer");
  socket->reset();
  peer->join();
  EXPECT_EQ(resumed(visit(server.get())), true);
}

}  // namespace
}  // namespace schoolgate::tls
