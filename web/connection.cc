#include "web/connection.h"

#include <array>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "base/ascii.h"
#include "base/log.h"
#include "web/tls_context.h"
#include "web/wire.h"

namespace schoolgate::web {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

using std::chrono::milliseconds;
using Parser = http::request_parser<http::string_body>;

constexpr auto kGoodbye = milliseconds(2000);              // for close_notify, and for what is still being sent to us
constexpr auto kShortGoodbye = milliseconds(100);          // when the whole server ends
constexpr std::size_t kMostAfterTheEnd = 4 * 1024 * 1024;  // read and thrown away so that an early answer arrives

Response plain_answer(int status) {
  Response response = text(std::to_string(status) + ' ' + std::string(reason_phrase(status)) + '\n', status);
  return response;
}

bool is_known_method(http::verb verb) {
  return verb == http::verb::put || verb == http::verb::delete_ || verb == http::verb::options ||
         verb == http::verb::patch || verb == http::verb::trace || verb == http::verb::connect;
}

}  // namespace

/// An answer that a handler owes.
struct Connection::Pending {
  explicit Pending(asio::io_context& loop) : timer(loop) {}
  Timer timer;  ///< runs out when the handler takes too long; cancelled when the answer is there
  std::optional<Response> response;
};

/// What came of reading one request.
struct Connection::Turn {
  enum class End { none, answer, close } end = End::none;
  int status = 0;  ///< of `answer`: refused before any handler
  std::string allow;
  bool keep_alive = false;
  std::shared_ptr<Request> request;

  void refuse(int with) {
    end = End::answer;
    status = with;
  }
};

Deadline::Deadline(Socket& socket) : state_(std::make_shared<State>(socket)) {}
Deadline::~Deadline() {
  state_->socket = nullptr;
  state_->timer.cancel();
}

void Deadline::set(milliseconds time) {
  state_->expired = false;
  const unsigned generation = ++state_->generation;
  state_->timer.expires_after(time);
  state_->timer.async_wait([state = state_, generation](boost::system::error_code error) {
    if (error || generation != state->generation || !state->socket) return;
    state->expired = true;
    boost::system::error_code ignored;
    state->socket->cancel(ignored);
  });
}

void Deadline::clear() {
  ++state_->generation;
  state_->timer.cancel();
}

Connection::Connection(std::shared_ptr<Hub> hub, std::shared_ptr<const Listener> listener, Socket socket,
                       names::IpAddress peer, std::uint16_t peer_port, names::IpAddress local)
    : hub_(std::move(hub)),
      listener_(std::move(listener)),
      socket_(std::move(socket)),
      deadline_(socket_),
      peer_(peer),
      local_(local),
      peer_port_(peer_port) {
  hub_->connections.insert(this);
  ++hub_->per_client[peer_];
  hub_->counters.open.fetch_add(1, std::memory_order_relaxed);
}

Connection::~Connection() {
  hub_->connections.erase(this);
  if (const auto found = hub_->per_client.find(peer_); found != hub_->per_client.end() && --found->second == 0)
    hub_->per_client.erase(found);
  hub_->counters.open.fetch_sub(1, std::memory_order_relaxed);
  if (hub_->stopping && hub_->connections.empty()) hub_->grace.cancel();
}

void Connection::finish_soon() {
  boost::system::error_code ignored;
  if (idle_) socket_.cancel(ignored);
}

void Connection::cut() {
  boost::system::error_code ignored;
  socket_.close(ignored);
  if (pending_) pending_->timer.cancel();
}

awaitable<void> Connection::run(std::shared_ptr<Connection> self) {
  if (!self->listener_->tls) {
    co_await self->serve(self->socket_);
    co_return;
  }
  TlsStream& stream = self->tls_.emplace(self->socket_, self->listener_->tls->context().ssl);
  self->deadline_.set(self->hub_->limits.header);
  const auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::server, as_tuple);
  if (error) {
    self->hub_->counters.handshakes_failed.fetch_add(1, std::memory_order_relaxed);
    co_return;
  }
  co_await self->serve(stream);
  self->deadline_.set(self->hub_->stopping ? kShortGoodbye : kGoodbye);
  const auto [ignored] = co_await stream.async_shutdown(as_tuple);
  (void)ignored;
}

