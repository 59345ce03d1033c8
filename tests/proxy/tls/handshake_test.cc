// accept(): what clients meet. What web sites meet is in server_check_test.cc and upstream_context_test.cc.
#include "proxy/tls/handshake.h"

#include <gmock/gmock.h>

#include "tests/proxy/tls/client_talk.h"

namespace schoolgate::tls {
namespace {

using FailureKind = HandshakeFailure::Kind;
using std::chrono::seconds;

class HandshakeTest : public ClientTalk {
 protected:
  /// Sends bytes and ends, or stays; says how accept() failed.
  HandshakeFailure failure_with(std::string_view bytes, bool end) {
    auto [near, far] = connection();
    net::send_text(far, bytes);
    if (end) ::shutdown(far.get(), SHUT_WR);
    const Accepted accepted = finish(accept_on(near, *context, leaf, {}, {}));
    EXPECT_FALSE(accepted);
    EXPECT_EQ(near.layer(), nullptr);
    return accepted ? HandshakeFailure{} : accepted.error();
  }

  /// A client's hello as it comes over the wire, and the talk that it belongs to.
  struct Hello {
    SslHandle ssl;
    std::string bytes;
  };
  Hello client_hello(bool small_pieces = false) {
    Hello hello{SslHandle(SSL_new(client.get())), {}};
    SSL* const ssl = hello.ssl.get();
    BIO* const in = BIO_new(BIO_s_mem());
    BIO* const out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in, -1);
    SSL_set_bio(ssl, in, out);
    if (small_pieces) SSL_set_max_send_fragment(ssl, 512);
    SSL_set_tlsext_host_name(ssl, "site.test");
    SSL_set_connect_state(ssl);
    EXPECT_EQ(SSL_do_handshake(ssl), -1);
    hello.bytes = take(ssl);
    return hello;
  }
  static std::string take(SSL* ssl) {
    std::string bytes(BIO_ctrl_pending(SSL_get_wbio(ssl)), '\0');
    if (!bytes.empty()) BIO_read(SSL_get_wbio(ssl), bytes.data(), int(bytes.size()));
    return bytes;
  }
  /// Brings that talk to its end over `far`, while `done` is not yet so.
  template <class Done>
  void carry_on(SSL* ssl, const net::FileDescriptor& far, Done done) {
    run_until([&] {
      char piece[16384];
      const ssize_t n = ::recv(far.get(), piece, sizeof piece, MSG_DONTWAIT);
      if (n > 0) {
        BIO_write(SSL_get_rbio(ssl), piece, int(n));
        SSL_do_handshake(ssl);
        if (const std::string answer = take(ssl); !answer.empty()) net::send_text(far, answer);
      }
      return done();
    });
  }
};

TEST_F(HandshakeTest, AClientThatTrustsTheAuthorityIsServed) {
  const Accepted accepted = accept_from([](SSL* ssl) {
    EXPECT_EQ(SSL_get_verify_result(ssl), X509_V_OK);
    EXPECT_STREQ(SSL_get_version(ssl), "TLSv1.3");
    EXPECT_EQ(read_exactly(ssl, 5), "hello");
    write_all(ssl, "world");
    SSL_shutdown(ssl);
  });
  ASSERT_TRUE(accepted) << accepted.error().error.text();
  ASSERT_NE(socket->layer(), nullptr);
  EXPECT_EQ(session_of(*socket).version(), 0x0304);
  EXPECT_EQ(session_of(*socket).version_name(), "TLSv1.3");
  EXPECT_EQ(session_of(*socket).cipher(), "TLS_AES_128_GCM_SHA256");
  EXPECT_FALSE(session_of(*socket).group().empty());
  EXPECT_FALSE(session_of(*socket).resumed());
  EXPECT_TRUE(finish(send_on(*socket, "hello")));
  EXPECT_EQ(receive_exactly(*socket, 5), "world");
  char space[8];
  EXPECT_EQ(finish(receive_on(*socket, space)).status, net::IoStatus::closed);
  EXPECT_FALSE(session_of(*socket).truncated());
}

TEST_F(HandshakeTest, Tls12IsServedWithForwardSecrecy) {
  SSL_CTX_set_max_proto_version(client.get(), TLS1_2_VERSION);
  ASSERT_TRUE(accept_from());
  EXPECT_EQ(session_of(*socket).version(), 0x0303);
  EXPECT_EQ(session_of(*socket).cipher(), "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
}

// INT-15, TLS-25
TEST_F(HandshakeTest, OldVersionsAndSuitesAreRefused) {
  SSL_CTX_set_security_level(client.get(), 0);
  SSL_CTX_set_min_proto_version(client.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(client.get(), TLS1_1_VERSION);
  ASSERT_FALSE(accept_from());
  SSL_CTX_set_max_proto_version(client.get(), TLS1_2_VERSION);
  for (const char* suite : {"ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256", "AES128-GCM-SHA256", "NULL"}) {
    ASSERT_EQ(SSL_CTX_set_cipher_list(client.get(), suite), 1) << suite;
    const Accepted accepted = accept_from();
    ASSERT_FALSE(accepted) << suite;
    EXPECT_EQ(accepted.error().kind, FailureKind::protocol) << accepted.error().error.text();
    EXPECT_EQ(accepted.error().error.fault, Fault::client);
  }
}

// INT-10, TLS-24
TEST_F(HandshakeTest, NothingIsRenegotiatedCompressedOrResumed) {
  SSL_CTX_set_max_proto_version(client.get(), TLS1_2_VERSION);
  SSL_CTX_clear_options(client.get(), SSL_OP_NO_COMPRESSION);
  ASSERT_TRUE(accept_from([](SSL* ssl) {
    EXPECT_EQ(SSL_get_current_compression(ssl), nullptr);
    EXPECT_EQ(SSL_SESSION_has_ticket(SSL_get0_session(ssl)), 0);
    unsigned length = 0;
    SSL_SESSION_get_id(SSL_get0_session(ssl), &length);
    EXPECT_EQ(length, 0u);
    SSL_renegotiate(ssl);
    EXPECT_LE(SSL_do_handshake(ssl), 0);
  }));
  char space[8];
  EXPECT_EQ(finish(receive_on(*socket, space)).status, net::IoStatus::failed);
  peer->join();
  SSL_CTX_set_max_proto_version(client.get(), TLS1_3_VERSION);
  ASSERT_TRUE(accept_from([](SSL* ssl) {
    EXPECT_EQ(read_exactly(ssl, 1), "x");  // tickets would have come before
    EXPECT_EQ(SSL_SESSION_is_resumable(SSL_get0_session(ssl)), 0);
    EXPECT_EQ(SSL_SESSION_get_max_early_data(SSL_get0_session(ssl)), 0u);
  }));
  EXPECT_TRUE(finish(send_on(*socket, "x")));
}

// TLS-19
TEST_F(HandshakeTest, TheProtocolOfTheSiteIsSelectedIfTheClientOffersIt) {
  const struct {
    std::string_view offered, wanted, selected;
  } cases[] = {{"\x02h2\x08http/1.1", "h2", "h2"},
               {"\x02h2\x08http/1.1", "http/1.1", "http/1.1"},
               {"\x08http/1.1", "h2", ""},
               {"\x02h2\x08http/1.1", "", ""},
               {"", "h2", ""},
               {"\x0a"
                "acme-tls/1",
                "http/1.1", ""}};
  for (const auto& [offered, wanted, selected] : cases) {
    const auto offer = [list = offered](SSL* ssl) {
      SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(list.data()), unsigned(list.size()));
    };
    ASSERT_TRUE(accept_from(client.get(), {}, wanted, offer));
    EXPECT_EQ(session_of(*socket).alpn(), selected) << wanted;
  }
}

// TLS-21
TEST_F(HandshakeTest, AClientThatDoesNotTrustUsIsTold) {
  const SslContextHandle stranger = plain_client_context(nullptr);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    SSL_CTX_set_max_proto_version(stranger.get(), version);
    const Accepted accepted = accept_from(stranger.get());
    ASSERT_FALSE(accepted);
    EXPECT_EQ(accepted.error().kind, FailureKind::alert);
    EXPECT_EQ(accepted.error().alert, 48);
    EXPECT_TRUE(accepted.error().distrusts_us());
    EXPECT_EQ(accepted.error().error.fault, Fault::client);
  }
  const Accepted wrong_name = accept_from(client.get(), {}, {}, [](SSL* ssl) { SSL_set1_host(ssl, "pinned.test"); });
  ASSERT_FALSE(wrong_name);
  EXPECT_EQ(wrong_name.error().alert, 42);
  EXPECT_TRUE(wrong_name.error().distrusts_us());
}

TEST_F(HandshakeTest, AClientThatLeavesOrSpeaksNoTlsIsNamedSo) {
  EXPECT_EQ(failure_with("", true).kind, FailureKind::peer_gone);
  EXPECT_EQ(failure_with("\x16\x03\x01", true).kind, FailureKind::peer_gone);
  const HandshakeFailure odd = failure_with("GET / HTTP/1.1\r\n\r\n", false);
  EXPECT_EQ(odd.kind, FailureKind::protocol);
  EXPECT_FALSE(odd.distrusts_us());
}

TEST_F(HandshakeTest, TheSocketsDeadlineEndsIt) {
  auto [near, far] = connection();
  near.expire_after(seconds(10));
  std::optional<Accepted> accepted;
  start(accept_on(near, *context, leaf, {}, {}), accepted);
  settle();
  deadlines.advance(11);
  settle();
  ASSERT_TRUE(accepted);
  ASSERT_FALSE(*accepted);
  EXPECT_EQ(accepted->error().kind, FailureKind::timed_out);
}

// TLS-01: the hello that was read and judged before is handed in, whole or in part; the rest comes over the wire.
TEST_F(HandshakeTest, AHelloReadBeforeIsReplayedByteForByte) {
  const std::size_t length = client_hello().bytes.size();
  for (const std::size_t split : {std::size_t(0), std::size_t(1), std::size_t(5), length / 2, length - 1, length}) {
    const Hello hello = client_hello();
    auto [near, far] = connection();
    if (split < length) net::send_text(far, std::string_view(hello.bytes).substr(split));
    std::optional<Accepted> accepted;
    start(accept_on(near, *context, leaf, {}, hello.bytes.substr(0, split)), accepted);
    carry_on(hello.ssl.get(), far, [&] { return accepted.has_value(); });
    EXPECT_TRUE(accepted && *accepted) << split;
  }
}

TEST_F(HandshakeTest, AHelloMayComeByteByByte) {
  const Hello hello = client_hello();
  auto [near, far] = connection();
  std::optional<Accepted> accepted;
  start(accept_on(near, *context, leaf, {}, {}), accepted);
  for (const char byte : hello.bytes) {
    net::send_text(far, {&byte, 1});
    settle();
  }
  carry_on(hello.ssl.get(), far, [&] { return accepted.has_value(); });
  EXPECT_TRUE(accepted && *accepted);
}

TEST_F(HandshakeTest, WhatFollowsTheHandshakeAtOnceIsNotLost) {
  ASSERT_TRUE(accept_from([](SSL* ssl) {
    write_all(ssl, "GET / HTTP/1.1\r\n\r\n");
    SSL_shutdown(ssl);
  }));
  peer->join();
  EXPECT_EQ(receive_exactly(*socket, 18), "GET / HTTP/1.1\r\n\r\n");
}

// TLS-24: a client whose first guess at a group is none that we like has to say hello twice.
TEST_F(HandshakeTest, AClientMayHaveToSayHelloAgain) {
  SSL_CTX_set1_groups_list(client.get(), "ffdhe2048:P-384");
  ASSERT_TRUE(accept_from());
  EXPECT_EQ(session_of(*socket).group(), "secp384r1");
}

// D(HE)at and curves that nobody asks for.
TEST_F(HandshakeTest, GroupsThatNoBrowserNeedsAreRefused) {
  for (const char* group : {"ffdhe2048", "ffdhe8192", "X448", "P-521"}) {
    SSL_CTX_set1_groups_list(client.get(), group);
    EXPECT_FALSE(accept_from()) << group;
  }
}

// INT-29
TEST_F(HandshakeTest, AHandshakeWithoutEndIsCutOff) {
  auto [near, far] = connection();
  std::optional<Accepted> accepted;
  start(accept_on(near, *context, leaf, {}, {}), accepted);
  const std::string record =
      std::string("\x16\x03\x01\x40\x00", 5) + std::string("\x01\x00\xff\xff", 4) + std::string(16380, '\0');
  run_until([&] {
    (void)::send(far.get(), record.data(), record.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return accepted.has_value();
  });
  ASSERT_TRUE(accepted);
  EXPECT_FALSE(*accepted);
}

}  // namespace
}  // namespace schoolgate::tls
