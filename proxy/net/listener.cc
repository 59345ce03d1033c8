#include "proxy/net/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace schoolgate::net {
namespace {

constexpr int kBacklog = 4096;
constexpr int kBatch = 64;
constexpr auto kBackoff = std::chrono::milliseconds(100);

FileDescriptor open_reserve() noexcept { return FileDescriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

bool switch_on(int fd, int level, int option) noexcept {
  const int on = 1;
  return ::setsockopt(fd, level, option, &on, sizeof on) == 0;
}

std::unexpected<Error> cannot_listen(const Endpoint& at, int error) {
  const std::string what = "cannot listen on " + at.text() + ": " + std::generic_category().message(error);
  switch (error) {
    case EADDRINUSE: return fail(Fault::config, what, "stop the other program or choose another port");
    case EADDRNOTAVAIL: return fail(Fault::config, what, "no interface of this machine has that address");
    case EACCES: return fail(Fault::host, what, "ports below 1024 need CAP_NET_BIND_SERVICE");
    case EPERM: return fail(Fault::host, what, "TPROXY needs CAP_NET_ADMIN");
    default: return fail(Fault::host, what);
  }
}

}  // namespace

Result<std::shared_ptr<Listener>> Listener::open(Executor executor, const Endpoint& at, Kind kind) {
  const bool v4 = at.address.is_v4();
  FileDescriptor fd(::socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return cannot_listen(at, errno);
  const SocketAddress address = to_socket_address(at);
  const bool ready = switch_on(fd.get(), SOL_SOCKET, SO_REUSEADDR) && switch_on(fd.get(), SOL_SOCKET, SO_REUSEPORT) &&
                     switch_on(fd.get(), IPPROTO_TCP, TCP_NODELAY) &&  // accepted sockets inherit it
                     (v4 || switch_on(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY)) &&
                     (kind == Kind::ordinary || (v4 ? switch_on(fd.get(), IPPROTO_IP, IP_TRANSPARENT)
                                                    : switch_on(fd.get(), IPPROTO_IPV6, IPV6_TRANSPARENT))) &&
                     ::bind(fd.get(), address.get(), address.length) == 0 && ::listen(fd.get(), kBacklog) == 0;
  if (!ready) return cannot_listen(at, errno);
  const auto local = local_endpoint(fd.get());
  return std::shared_ptr<Listener>(new Listener(executor, std::move(fd), local.value_or(at)));
}

Listener::Listener(Executor executor, FileDescriptor fd, const Endpoint& local)
    : stream_(executor, asio::ip::tcp::v6(), fd.release()),
      backoff_(executor),
      reserve_(open_reserve()),
      local_(local) {}

Listener::~Listener() { close(); }

void Listener::start(OnConnection on_connection) {
  on_connection_ = std::move(on_connection);
  arm();
}

void Listener::arm() {
  if (armed_ || paused_ || !stream_.is_open()) return;
  armed_ = true;
  // The operation holds no ownership: dropping the listener closes it.
  stream_.async_wait(TcpStream::wait_read, [weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!self) return;
    self->armed_ = false;
    if (error || self->paused_) return;
    if (self->accept_batch(kBatch) == Batch::exhausted)
      self->arm_after_pause();
    else
      self->arm();
  });
}

// Waiting for readability would report the same queue at once and spin.
void Listener::arm_after_pause() {
  backoff_.expires_after(kBackoff);
  backoff_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    if (const auto self = weak.lock(); self && !error) self->arm();
  });
}

Listener::Batch Listener::accept_batch(int most) {
  for (int accepted = 0; accepted < most && stream_.is_open() && !paused_; ++accepted) {
    SocketAddress from;
    from.length = sizeof from.storage;
    FileDescriptor fd(::accept4(stream_.native_handle(), from.get(), &from.length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) {
      on_connection_({std::move(fd), to_endpoint(from).value_or(Endpoint{})});
      continue;
    }
    switch (errno) {
      case EAGAIN: return Batch::emptied;
      case EMFILE:
      case ENFILE:
        if (!shed_newest()) return Batch::exhausted;
        break;
      case ENOBUFS:
      case ENOMEM: return Batch::exhausted;
      default: break;  // that connection is gone already, or its network failed (accept(2)): take the next
    }
  }
  return Batch::more;
}

// Those who are connected keep their descriptors; the newcomer is told at once instead of hanging in the queue.
bool Listener::shed_newest() noexcept {
  if (!reserve_) reserve_ = open_reserve();
  if (!reserve_) return false;
  reserve_.reset();
  FileDescriptor fd(::accept4(stream_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC));
  const bool accepted = bool(fd);
  if (accepted) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ++shed_;
  }
  fd.reset();
  reserve_ = open_reserve();
  return accepted && bool(reserve_);
}

void Listener::pause() noexcept { paused_ = true; }

void Listener::resume() {
  paused_ = false;
  if (on_connection_) arm();
}

void Listener::drain() {
  paused_ = false;
  const auto self = shared_from_this();
  while (on_connection_ && stream_.is_open() && !paused_ && accept_batch(kBatch) == Batch::more) {
  }
  close();
}

void Listener::close() noexcept {
  boost::system::error_code ignored;
  stream_.close(ignored);
  backoff_.cancel();
}

}  // namespace schoolgate::net