template <class Stream>
awaitable<void> Connection::serve(Stream& stream) {
  // One byte more than a head may have, so that the parser and not the buffer says when it is too long.
  beast::flat_buffer buffer(hub_->limits.header_bytes + 64 * 1024);
  bool first = true;
  while (!hub_->stopping) {
    idle_ = true;
    if (buffer.size() == 0) {
      deadline_.set(first ? hub_->limits.header : hub_->limits.idle);
      const auto space = buffer.prepare(4096);
      const auto [error, size] = co_await stream.async_read_some(space, as_tuple);
      if (error) co_return;
      buffer.commit(size);
    }
    idle_ = false;
    first = false;
    const bool goes_on = co_await take_turn(stream, buffer);
    if (!goes_on) co_return;
  }
}

template <class Stream, class Buffer>
awaitable<bool> Connection::take_turn(Stream& stream, Buffer& buffer) {
  Turn turn;
  co_await read_request(stream, buffer, turn);
  if (turn.end == Turn::End::close) co_return false;
  hub_->counters.requests.fetch_add(1, std::memory_order_relaxed);
  if (turn.end == Turn::End::answer) {
    const auto count = [](std::atomic<std::uint64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); };
    if (turn.status == 408)
      count(hub_->counters.timed_out);
    else if (turn.status == 413 || turn.status == 431)
      count(hub_->counters.too_large);
    else
      count(hub_->counters.malformed);
    Response response = turn.request ? listener_->router->error(*turn.request, turn.status) : plain_answer(turn.status);
    if (!turn.allow.empty()) response.set("Allow", turn.allow);
    const bool written = co_await write(stream, response, false, false);
    if (written) co_await linger(stream);
    co_return false;
  }
  const bool head_only = turn.request->method == Method::head;
  Response response = co_await ask(turn.request);
  const bool keep_alive = turn.keep_alive && !hub_->stopping;
  const bool written = co_await write(stream, response, keep_alive, head_only);
  if (written && !keep_alive) co_await linger(stream);
  co_return written&& keep_alive;
}

template <class Stream, class Buffer>
awaitable<void> Connection::read_request(Stream& stream, Buffer& buffer, Turn& turn) {
  const auto judge = [&](boost::system::error_code error) {
    if (deadline_.expired())
      turn.refuse(408);
    else if (error == http::error::header_limit || error == http::error::buffer_overflow)
      turn.refuse(431);
    else if (error == http::error::body_limit)
      turn.refuse(413);
    else if (error == http::error::end_of_stream || error == http::error::partial_message ||
             error.category() != http::make_error_code(http::error::bad_method).category())
      turn.end = Turn::End::close;
    else
      turn.refuse(400);
  };
  Parser parser;
  parser.header_limit(std::uint32_t(hub_->limits.header_bytes));
  parser.body_limit(hub_->limits.body_bytes);
  deadline_.set(hub_->limits.header);
  {
    const auto [error, size] = co_await http::async_read_header(stream, buffer, parser, as_tuple);
    (void)size;
    if (error) co_return judge(error);
  }

  const auto& head = parser.get();
  auto request = std::make_shared<Request>();
  request->tls = bool(listener_->tls);
  request->peer = peer_;
  request->peer_port = peer_port_;
  request->local = local_;
  request->received = wall_now();
  const auto host = head.count(http::field::host) == 1 ? read_host(head[http::field::host]) : std::nullopt;
  auto target = read_target(head.target());
  if (!host) co_return turn.refuse(400);
  request->host = *host;
  if (target) {
    request->path = std::move(target->path);
    request->query = std::move(target->query);
  }
  turn.request = request;
  if (!target) co_return turn.refuse(400);
  switch (head.method()) {
    case http::verb::get: request->method = Method::get; break;
    case http::verb::head: request->method = Method::head; break;
    case http::verb::post: request->method = Method::post; break;
    default:
      turn.allow = is_known_method(head.method()) ? "GET, HEAD, POST" : "";
      co_return turn.refuse(is_known_method(head.method()) ? 405 : 501);
  }
  std::string cookies;
  for (const auto& field : head) {
    const std::string name = ascii_lower(field.name_string());
    if (name == "cookie") {
      if (!cookies.empty()) cookies += "; ";
      cookies += std::string_view(field.value());
      continue;
    }
    request->headers.emplace_back(name, std::string(field.value()));
  }
  request->cookies = Cookies::parse(cookies);

  if (const std::string_view expected = request->header("expect"); !expected.empty()) {
    if (ascii_lower(expected) != "100-continue") co_return turn.refuse(417);
    if (parser.content_length() && *parser.content_length() > hub_->limits.body_bytes) co_return turn.refuse(413);
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    const asio::const_buffer text = asio::buffer(kContinue);
    const auto [error, size] = co_await asio::async_write(stream, text, as_tuple);
    (void)size;
    if (error) co_return judge(error);
  }
  if (!parser.is_done()) {
    deadline_.set(hub_->limits.body);
    const auto [error, size] = co_await http::async_read(stream, buffer, parser, as_tuple);
    (void)size;
    if (error) co_return judge(error);
  }
  turn.keep_alive = parser.get().keep_alive();
  if (request->method != Method::post) co_return;
  std::string body = std::move(parser.get().body());
  if (!is_form_type(request->header("content-type"))) {
    request->body = std::move(body);
    co_return;
  }
  auto form = Form::parse(body);
  if (!form) co_return turn.refuse(400);
  request->form = std::move(*form);
}

