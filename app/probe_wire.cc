#include "app/probe_wire.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "proxy/tls/handshake.h"

namespace schoolgate::app {
namespace {

using net::IoStatus;

constexpr std::size_t kMostHead = 16 * 1024;

std::unexpected<std::string> why(std::string text) { return std::unexpected(std::move(text)); }

std::unexpected<std::string> why(std::string_view what, int error) {
  return std::unexpected(std::string(what) + ": " + std::strerror(error));
}

/// "HTTP/1.1 403 …" is 403; nothing while the line is not whole or when it is no status line.
std::optional<int> status_of(std::string_view answer) {
  if (!answer.contains('\n') || !answer.starts_with("HTTP/1.") || answer.size() < 12 || answer[8] != ' ')
    return std::nullopt;
  int status = 0;
  for (const char c : answer.substr(9, 3)) {
    if (c < '0' || c > '9') return std::nullopt;
    status = 10 * status + (c - '0');
  }
  return status;
}

std::string why_not_opened(const tls::Session& session) {
  const tls::HandshakeFailure failure = tls::why_failed(session, false);
  if (failure.kind != tls::HandshakeFailure::Kind::certificate) return failure.error.what;
  return "the certificate inside is not from the school's authority (" +
         std::string(to_string(failure.certificate.kind)) +
         "): reload after `schoolgate ca create`, restart after replacing an authority";
}

}  // namespace

OrWhy<ProbeWire> ProbeWire::open(const net::Endpoint& proxy, const names::IpAddress& from,
                                 std::chrono::milliseconds limit, const Announce& announce) {
  const net::SocketAddress to = net::to_socket_address(proxy);
  const net::SocketAddress as = net::to_socket_address({from, 0});
  net::FileDescriptor fd(::socket(to.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return why("cannot make a socket", errno);
  if (::bind(fd.get(), as.get(), as.length) != 0) return why("cannot send from " + from.text(), errno);
  const auto bound = net::local_endpoint(fd.get());
  if (!bound) return why("cannot send from " + from.text(), errno);
  if (auto announced = announce(*bound); !announced) return std::unexpected(std::move(announced.error()));
  if (::connect(fd.get(), to.get(), to.length) != 0 && errno != EINPROGRESS)
    return why("cannot connect to " + proxy.text(), errno);
  ProbeWire wire(std::move(fd), Clock::now() + limit);
  if (!wire.wait_for(POLLOUT)) return why("no connection to " + proxy.text() + " in time");
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(wire.fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return why("cannot connect to " + proxy.text(), error);
  return wire;
}

/// False when the deadline passed first.
bool ProbeWire::wait_for(short events) const {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
    if (left <= 0) return false;
    pollfd one{.fd = fd_.get(), .events = events, .revents = 0};
    const int ready = ::poll(&one, 1, int(left));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

net::Transfer ProbeWire::try_send(std::string_view bytes) {
  if (session_) return session_->send(fd_.get(), bytes);
  const auto sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent >= 0) return {.bytes = std::size_t(sent)};
  if (errno == EAGAIN || errno == EINTR) return {.status = IoStatus::would_block};
  return {.status = IoStatus::failed, .error = errno};
}

net::Transfer ProbeWire::try_receive(std::span<char> into) {
  if (session_) return session_->receive(fd_.get(), into);
  const auto got = ::recv(fd_.get(), into.data(), into.size(), 0);
  if (got > 0) return {.bytes = std::size_t(got)};
  if (got == 0) return {.status = IoStatus::closed};
  if (errno == EAGAIN || errno == EINTR) return {.status = IoStatus::would_block};
  return {.status = IoStatus::failed, .error = errno};
}

OrWhy<void> ProbeWire::send(std::string_view bytes) {
  for (;;) {
    const net::Transfer sent = try_send(bytes);
    bytes.remove_prefix(sent.bytes);
    if (sent.status == IoStatus::failed) return why("cannot send", sent.error);
    if (sent && bytes.empty()) return {};
    if (!sent && !wait_for(POLLOUT)) return why("the gateway did not take the request in time");
  }
}

OrWhy<void> ProbeWire::receive_more() {
  char piece[2048];
  for (;;) {
    const net::Transfer got = try_receive(piece);
    received_.append(piece, got.bytes);
    if (got.bytes > 0) return {};
    if (got.status == IoStatus::closed) return why("the connection was closed without an answer");
    if (got.status == IoStatus::failed) return why("no answer", got.error);
    if (session_ && session_->holds_received()) continue;
    if (!wait_for(POLLIN)) return why("no answer in time");
  }
}

OrWhy<int> ProbeWire::read_status() {
  for (;;) {
    if (const auto status = status_of(received_)) return *status;
    if (received_.contains('\n') || received_.size() > kMostHead) return why("the answer is not HTTP");
    if (auto more = receive_more(); !more) return std::unexpected(std::move(more.error()));
  }
}

OrWhy<void> ProbeWire::skip_head() {
  while (!received_.contains("\r\n\r\n")) {
    if (received_.size() > kMostHead) return why("the answer to CONNECT has no end");
    if (auto more = receive_more(); !more) return more;
  }
  received_.clear();
  return {};
}

OrWhy<void> ProbeWire::secure(std::unique_ptr<tls::Session> session) {
  for (;;) {
    const tls::Session::Step step = session->handshake(fd_.get());
    if (step == tls::Session::Step::done) break;
    if (step == tls::Session::Step::failed) return why(why_not_opened(*session));
    if (!wait_for(step == tls::Session::Step::want_read ? POLLIN : POLLOUT))
      return why("the TLS handshake took too long");
  }
  session->forget_check();
  session_ = std::move(session);
  return {};
}

}  // namespace schoolgate::app
