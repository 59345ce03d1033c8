#include "tests/proxy/flow/tls_ends.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <utility>
#include <vector>

namespace schoolgate::flow::test {
namespace {

// "h2,http/1.1" as ALPN puts it on the wire.
std::string on_the_wire(std::string_view list) {
  std::string out;
  while (!list.empty()) {
    const std::string_view one = list.substr(0, list.find(','));
    out += char(one.size());
    out += one;
    list.remove_prefix(std::min(list.size(), one.size() + 1));
  }
  return out;
}

TlsFacts facts_of(SSL* ssl, bool done) {
  TlsFacts facts{.done = done, .why = {}, .alpn = {}, .issuer = {}, .names = {}};
  if (!done) {
    char words[256];
    ERR_error_string_n(ERR_peek_last_error(), words, sizeof words);
    facts.why = words;
    return facts;
  }
  const unsigned char* protocol = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(ssl, &protocol, &length);
  if (length != 0) facts.alpn.assign(reinterpret_cast<const char*>(protocol), length);
  if (X509* certificate = SSL_get0_peer_certificate(ssl)) {
    char name[256] = {};
    X509_NAME_get_text_by_NID(X509_get_issuer_name(certificate), NID_commonName, name, sizeof name);
    facts.issuer = name;
    facts.names = tls::printed_extension(certificate, NID_subject_alt_name);
  }
  return facts;
}

bool write_all(int fd, const char* bytes, std::size_t size) {
  while (size != 0) {
    const ssize_t sent = ::send(fd, bytes, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes += sent, size -= std::size_t(sent);
  }
  return true;
}

// Until both directions have ended. An end in the clear becomes close_notify and the other way round; a connection that
// breaks is reset on both sides.
void pump(SSL* ssl, int outside, int clear) {
  char piece[16384];
  bool from_clear = true, from_outside = true;
  while (from_clear || from_outside) {
    pollfd events[] = {{.fd = from_outside ? outside : -1, .events = POLLIN, .revents = 0},
                       {.fd = from_clear ? clear : -1, .events = POLLIN, .revents = 0}};
    if (SSL_pending(ssl) == 0 && ::poll(events, 2, 60'000) <= 0) return;
    if (SSL_pending(ssl) != 0 || events[0].revents != 0) {
      const int got = SSL_read(ssl, piece, sizeof piece);
      if (got > 0) {
        if (!write_all(clear, piece, std::size_t(got))) return;
      } else {
        if (SSL_get_error(ssl, got) == SSL_ERROR_WANT_READ) continue;
        from_outside = false;
        ::shutdown(clear, SHUT_WR);
      }
    }
    if (events[1].revents != 0) {
      const ssize_t got = ::recv(clear, piece, sizeof piece, 0);
      if (got > 0) {
        if (SSL_write(ssl, piece, int(got)) <= 0) return;
      } else {
        from_clear = false;
        SSL_shutdown(ssl);
        ::shutdown(outside, SHUT_WR);
      }
    }
  }
}

}  // namespace

struct TlsEnd::Job {
  Peer outside;
  net::FileDescriptor clear;
  tls::SslHandle ssl;
  bool server = false;
  std::string alpn;
  std::promise<TlsFacts> facts;

  static int choose(SSL*, const unsigned char** out, unsigned char* length, const unsigned char* offered,
                    unsigned offered_length, void* job) {
    const std::string wanted = on_the_wire(static_cast<Job*>(job)->alpn);
    unsigned char* chosen = nullptr;
    if (wanted.empty() ||
        SSL_select_next_proto(&chosen, length, reinterpret_cast<const unsigned char*>(wanted.data()),
                              unsigned(wanted.size()), offered, offered_length) != OPENSSL_NPN_NEGOTIATED)
      return SSL_TLSEXT_ERR_NOACK;
    // `wanted` goes away: the answer has to point into what was offered.
    for (unsigned at = 0; at < offered_length; at += offered[at] + 1u)
      if (offered[at] == *length && std::equal(chosen, chosen + *length, offered + at + 1)) *out = offered + at + 1;
    return SSL_TLSEXT_ERR_OK;
  }

  void run() {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    SSL_set_fd(ssl.get(), outside.fd());
    SSL_clear_mode(ssl.get(), SSL_MODE_AUTO_RETRY);  // a ticket alone must not leave us waiting for what follows it
    ERR_clear_error();
    const int shaken = server ? SSL_accept(ssl.get()) : SSL_connect(ssl.get());
    facts.set_value(facts_of(ssl.get(), shaken == 1));
    if (shaken == 1) pump(ssl.get(), outside.fd(), clear.get());
  }
};

TlsEnd::TlsEnd(Peer near, std::unique_ptr<Job> job)
    : inside(std::move(near)), outside_(::dup(job->outside.fd())), facts_(job->facts.get_future().share()) {
  thread_ = std::thread([job = std::move(job)] { job->run(); });
}

TlsEnd::~TlsEnd() {
  inside.closes();
  ::shutdown(outside_.get(), SHUT_RDWR);  // whatever the other side still keeps open
  if (thread_.joinable()) thread_.join();
}

namespace {

std::pair<Peer, net::FileDescriptor> in_the_clear() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw std::runtime_error("socketpair");
  const timeval patience{.tv_sec = 60, .tv_usec = 0};
  ::setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return {Peer(net::FileDescriptor(ends[0])), net::FileDescriptor(ends[1])};
}

}  // namespace

TlsEnd TlsEnd::client(Peer outside, SSL_CTX* context, std::string_view name, std::string_view alpn) {
  auto [near, far] = in_the_clear();
  tls::SslHandle ssl(SSL_new(context));
  const std::string host(name), wire = on_the_wire(alpn);
  SSL_set_tlsext_host_name(ssl.get(), host.c_str());
  SSL_set1_host(ssl.get(), host.c_str());
  if (!wire.empty())
    SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(wire.data()), unsigned(wire.size()));
  auto job = std::make_unique<Job>(Job{.outside = std::move(outside),
                                       .clear = std::move(far),
                                       .ssl = std::move(ssl),
                                       .server = false,
                                       .alpn = {},
                                       .facts = {}});
  return TlsEnd(std::move(near), std::move(job));
}

TlsEnd TlsEnd::server(Peer outside, SSL_CTX* context, std::string_view alpn) {
  auto [near, far] = in_the_clear();
  auto job = std::make_unique<Job>(Job{.outside = std::move(outside),
                                       .clear = std::move(far),
                                       .ssl = tls::SslHandle(SSL_new(context)),
                                       .server = true,
                                       .alpn = std::string(alpn),
                                       .facts = {}});
  SSL_CTX_set_alpn_select_cb(context, Job::choose, job.get());
  return TlsEnd(std::move(near), std::move(job));
}

}  // namespace schoolgate::flow::test
