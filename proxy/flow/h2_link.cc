#include "proxy/flow/h2_link.h"

#include <strings.h>

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <utility>

namespace schoolgate::flow {

using net::IoStatus;

H2Link::H2Link(Worker& worker, net::Socket& socket, http::H2Session& session)
    : worker_(worker), socket_(socket), session_(session), blocked_(worker.executor()) {
  blocked_.expires_at(net::Timer::time_point::max());
}

net::awaitable<void> H2Link::run() {
  using boost::asio::experimental::awaitable_operators::operator&&;
  send_now();
  co_await (read() && write_when_blocked());
  over_ = true;
  release_unsent();
}

void H2Link::release_unsent() noexcept {
  if (unsent_) ::explicit_bzero(unsent_.data(), std::exchange(unsent_used_, 0));
  unsent_.release();
}

// Silence is bounded by what the most patient stream may take, without streams by what idle connections get. Each
// request has a deadline of its own beside this one.
void H2Link::touch() {
  // The session has no clock: a peer's allowance of frames that carry nothing is for a minute.
  if (const auto now = worker_.deadlines().now(); now - allowances_renewed_ >= 60) {
    allowances_renewed_ = now;
    session_.renew_allowances();
  }
  const Limits& limits = worker_.limits();
  if (session_.open_streams() == 0) return socket_.expire_after(limits.idle);
  socket_.expire_after(silent_streams_ > 0 ? std::max(limits.response, limits.idle_tunnel) : limits.response);
}

net::awaitable<void> H2Link::read() {
  while (!over_) {
    touch();
    if (co_await socket_.wait_readable() != IoStatus::ok || over_) break;
    net::Buffer room = worker_.buffers().take_relay();
    const net::Transfer got = socket_.receive(room.space());
    if (got.status == IoStatus::would_block) continue;
    if (got.status != IoStatus::ok) break;
    const auto received = session_.receive(std::string_view(room.data(), got.bytes));
    ::explicit_bzero(room.data(), got.bytes);  // what somebody read must not lie in the pool for the next
    room.release();
    send_now();
    if (!received || session_.finished()) break;
  }
  send_now();
  stop();
}

net::awaitable<void> H2Link::write_when_blocked() {
  while (!over_) {
    if (!waits_to_write_) {
      co_await blocked_.async_wait(net::as_tuple);
      continue;
    }
    if (co_await socket_.wait_writable() != IoStatus::ok) break;
    waits_to_write_ = false;
    if (!over_) send_now();
  }
  stop();
}

void H2Link::send_now() {
  while (!over_ && !waits_to_write_) {
    if (unsent_begin_ == unsent_end_ && !socket_.holds_unsent()) {
      if (!session_.has_output()) return release_unsent();
      if (!unsent_) unsent_ = worker_.buffers().take_relay();
      unsent_begin_ = 0;
      unsent_end_ = session_.take_output(unsent_.space());
      unsent_used_ = std::max(unsent_used_, unsent_end_);
      if (unsent_end_ == 0) continue;
    }
    const net::Transfer sent = socket_.send({unsent_.data() + unsent_begin_, unsent_end_ - unsent_begin_});
    unsent_begin_ += sent.bytes;
    if (sent.status == IoStatus::would_block) {
      waits_to_write_ = true;
      blocked_.cancel();
    } else if (sent.status != IoStatus::ok) {
      over_ = true;
      socket_.cancel();
      blocked_.cancel();
    }
  }
}

void H2Link::send_soon() {
  if (send_is_posted_ || over_) return;
  send_is_posted_ = true;
  net::asio::post(worker_.executor(), [self = shared_from_this()] {
    self->send_is_posted_ = false;
    if (self->over_) return;
    self->touch();
    self->send_now();
    if (!self->over_ && self->session_.finished()) self->stop();
  });
}

void H2Link::stop() noexcept {
  over_ = true;
  socket_.cancel();
  blocked_.cancel();
}

}  // namespace schoolgate::flow