awaitable<Response> Connection::ask(std::shared_ptr<Request> request) {
  deadline_.clear();
  const auto overloaded = [&] {
    hub_->counters.overloaded.fetch_add(1, std::memory_order_relaxed);
    Response response = listener_->router->error(*request, 503);
    response.set("Retry-After", "5");
    return response;
  };
  if (hub_->waiting.fetch_add(1, std::memory_order_relaxed) >= hub_->limits.waiting) {
    hub_->waiting.fetch_sub(1, std::memory_order_relaxed);
    co_return overloaded();
  }
  const auto pending = pending_ = std::make_shared<Pending>(hub_->loop);
  pending->timer.expires_after(hub_->limits.handler);
  // The router must outlive an answer that comes when server and connection are gone: it finishes that answer.
  const Answer answer = [hub = hub_, pending, router = listener_->router](Response response) {
    hub->post([pending, response = std::move(response)]() mutable {
      if (pending->response) return;
      pending->response = std::move(response);
      pending->timer.cancel();
    });
  };
  asio::post(hub_->pool, [hub = hub_.get(), router = listener_->router, request, answer] {
    hub->waiting.fetch_sub(1, std::memory_order_relaxed);
    router->serve(request, answer);
  });
  const auto [ignored] = co_await pending->timer.async_wait(as_tuple);
  (void)ignored;
  pending_.reset();
  if (!pending->response) {
    log::warning("a page took too long", {{"server", hub_->name}, {"path", request->path}});
    co_return overloaded();
  }
  co_return std::move(*pending->response);
}

template <class Stream>
awaitable<bool> Connection::write(Stream& stream, Response& response, bool keep_alive, bool head_only) {
  const bool strict_transport = listener_->tls && listener_->tls->may_be_insisted_on();
  const std::string head =
      write_head(response, {.keep_alive = keep_alive, .strict_transport = strict_transport, .now = wall_now()});
  if (response.status >= 500) hub_->counters.failed.fetch_add(1, std::memory_order_relaxed);
  const std::string_view body = head_only ? std::string_view() : body_of(response);
  const std::array<asio::const_buffer, 2> pieces = {asio::buffer(head), asio::buffer(body)};
  deadline_.set(hub_->limits.body);
  const auto [error, size] = co_await asio::async_write(stream, pieces, as_tuple);
  (void)size;
  co_return !error;
}

// Closing a socket with unread bytes in it resets the connection, and a reset can destroy the answer on its way.
template <class Stream>
awaitable<void> Connection::linger(Stream& stream) {
  boost::system::error_code ignored;
  if constexpr (std::is_same_v<Stream, Socket>) stream.shutdown(Socket::shutdown_send, ignored);
  std::array<char, 16 * 1024> bytes;
  const asio::mutable_buffer space = asio::buffer(bytes);
  deadline_.set(hub_->stopping ? kShortGoodbye : kGoodbye);
  if constexpr (!std::is_same_v<Stream, Socket>) {
    // Inside TLS only what is here already is read: the far end waits for our close_notify before it sends its own.
    while (socket_.available(ignored) > 0) {
      const auto [error, size] = co_await stream.async_read_some(space, as_tuple);
      if (error || size == 0) co_return;
    }
    co_return;
  }
  for (std::size_t total = 0; total < kMostAfterTheEnd;) {
    const auto [error, size] = co_await stream.async_read_some(space, as_tuple);
    if (error) co_return;
    total += size;
  }
}

}  // namespace schoolgate::web
