// HTTP/2 inside TLS: every stream is a request of its own, judged like any other, and goes on over the connection to
// the web site that all clients of this worker share.
//
//   on_request     head -> what is asked -> judge -> refuse, or send on
//   on_data        the request's body, as far as the web site takes it
//   H2Call         one stream and its twin upstream: the answer comes back through it
//
// Flow control is end to end for each stream: what one side has not taken is not given back to the other, so a slow
// reader stops a fast writer, and itself alone: the window of the connection that it shares with others opens as bytes
// come. What is held for a client is summed over all its streams (client_account.h).
#include <map>
#include <memory>
#include <utility>

#include "base/log.h"
#include "proxy/flow/asked.h"
#include "proxy/flow/breach_of.h"
#include "proxy/flow/h2_call.h"
#include "proxy/flow/h2_link.h"
#include "proxy/flow/h2_upstream.h"
#include "proxy/flow/serve.h"
#include "proxy/flow/worker.h"

namespace schoolgate::flow {
namespace {

// Only what the web site announces is announced: else a browser would not open the connection that works.
net::awaitable<bool> web_site_takes_websockets(const Connection& connection) {
  const auto upstream =
      connection.worker.outbound().open_h2(pool_key(*connection.inside, connection.worker.outbound().trust()));
  if (!upstream) co_return false;
  co_await upstream->settled();
  co_return upstream->session().peer_allows_websockets();
}

class Service final : public http::H2Events, public H2CallOwner {
 public:
  Service(Connection& connection, bool websockets)
      : connection_(connection),
        session_(http::H2Session::server({.streams = 100,
                                          .head_bytes = connection.worker.limits().head.bytes,
                                          .fields = connection.worker.limits().head.fields,
                                          .websockets = websockets},
                                         *this)),
        link_(std::make_shared<H2Link>(connection.worker, connection.client, *session_)),
        account_(connection.worker.gateway().clients.account_of(connection.peer.address)),
        tasks_done_(connection.worker.executor()) {}

  net::awaitable<void> run() {
    co_await link_->run();
    const auto left = std::exchange(calls_, {});
    for (const auto& [stream, call] : left) call->client_left();
    // What still runs on behalf of a stream (a record on its way to the disk, a dial) looks at this connection.
    while (tasks_ != 0) {
      tasks_done_.expires_at(net::Timer::time_point::max());
      co_await tasks_done_.async_wait(net::as_tuple);
    }
  }

  // H2Events: what the client does.
  void on_request(http::StreamId stream, http::H2Head& head, bool ends) override {
    if (connection_.worker.draining() || page_shown_) session_->goaway(http::H2Code::no_error);
    if (page_shown_)
      return session_->reset(stream, http::H2Code::refused_stream);  // a browser asks on a new connection
    std::erase_if(unsent_, [this](const auto& each) { return session_->queued(each.first) == 0; });
    auto charge = StreamCharge::take(account_, connection_.worker.limits().client);
    if (!charge) {
      connection_.worker.counters().shed_streams.add();
      return session_->reset(stream, http::H2Code::refused_stream);
    }
    const auto call = std::make_shared<H2Call>(connection_, *this, stream, std::move(*charge));
    calls_.emplace(stream, call);
    connection_.between_requests = false;
    call->begin(head, ends);
  }
  void on_data(http::StreamId stream, std::string_view bytes) override {
    if (const auto call = call_of(stream))
      call->upload(bytes);
    else
      session_->consumed(stream, bytes.size());
  }
  void on_trailers(http::StreamId stream, http::H2Head& trailers) override {
    if (const auto call = call_of(stream)) call->upload_trailers(trailers);
  }
  void on_end(http::StreamId stream) override {
    if (const auto call = call_of(stream)) call->upload_ends();
  }
  void on_reset(http::StreamId stream, http::H2Code) override {
    if (const auto call = call_of(stream)) {
      ended(stream);
      call->client_left();
    }
  }
  void on_writable(http::StreamId stream) override {
    if (const auto call = call_of(stream)) call->download_room();
  }

  // H2CallOwner: what a call needs of its connection.
  http::H2Session& session() noexcept override { return *session_; }
  void flush() override { link_->send_soon(); }
  void add_silent(int change) noexcept override { link_->add_silent(change); }
  void ended(http::StreamId stream) override {
    if (const auto call = calls_.find(stream); call != calls_.end()) {
      keep_charge_while_queued(stream, call->second->take_charge());
      calls_.erase(call);
      page_shown_ = page_shown_ || is_for_page(connection_);
    }
    connection_.between_requests = calls_.empty();
  }
  void spawn(net::awaitable<void> task) override {
    ++tasks_;
    net::asio::co_spawn(connection_.worker.executor(), std::move(task), [this](const std::exception_ptr& thrown) {
      if (thrown) log::error("a request ended by an exception");
      if (--tasks_ == 0) tasks_done_.cancel();
    });
  }

 private:
  // A whole answer can wait in the session for a client that opens no window: it stays on the client's account.
  void keep_charge_while_queued(http::StreamId stream, StreamCharge charge) {
    const std::size_t queued = session_->queued(stream);
    if (queued == 0) return;
    if (charge.holds(queued)) {
      unsent_.emplace(stream, std::move(charge));
    } else {
      connection_.worker.counters().shed_bytes.add();
      session_->reset(stream, http::H2Code::enhance_your_calm);
    }
  }

  [[nodiscard]] std::shared_ptr<H2Call> call_of(http::StreamId stream) const {
    const auto found = calls_.find(stream);
    return found == calls_.end() ? nullptr : found->second;
  }

  Connection& connection_;
  std::unique_ptr<http::H2Session> session_;
  std::shared_ptr<H2Link> link_;
  std::shared_ptr<ClientAccount> account_;
  std::map<http::StreamId, std::shared_ptr<H2Call>> calls_;
  std::map<http::StreamId, StreamCharge> unsent_;  ///< of calls that are over; looked through at each request
  bool page_shown_ = false;                        ///< what the connection was opened for is done
  std::size_t tasks_ = 0;
  net::Timer tasks_done_;
};

}  // namespace

net::awaitable<void> serve_h2(Connection& connection) {
  const bool websockets = co_await web_site_takes_websockets(connection);
  Service service(connection, websockets);
  co_await service.run();
}

}  // namespace schoolgate::flow
