#include "proxy/net/dialer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <functional>
#include <list>
#include <system_error>
#include <utility>
#include <vector>

namespace schoolgate::net {
namespace {

using Done = std::move_only_function<void(Attempt<Socket>)>;

// RFC 8305 section 4: IPv6 first, then the families take turns.
std::vector<Endpoint> in_order_of_trying(std::vector<Endpoint> candidates) {
  std::vector<Endpoint> v6, v4, order;
  for (const Endpoint& each : candidates) (each.address.is_v4() ? v4 : v6).push_back(each);
  order.reserve(candidates.size());
  for (std::size_t i = 0; i < v6.size() || i < v4.size(); ++i) {
    if (i < v6.size()) order.push_back(v6[i]);
    if (i < v4.size()) order.push_back(v4[i]);
  }
  return order;
}

// One dial. Held by what is pending (waits, the stagger timer) and by nothing else, so that it goes when they go.
class Dialing final : public std::enable_shared_from_this<Dialing>, private Deadline {
 public:
  Dialing(Executor executor, DeadlineList& deadlines, std::shared_ptr<const DestinationGuard> guard,
          const DialerSettings& settings, std::vector<Endpoint> order, Done done)
      : Deadline(deadlines),
        executor_(executor),
        guard_(std::move(guard)),
        settings_(settings),
        order_(std::move(order)),
        stagger_(executor),
        done_(std::move(done)) {}

  void start(std::chrono::seconds limit) {
    expire_after(limit);
    try_next();
  }

 private:
  using Tries = std::list<Socket>;

  // Begins the next connection; when none is left and none is under way, the dial has failed.
  void try_next() {
    while (next_ < order_.size()) {
      const Endpoint& to = order_[next_++];
      if (begin(to)) {
        if (next_ < order_.size()) wait_before_next();
        return;
      }
    }
    if (tries_.empty()) give_up();
  }

  // True when a connection to `to` is under way.
  bool begin(const Endpoint& to) {
    FileDescriptor fd(::socket(to.address.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) return note(to, errno);
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (settings_.fwmark &&
        ::setsockopt(fd.get(), SOL_SOCKET, SO_MARK, &*settings_.fwmark, sizeof *settings_.fwmark) != 0)
      return note(to, errno);
    const SocketAddress address = to_socket_address(to);
    if (::connect(fd.get(), address.get(), address.length) != 0 && errno != EINPROGRESS) return note(to, errno);

    const auto attempt = tries_.emplace(tries_.end(), executor_, deadlines(), std::move(fd));
    attempt->wait_writable()([self = shared_from_this(), attempt, to](IoStatus) { self->connected(attempt, to); });
    return true;
  }

  bool note(const Endpoint& to, int error) {
    last_error_ = error;
    last_tried_ = to;
    return false;
  }

  void connected(Tries::iterator attempt, const Endpoint& to) {
    if (!done_) return;  // another was faster, or time is up
    int error = ECANCELED;
    socklen_t size = sizeof error;
    if (attempt->is_open()) ::getsockopt(attempt->fd(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
      note(to, error);
      tries_.erase(attempt);
      stagger_.cancel();
      return try_next();
    }
    if (auto failure = guard_->check_connected(attempt->fd())) return finish(std::unexpected(std::move(*failure)));
    Socket winner = std::move(*attempt);
    tries_.erase(attempt);
    finish(std::move(winner));
  }

  void wait_before_next() {
    stagger_.expires_after(settings_.stagger);
    stagger_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (!error && self->done_) self->try_next();
    });
  }

  void give_up() {
    const bool no_descriptors = last_error_ == EMFILE || last_error_ == ENFILE;
    const std::string what =
        "cannot connect to " + last_tried_.text() + ": " + std::generic_category().message(last_error_);
    finish(no_descriptors ? fail(FailureKind::overloaded, Fault::host, what, "raise the limit on open files")
                          : fail(FailureKind::connect_failed, Fault::upstream, what,
                                 "the site or the network towards it is down; try again later"));
  }

  void on_deadline() override {
    finish(fail(FailureKind::timed_out, Fault::upstream, order_.front().text() + " did not answer in time",
                "the site or the network towards it is slow; try again later"));
  }

  void finish(Attempt<Socket> result) {
    const auto self = shared_from_this();
    clear_deadline();
    stagger_.cancel();
    for (Socket& loser : tries_) loser.close();
    // Posted, because a dial may end while it is being started, or in the middle of a tick.
    asio::post(executor_, [done = std::exchange(done_, nullptr), result = std::move(result)]() mutable {
      done(std::move(result));
    });
  }

  Executor executor_;
  std::shared_ptr<const DestinationGuard> guard_;
  const DialerSettings settings_;
  std::vector<Endpoint> order_;
  std::size_t next_ = 0;
  Tries tries_;  ///< under way; closed ones stay until their waits have returned
  Timer stagger_;
  int last_error_ = 0;
  Endpoint last_tried_;
  Done done_;  ///< empty once the dial is over
};

}  // namespace

Dialer::Dialer(Executor executor, DeadlineList& deadlines, std::shared_ptr<const DestinationGuard> guard,
               DialerSettings settings)
    : executor_(executor), deadlines_(deadlines), guard_(std::move(guard)), settings_(settings) {}

awaitable<Attempt<Socket>> Dialer::dial(AddressList addresses, std::uint16_t port, std::chrono::seconds limit) {
  std::vector<Endpoint> allowed;
  std::optional<Failure> refusal;
  for (const names::IpAddress& address : addresses) {
    const Endpoint to{address, port};
    if (auto failure = guard_->check(to)) {
      if (!refusal || failure->kind == FailureKind::loop) refusal = std::move(failure);
    } else {
      allowed.push_back(to);
    }
  }
  if (allowed.empty() && refusal) co_return std::unexpected(std::move(*refusal));
  if (allowed.empty()) co_return fail(FailureKind::name_not_found, Fault::upstream, "no address to connect to");
  std::vector<Endpoint> order = in_order_of_trying(std::move(allowed));
  if (order.size() > settings_.attempts) order.resize(settings_.attempts);

  const auto start = [this, &order, limit](auto handler) {
    std::make_shared<Dialing>(executor_, deadlines_, guard_, settings_, std::move(order), Done(std::move(handler)))
        ->start(limit);
  };
  co_return co_await asio::async_initiate<const asio::deferred_t&, void(Attempt<Socket>)>(start, asio::deferred);
}

}  // namespace schoolgate::net
