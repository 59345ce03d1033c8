// A connected TCP socket of one worker: direct recv and send, awaited only when the kernel says "not now".
//
//     for (;;) {
//       if (co_await socket.wait_readable() != IoStatus::ok) co_return;
//       auto buffer = buffers.take_head();                 // a buffer exists only while bytes do
//       const Transfer got = socket.receive(buffer.space());
//
// Owned by a session, a relay or the upstream pool; used on its worker's thread only. It is not moved while something
// waits on it. It has one deadline, checked by the worker's tick: when it passes, the waiting coroutine gets timed_out,
// and so does every later operation until expire_after() is called again. It never throws and never raises SIGPIPE.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "proxy/net/asio.h"
#include "proxy/net/deadlines.h"
#include "proxy/net/endpoint.h"
#include "proxy/net/file_descriptor.h"
#include "proxy/net/layer.h"
#include "proxy/net/transfer.h"

namespace schoolgate::net {

class Socket final : private Deadline {
  // What an awaited wait is made of: an asynchronous operation that the awaiting coroutine holds in its own frame.
  template <class Handler>
  struct Waiter {
    using executor_type = asio::associated_executor_t<Handler, Executor>;
    [[nodiscard]] executor_type get_executor() const noexcept {
      return asio::get_associated_executor(handler, socket->stream_.get_executor());
    }
    void operator()(const boost::system::error_code& error) { std::move(handler)(socket->status_of(error)); }
    Socket* socket;
    Handler handler;
  };
  struct StartWait {
    template <class Handler>
    void operator()(Handler&& handler) const {
      Waiter<std::decay_t<Handler>> waiter{socket, std::forward<Handler>(handler)};
      const bool usable = socket->state_ == IoStatus::ok && socket->stream_.is_open();
      if (usable && !(what == TcpStream::wait_read && socket->layer_ && socket->layer_->holds_received()))
        return socket->stream_.async_wait(what, std::move(waiter));
      const boost::system::error_code outcome =
          usable ? boost::system::error_code() : make_error_code(asio::error::operation_aborted);
      asio::post(socket->stream_.get_executor(), [waiter = std::move(waiter), outcome]() mutable { waiter(outcome); });
    }
    Socket* socket;
    TcpStream::wait_type what;
  };

 public:
  /// Takes over a non-blocking descriptor and registers it with the worker's io_context.
  Socket(Executor executor, DeadlineList& deadlines, FileDescriptor fd);
  Socket(Socket&&) noexcept = default;
  Socket& operator=(Socket&&) noexcept = default;
  ~Socket() override { finish_layer(); }

  /// Completes with ok (readable, at its end or in error: receive() tells), timed_out or cancelled. A FIN or bytes that
  /// have already arrived count. One reader and one writer may wait at the same time.
  /// `co_await socket.wait_readable()` yields an IoStatus; no coroutine frame is made.
  [[nodiscard]] auto wait_readable() {
    return asio::async_initiate<const asio::deferred_t&, void(IoStatus)>(StartWait{this, TcpStream::wait_read},
                                                                         asio::deferred);
  }
  [[nodiscard]] auto wait_writable() {
    return asio::async_initiate<const asio::deferred_t&, void(IoStatus)>(StartWait{this, TcpStream::wait_write},
                                                                         asio::deferred);
  }

  /// One recv(2): ok with bytes > 0, would_block, closed, timed_out, cancelled or failed.
  [[nodiscard]] Transfer receive(std::span<char> into) noexcept;
  /// One send(2) (MSG_NOSIGNAL): ok with the bytes taken, maybe fewer than given; would_block; failed.
  [[nodiscard]] Transfer send(std::string_view bytes) noexcept;
  /// One sendmsg(2) of two pieces, as a head and its body.
  [[nodiscard]] Transfer send(std::string_view first, std::string_view second) noexcept;
  /// Sends everything: ok means all of it; otherwise `bytes` says how much was taken. The bytes must stay valid.
  [[nodiscard]] awaitable<Transfer> send_all(std::string_view bytes);
  [[nodiscard]] awaitable<Transfer> send_all(std::string_view first, std::string_view second);
  /// Waits and receives once: ok with bytes > 0, or why not. Pins `into` while waiting: for places where an answer is
  /// due.
  [[nodiscard]] awaitable<Transfer> receive_some(std::span<char> into);

  /// Lays TLS or the like over this socket: from now on bytes pass through it.
  void secure(std::unique_ptr<Layer> layer) noexcept { layer_ = std::move(layer); }
  [[nodiscard]] Layer* layer() const noexcept { return layer_.get(); }
  /// True when bytes that send() took wait inside the layer; wait_writable() and send({}) bring them on.
  [[nodiscard]] bool holds_unsent() const noexcept { return layer_ && layer_->holds_unsent(); }

  /// Half-close: sends FIN after what was sent.
  void shutdown_send() noexcept;
  /// Closes at once; a waiting coroutine gets cancelled.
  void close() noexcept;
  /// Closes with RST: the peer sees an error instead of an orderly end (a truncated answer must not look whole).
  void reset() noexcept;
  /// Wakes the waiting coroutine with cancelled; every later operation answers the same. The descriptor stays open.
  void cancel() noexcept;
  /// Wakes the coroutine that waits now with cancelled; the socket stays usable.
  void wake() noexcept;
  [[nodiscard]] bool is_open() const noexcept { return stream_.is_open(); }
  /// True for an idle socket of which the peer still holds its end and has sent nothing (recv MSG_PEEK).
  [[nodiscard]] bool is_quiet() noexcept;

  /// True once the peer has sent its FIN, or a reset: whatever lies unread before it, in TLS or not.
  [[nodiscard]] bool peer_has_closed() noexcept;

  using Deadline::clear_deadline;
  using Deadline::deadlines;
  /// Sets or moves the deadline of everything done on this socket from now on; to the second. Also clears expired().
  void expire_after(std::chrono::seconds limit) noexcept;
  [[nodiscard]] bool expired() const noexcept { return state_ == IoStatus::timed_out; }

  [[nodiscard]] int fd() noexcept { return stream_.native_handle(); }
  [[nodiscard]] Executor executor() noexcept { return stream_.get_executor(); }
  [[nodiscard]] std::optional<Endpoint> peer() noexcept { return peer_endpoint(fd()); }
  [[nodiscard]] std::optional<Endpoint> local() noexcept { return local_endpoint(fd()); }

 private:
  void on_deadline() override;
  void finish_layer() noexcept;
  [[nodiscard]] IoStatus status_of(const boost::system::error_code& error) const noexcept;

  TcpStream stream_;
  std::unique_ptr<Layer> layer_;
  IoStatus state_ = IoStatus::ok;  ///< ok, timed_out or cancelled
};

}  // namespace schoolgate::net
