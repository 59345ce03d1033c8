#include "proxy/tls/session.h"

#include <atomic>
#include <future>
#include <thread>

#include "tests/proxy/tls/client_talk.h"
#include "tests/proxy/tls/upstream_talk.h"

namespace schoolgate::tls {
namespace {

using net::IoStatus;
using net::Transfer;

std::string pattern(std::size_t size) {
  std::string content(size, '\0');
  for (std::size_t i = 0; i < size; ++i) content[i] = char(i * 2654435761u >> 24);
  return content;
}

class SessionTest : public ClientTalk {
 protected:
  static net::awaitable<std::string> drain(net::Socket& from) {
    std::string all;
    std::vector<char> space(50'000);
    for (;;) {
      const Transfer got = co_await from.receive_some(space);
      if (!got) co_return all;
      all.append(space.data(), got.bytes);
    }
  }
};

TEST_F(SessionTest, ABlockedWriterTakesWhatItCanAndGoesOnLater) {
  const std::string content = pattern(20 << 20);
  std::promise<void> go_on;
  std::string received;
  ASSERT_TRUE(accept_from([&](SSL* ssl) {
    go_on.get_future().wait();
    received = read_all(ssl);
  }));
  std::size_t taken = 0;
  Transfer sent;
  do {
    sent = socket->send(std::string_view(content).substr(taken));
    taken += sent.bytes;
  } while (sent);
  EXPECT_EQ(sent.status, IoStatus::would_block);
  EXPECT_TRUE(socket->holds_unsent());
  EXPECT_EQ(socket->send("more").bytes, 0u) << "nothing is taken while something waits";
  go_on.set_value();
  const Transfer rest = finish(send_on(*socket, std::string_view(content).substr(taken)));
  EXPECT_TRUE(rest);
  EXPECT_EQ(taken + rest.bytes, content.size());
  EXPECT_FALSE(socket->holds_unsent());
  socket->shutdown_send();
  peer->join();
  EXPECT_TRUE(received == content);
}

TEST_F(SessionTest, MuchIsReceivedWholeWhateverTheRoom) {
  const std::string content = pattern(3 << 20);
  for (const std::size_t room : {1000u, 16384u, 65536u, 1u << 20}) {
    ASSERT_TRUE(accept_from([&](SSL* ssl) {
      write_all(ssl, content);
      SSL_shutdown(ssl);
    }));
    std::string all;
    std::vector<char> space(room);
    for (;;) {
      const Transfer got = finish(receive_on(*socket, space));
      if (!got) {
        EXPECT_EQ(got.status, IoStatus::closed);
        break;
      }
      all.append(space.data(), got.bytes);
    }
    EXPECT_TRUE(all == content) << room;
  }
}

TEST_F(SessionTest, OurTwoEndsSpeakToEachOther) {
  TrustSettings ours;
  ours.system_roots.clear();
  ours.extra_roots = {authority_files(folder.path() / "ca").certificate};
  const auto upstream = *UpstreamContext::make(*TrustStore::load(ours));
  auto [server, browser] = sockets();
  std::optional<Accepted> accepted;
  start(accept_on(server, *context, leaf, "h2", {}), accepted);
  const std::string_view offers[] = {"h2", "http/1.1"};
  const Connected connected = finish(connect_on(browser, *upstream, "site.test", offers));
  ASSERT_TRUE(connected) << connected.error().error.text();
  EXPECT_EQ(connected->alpn, "h2");
  run_until([&] { return accepted.has_value(); });
  const std::string content = pattern(5 << 20);
  std::optional<Transfer> sent;
  start(
      [](net::Socket& s, std::string_view c) -> net::awaitable<Transfer> {
        const Transfer all = co_await s.send_all(c.substr(0, 10), c.substr(10));
        s.shutdown_send();
        co_return all;
      }(server, content),
      sent);
  EXPECT_TRUE(finish(drain(browser)) == content);
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->bytes, content.size());
}

TEST_F(SessionTest, RecordsOfOneSendLeaveTogether) {
  ASSERT_TRUE(accept_from([](SSL* ssl) { EXPECT_EQ(read_exactly(ssl, 64 * 1024).size(), 64u * 1024); }));
  const std::string content = pattern(64 * 1024);
  EXPECT_EQ(socket->send(content).bytes, content.size());
}

// TLS-31
TEST_F(SessionTest, AnEndWithoutCloseNotifyIsToldApart) {
  ASSERT_TRUE(accept_from([](SSL* ssl) {
    write_all(ssl, "half");
    ::shutdown(SSL_get_fd(ssl), SHUT_WR);
    EXPECT_EQ(read_exactly(ssl, 6), "answer");
  }));
  EXPECT_EQ(receive_exactly(*socket, 10), "half");
  char space[8];
  EXPECT_EQ(socket->receive(space).status, IoStatus::closed);
  EXPECT_TRUE(session_of(*socket).truncated());
  EXPECT_TRUE(finish(send_on(*socket, "answer"))) << "the other direction stays open";
}

TEST_F(SessionTest, CloseNotifyEndsTheirDirectionOnly) {
  ASSERT_TRUE(accept_from([](SSL* ssl) {
    SSL_shutdown(ssl);
    EXPECT_EQ(read_exactly(ssl, 6), "answer");
  }));
  char space[8];
  EXPECT_EQ(finish(receive_on(*socket, space)).status, IoStatus::closed);
  EXPECT_FALSE(session_of(*socket).truncated());
  EXPECT_TRUE(finish(send_on(*socket, "answer")));
  EXPECT_EQ(finish(receive_on(*socket, space)).status, IoStatus::closed) << "and stays ended, without waiting";
}

TEST_F(SessionTest, ClosingSaysCloseNotifyAndResettingSaysNothing) {
  for (const bool orderly : {true, false}) {
    int error = 0, shutdown = 0;
    ASSERT_TRUE(accept_from([&](SSL* ssl) {
      char byte;
      error = SSL_get_error(ssl, SSL_read(ssl, &byte, 1));
      shutdown = SSL_get_shutdown(ssl);
    }));
    if (orderly)
      socket->close();
    else
      socket->reset();
    peer->join();
    EXPECT_EQ(error == SSL_ERROR_ZERO_RETURN, orderly);
    EXPECT_EQ((shutdown & SSL_RECEIVED_SHUTDOWN) != 0, orderly);
  }
}

TEST_F(SessionTest, ADestroyedSessionSendsNothing) {
  net::FileDescriptor near, far;
  {
    int pair[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    near.reset(pair[0]);
    far.reset(pair[1]);
  }
  auto session = context->open(*leaf, {}, {});
  const SslHandle browser(SSL_new(client.get()));
  SSL_set_fd(browser.get(), far.get());
  SSL_set_connect_state(browser.get());
  for (int i = 0; i < 10; ++i) {
    SSL_do_handshake(browser.get());
    if (session->handshake(near.get()) == Session::Step::done) break;
  }
  ASSERT_EQ(SSL_is_init_finished(browser.get()), 1);
  ASSERT_EQ(session->handshake(near.get()), Session::Step::done);
  session.reset();
  char byte;
  EXPECT_EQ(::recv(far.get(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, EAGAIN);
}

TEST_F(SessionTest, APeerThatIsGoneIsAFailureAndNoSignal) {
  ASSERT_TRUE(accept_from([](SSL* ssl) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(SSL_get_fd(ssl), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }));
  peer->join();
  char space[8];
  const Transfer got = finish(receive_on(*socket, space));
  EXPECT_EQ(got.status, IoStatus::failed);
  EXPECT_EQ(got.error, ECONNRESET);
  EXPECT_EQ(socket->send("x").status, IoStatus::failed);
  EXPECT_EQ(socket->send("x").status, IoStatus::failed);
}

TEST_F(SessionTest, GarbageAfterTheHandshakeIsAFailure) {
  ASSERT_TRUE(accept_from([](SSL* ssl) {
    const std::string garbage = std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'g');
    (void)::send(SSL_get_fd(ssl), garbage.data(), garbage.size(), MSG_NOSIGNAL);
    char byte;
    SSL_read(ssl, &byte, 1);
  }));
  char space[8];
  EXPECT_EQ(finish(receive_on(*socket, space)).status, IoStatus::failed);
  EXPECT_EQ(socket->send("x").status, IoStatus::failed);
  EXPECT_FALSE(socket->is_quiet());
}

TEST_F(SessionTest, HoldsReceivedOnlyWhenReceiveMayHaveSomething) {
  std::promise<void> sent;
  ASSERT_TRUE(accept_from([&](SSL* ssl) {
    write_all(ssl, "0123456789");
    sent.set_value();
    char byte;
    SSL_read(ssl, &byte, 1);
  }));
  sent.get_future().wait();
  Session& session = session_of(*socket);
  EXPECT_TRUE(session.holds_received());  // after the handshake: what came with it is nowhere else to be seen
  char space[4];
  EXPECT_EQ(receive_exactly(*socket, 4), "0123");
  EXPECT_TRUE(session.holds_received());
  EXPECT_EQ(socket->receive(space).bytes, 4u);
  EXPECT_EQ(socket->receive(space).bytes, 2u);
  EXPECT_FALSE(session.holds_received());
  EXPECT_EQ(socket->receive(space).status, IoStatus::would_block);
  EXPECT_FALSE(session.holds_received());
  socket->close();
}

TEST_F(SessionTest, HalfARecordIsNoReasonToSpin) {
  std::promise<void> first, second;
  ASSERT_TRUE(accept_from([&](SSL* ssl) {
    BIO* const bio = BIO_new(BIO_s_mem());
    const int fd = SSL_get_fd(ssl);
    SSL_set0_wbio(ssl, bio);
    write_all(ssl, "whole");
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(bio, &bytes);
    (void)::send(fd, bytes, std::size_t(size) - 3, MSG_NOSIGNAL);
    first.set_value();
    second.get_future().wait();
    (void)::send(fd, bytes + size - 3, 3, MSG_NOSIGNAL);
  }));
  first.get_future().wait();
  char space[16];
  EXPECT_EQ(socket->receive(space).status, IoStatus::would_block);
  EXPECT_FALSE(session_of(*socket).holds_received());
  EXPECT_TRUE(socket->is_quiet());
  second.set_value();
  EXPECT_EQ(receive_exactly(*socket, 5), "whole");
}

TEST_F(SessionTest, KeyUpdatesPassUnseen) {
  ASSERT_TRUE(accept_from([](SSL* ssl) {
    for (int i = 0; i < 10; ++i) {
      SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED);
      write_all(ssl, "ab");
      EXPECT_EQ(read_exactly(ssl, 2), "cd");
    }
  }));
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(receive_exactly(*socket, 2), "ab");
    EXPECT_TRUE(finish(send_on(*socket, "cd")));
  }
}

// INT-28
TEST_F(SessionTest, OneLeafAndOneTrustStoreServeManyThreads) {
  TrustSettings ours;
  ours.system_roots.clear();
  ours.extra_roots = {authority_files(folder.path() / "ca").certificate};
  const auto trust = *TrustStore::load(ours);
  std::atomic<int> done{0};
  const auto work = [&] {
    const auto upstream = *UpstreamContext::make(trust);
    for (int i = 0; i < 25; ++i) {
      int pair[2];
      if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0) return;
      const net::FileDescriptor one(pair[0]), other(pair[1]);
      const auto server = context->open(*leaf, {}, {});
      const auto browser = upstream->open("site.test", 443, {});
      auto at_server = Session::Step::want_read, at_browser = Session::Step::want_read;
      for (int step = 0; step < 20; ++step) {
        if (at_browser != Session::Step::done) at_browser = browser->handshake(one.get());
        if (at_server != Session::Step::done) at_server = server->handshake(other.get());
      }
      char space[8];
      if (browser->send(one.get(), "hello").bytes == 5 && server->receive(other.get(), space).bytes == 5) ++done;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 100);
}

class UpstreamSessionTest : public UpstreamTalk {};

TEST_F(UpstreamSessionTest, TicketsDoNotDisturbTheQuiet) {
  const SslContextHandle server = plain_server_context(sound_chain());
  SSL_CTX_set_num_tickets(server.get(), 4);
  std::promise<void> speak;
  const Connected connected = connect_to(server.get(), "site.test", [&](SSL* ssl) {
    speak.get_future().wait();
    write_all(ssl, "x");
    read_all(ssl);
  });
  ASSERT_TRUE(connected);
  run_until([&] { return socket->is_quiet() && context->tickets().counters().stored == 4; });
  EXPECT_TRUE(socket->is_quiet());
  speak.set_value();
  EXPECT_EQ(finish([](net::Socket& s) -> net::awaitable<IoStatus> { co_return co_await s.wait_readable(); }(*socket)),
            IoStatus::ok);
  run_until([&] { return !socket->is_quiet(); });
  char space[4];
  EXPECT_EQ(socket->receive(space).bytes, 1u) << "what was peeked at is still there";
  socket->close();
}

TEST_F(UpstreamSessionTest, AServerThatClosesIsNotQuiet) {
  const SslContextHandle server = plain_server_context(sound_chain());
  ASSERT_TRUE(connect_to(server.get(), "site.test", [](SSL* ssl) { SSL_shutdown(ssl); }));
  peer->join();
  run_until([&] { return !socket->is_quiet(); });
  char space[4];
  EXPECT_EQ(socket->receive(space).status, IoStatus::closed);
  EXPECT_FALSE(session_of(*socket).truncated());
}

}  // namespace
}  // namespace schoolgate::tls
