#include "proxy/net/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace schoolgate::net {
namespace {

Transfer outcome_of(ssize_t result) noexcept {
  if (result >= 0) return {.bytes = std::size_t(result)};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {.status = IoStatus::would_block};
  return {.status = IoStatus::failed, .error = errno};
}

}  // namespace

Socket::Socket(Executor executor, DeadlineList& deadlines, FileDescriptor fd) : Deadline(deadlines), stream_(executor) {
  // The protocol only names a family to Asio, which never looks at it again. Where the kernel cannot watch one more
  // descriptor the socket is closed, and every operation says cancelled.
  boost::system::error_code error;
  stream_.assign(asio::ip::tcp::v6(), fd.get(), error);
  if (error)
    state_ = IoStatus::cancelled;
  else
    (void)fd.release();
}

Transfer Socket::receive(std::span<char> into) noexcept {
  if (state_ != IoStatus::ok) return {.status = state_};
  if (layer_) return layer_->receive(fd(), into);
  const ssize_t got = ::recv(fd(), into.data(), into.size(), 0);
  if (got == 0 && !into.empty()) return {.status = IoStatus::closed};
  return outcome_of(got);
}

Transfer Socket::send(std::string_view bytes) noexcept {
  if (state_ != IoStatus::ok) return {.status = state_};
  if (layer_) return layer_->send(fd(), bytes);
  return outcome_of(::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
}

Transfer Socket::send(std::string_view first, std::string_view second) noexcept {
  if (state_ != IoStatus::ok) return {.status = state_};
  if (layer_) {
    // One record instead of two, and one system call, where a copy is cheaper than that.
    std::array<char, 16 * 1024> both;
    if (first.size() + second.size() <= both.size()) {
      std::ranges::copy(second, std::ranges::copy(first, both.data()).out);
      return layer_->send(fd(), {both.data(), first.size() + second.size()});
    }
    Transfer sent = layer_->send(fd(), first);
    if (sent && sent.bytes == first.size()) {
      sent = layer_->send(fd(), second);
      sent.bytes += first.size();
    }
    return sent;
  }
  iovec pieces[] = {{const_cast<char*>(first.data()), first.size()}, {const_cast<char*>(second.data()), second.size()}};
  msghdr message{};
  message.msg_iov = pieces;
  message.msg_iovlen = 2;
  return outcome_of(::sendmsg(fd(), &message, MSG_NOSIGNAL));
}

awaitable<Transfer> Socket::send_all(std::string_view bytes) {
  std::size_t sent = 0;
  for (;;) {
    Transfer now = send(bytes.substr(sent));
    sent += now.bytes;
    now.bytes = sent;
    if (now.status == IoStatus::would_block)
      now.status = co_await wait_writable();
    else if (now.status == IoStatus::ok && sent == bytes.size())
      co_return now;
    if (now.status != IoStatus::ok) co_return now;
  }
}

awaitable<Transfer> Socket::send_all(std::string_view first, std::string_view second) {
  Transfer now = send(first, second);
  if (now.status == IoStatus::would_block) now.status = IoStatus::ok;
  if (now.status != IoStatus::ok) co_return now;
  if (now.bytes == first.size() + second.size() && !holds_unsent()) co_return now;
  if (now.bytes < first.size()) {
    const std::size_t before = now.bytes;
    now = co_await send_all(first.substr(before));
    now.bytes += before;
    if (!now) co_return now;
  }
  const std::size_t before = now.bytes;
  now = co_await send_all(second.substr(before - first.size()));
  now.bytes += before;
  co_return now;
}

awaitable<Transfer> Socket::receive_some(std::span<char> into) {
  for (;;) {
    if (const IoStatus status = co_await wait_readable(); status != IoStatus::ok) co_return Transfer{.status = status};
    const Transfer got = receive(into);
    if (got.status != IoStatus::would_block) co_return got;
  }
}

void Socket::finish_layer() noexcept {
  if (!layer_) return;
  if (is_open() && state_ != IoStatus::timed_out) layer_->finish(fd());
  layer_.reset();
}

void Socket::shutdown_send() noexcept {
  if (!is_open()) return;
  if (layer_) layer_->finish(fd());
  ::shutdown(fd(), SHUT_WR);
}

void Socket::close() noexcept {
  clear_deadline();
  finish_layer();
  if (state_ == IoStatus::ok) state_ = IoStatus::cancelled;
  boost::system::error_code ignored;
  stream_.close(ignored);
}

void Socket::reset() noexcept {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  if (is_open()) ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  layer_.reset();  // without an orderly end
  close();
}

void Socket::cancel() noexcept {
  clear_deadline();
  state_ = IoStatus::cancelled;
  wake();
}

void Socket::wake() noexcept {
  boost::system::error_code ignored;
  if (is_open()) stream_.cancel(ignored);
}

bool Socket::is_quiet() noexcept {
  if (state_ != IoStatus::ok || !is_open()) return false;
  if (layer_) return layer_->is_quiet(fd());
  char byte;
  return ::recv(fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool Socket::peer_has_closed() noexcept {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (!is_open() || ::getsockopt(fd(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
  return info.tcpi_state == TCP_CLOSE_WAIT || info.tcpi_state == TCP_CLOSE;
}

void Socket::expire_after(std::chrono::seconds limit) noexcept {
  if (state_ == IoStatus::timed_out) state_ = IoStatus::ok;
  Deadline::expire_after(limit);
}

void Socket::on_deadline() {
  state_ = IoStatus::timed_out;
  wake();
}

IoStatus Socket::status_of(const boost::system::error_code& error) const noexcept {
  if (!error) return IoStatus::ok;
  if (state_ != IoStatus::ok) return state_;
  return error == asio::error::operation_aborted ? IoStatus::cancelled : IoStatus::failed;
}

}  // namespace schoolgate::net
