#include "proxy/flow/h2_upstream.h"

#include <exception>
#include <utility>

#include "base/log.h"

namespace schoolgate::flow {

using http::H2Code;
using http::H2Head;
using http::StreamId;

H2Upstream::H2Upstream(Worker& worker, net::Socket socket, std::string key)
    : worker_(worker),
      socket_(std::move(socket)),
      key_(std::move(key)),
      session_(http::H2Session::client({.connection_opens_at_once = true}, *this)),
      link_(std::make_shared<H2Link>(worker, socket_, *session_)),
      settled_(worker.executor()) {
  settled_.expires_after(std::chrono::seconds(1));
}

H2Upstream::~H2Upstream() = default;

std::shared_ptr<H2Upstream> H2Upstream::start(Worker& worker, net::Socket socket, std::string key) {
  std::shared_ptr<H2Upstream> upstream(new H2Upstream(worker, std::move(socket), std::move(key)));
  worker.outbound().h2_upstreams()[upstream->key_] = upstream;
  const auto pumps = [](std::shared_ptr<H2Upstream> self) -> net::awaitable<void> { co_await self->run(); };
  net::asio::co_spawn(worker.executor(), pumps(upstream), [](const std::exception_ptr& thrown) {
    if (thrown) log::error("a connection to a web site ended by an exception");
  });
  return upstream;
}

net::awaitable<net::Attempt<std::shared_ptr<H2Upstream>>> H2Upstream::reach(Worker& worker, const Inside& inside) {
  static constexpr std::string_view kH2[] = {"h2"};
  const std::string key = pool_key(inside, worker.outbound().trust());
  const auto open = [&] {
    auto upstream = worker.outbound().open_h2(key);
    return upstream && upstream->usable() ? upstream : nullptr;
  };
  auto& dials = worker.outbound().h2_dials();
  const auto until = std::chrono::steady_clock::now() + worker.limits().response;
  for (;;) {
    if (auto upstream = open()) co_return upstream;
    const auto under_way = dials.find(key);
    const std::shared_ptr<H2Dial> dial = under_way == dials.end() ? nullptr : under_way->second.lock();
    if (!dial) break;
    co_await dial->done.async_wait(net::as_tuple);
    if (dial->failure) co_return std::unexpected(*dial->failure);
    if (!dial->speaks_h2) co_return nullptr;
    if (std::chrono::steady_clock::now() >= until)
      co_return net::fail(net::FailureKind::timed_out, Fault::upstream,
                          "the web site takes too few requests at once for all that wait");
    // Where those who woke first have taken all that it can carry, one of the others dials, and the rest waits for it.
  }
  const auto dial = std::make_shared<H2Dial>(worker.executor());
  dials.insert_or_assign(key, dial);
  const Destination to = inside.to;
  const names::Host host = inside.host;
  auto reached = co_await dial_verified(worker, to, host, kH2);
  std::shared_ptr<H2Upstream> upstream;
  if (!reached)
    dial->failure = reached.error();
  else if (reached->protocol == "h2")
    upstream = start(worker, std::move(reached->socket),
                     pool_key(Inside{.host = host, .port = to.port, .to = to}, reached->trust));
  else
    dial->speaks_h2 = false;
  if (const auto own = dials.find(key); own != dials.end() && own->second.lock() == dial) dials.erase(own);
  dial->done.cancel();
  if (dial->failure) co_return std::unexpected(*dial->failure);
  co_return upstream;
}

net::awaitable<void> H2Upstream::run() {
  co_await link_->run();
  end_ = told_by_tls(socket_);
  settled_.cancel();
  if (worker_.outbound().open_h2(key_).get() == this) worker_.outbound().h2_upstreams().erase(key_);
  const auto left = std::exchange(callers_, {});
  for (const auto& [stream, caller] : left) caller->on_answer_reset(H2Code::internal_error);
  socket_.close();
}

std::shared_ptr<H2Caller> H2Upstream::caller_of(StreamId stream) const {
  const auto found = callers_.find(stream);
  return found == callers_.end() ? nullptr : found->second;
}

StreamId H2Upstream::request(const H2Head& head, bool ends, std::shared_ptr<H2Caller> caller) {
  if (!usable()) return 0;
  const StreamId stream = session_->request(head, ends);
  if (stream != 0) callers_.emplace(stream, std::move(caller));
  flush();
  return stream;
}

void H2Upstream::give_up(StreamId stream) {
  callers_.erase(stream);
  session_->reset(stream, H2Code::cancel);
  flush();
}

void H2Upstream::on_response(StreamId stream, H2Head& head, bool ends) {
  if (const auto caller = caller_of(stream)) caller->on_answer(head, ends);
}
void H2Upstream::on_interim(StreamId stream, H2Head& head) {
  if (const auto caller = caller_of(stream)) caller->on_interim(head);
}
void H2Upstream::on_data(StreamId stream, std::string_view bytes) {
  if (const auto caller = caller_of(stream))
    caller->on_answer_data(bytes);
  else
    session_->consumed(stream, bytes.size());
}
void H2Upstream::on_trailers(StreamId stream, H2Head& trailers) {
  if (const auto caller = caller_of(stream)) caller->on_answer_trailers(trailers);
}
void H2Upstream::on_end(StreamId stream) {
  if (const auto caller = caller_of(stream)) caller->on_answer_end();
}
void H2Upstream::on_reset(StreamId stream, H2Code code) {
  if (const auto caller = caller_of(stream)) {
    callers_.erase(stream);
    caller->on_answer_reset(code);
  }
}
void H2Upstream::on_writable(StreamId stream) {
  if (const auto caller = caller_of(stream)) caller->on_upload_room();
}
void H2Upstream::on_settings() {
  knows_settings_ = true;
  settled_.cancel();
}
net::awaitable<void> H2Upstream::settled() {
  const auto self = shared_from_this();
  if (!knows_settings_ && lives()) co_await settled_.async_wait(net::as_tuple);
}

void H2Upstream::on_goaway(StreamId, H2Code) { leaving_ = true; }

}  // namespace schoolgate::flow
