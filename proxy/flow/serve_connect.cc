// CONNECT (RFC 9110 section 9.3.6): the name that the browser gives is judged, dialled and only then accepted; the
// ClientHello inside names a host too, and both must pass. What is judged is what is dialled: where CONNECT gives an
// address, that is the name inside, whatever address was given; plain HTTP inside is judged request by request. Where a
// rule needs more than the name, the connection is decrypted instead of relayed (decrypt.cc), and every request inside
// is judged.
#include <algorithm>
#include <charconv>

#include "proxy/flow/breach_of.h"
#include "proxy/flow/decrypt.h"
#include "proxy/flow/doorway.h"
#include "proxy/flow/hello_gate.h"
#include "proxy/flow/portal.h"
#include "proxy/flow/proxy_login.h"
#include "proxy/flow/refusal.h"
#include "proxy/flow/serve.h"
#include "proxy/flow/upstream.h"
#include "proxy/flow/worker.h"

namespace schoolgate::flow {
namespace {

struct Authority {
  names::Host host;
  std::uint16_t port = 0;
};

// "host:port", both required (RFC 9112 section 3.2.3).
Result<Authority> read_authority(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.find_first_of("@/?#\\") != std::string_view::npos)
    return schoolgate::fail(schoolgate::Fault::client, "CONNECT needs host:port");
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port == 0)
    return schoolgate::fail(schoolgate::Fault::client, "CONNECT needs a port");
  auto host = names::Host::parse(text.substr(0, colon));
  if (!host) return std::unexpected(std::move(host.error()));
  return Authority{std::move(*host), port};
}

Destination destination_of(const Judgement& judgement, const names::Host& host, std::uint16_t port) {
  const std::string_view safe = judgement.policy->safe_endpoint(judgement.subject.group, host.text());
  if (!safe.empty()) return {std::string(safe), port};
  return {host.address() ? host.address()->text() : host.text(), port};
}

bool tls_may_go_to(const Worker& worker, std::uint16_t port) {
  return std::ranges::find(worker.settings().connect_ports, port) != worker.settings().connect_ports.end();
}

// Plain HTTP inside CONNECT: at port 80, elsewhere where the school lets what is not TLS be judged.
bool http_may_go_to(const Worker& worker, std::uint16_t port) {
  return port == 80 || worker.settings().unnamed.not_tls == UnnamedAnswer::judge;
}

// Port 80 is for HTTP in the clear alone, which is judged request by request: browsers send ws:// so.
bool port_allowed(const Worker& worker, std::uint16_t port) { return port == 80 || tls_may_go_to(worker, port); }

net::awaitable<bool> refuse_port(Connection& connection, const http::RequestHead& head, const Authority& to) {
  connection.worker.counters().upstream_errors[std::size_t(UpstreamFault::refused_destination)].add();
  connection.worker.log_refusal(connection, to.host.text(), rules::Stage::connect, "port");
  const Fault fault{.status = 403,
                    .kind = PageKind::destination,
                    .site = to.host.text(),
                    .whose = schoolgate::Fault::client,
                    .detail = "tunnels to port " + std::to_string(to.port) + " are not allowed"};
  co_return co_await answer_fault(connection, fault, &head);
}

// A tunnel that was accepted and not yet judged by what is inside it.
struct Opening {
  const Authority& to;
  const rules::Request& request;
  Destination destination;
  Held<const Inspection> inspection;     // in force when CONNECT was judged, and for all that follows
  bool opens = false;                    // the rules ask to look inside what CONNECT names
  bool refused = false;                  // but for what may be found there
  std::optional<net::Socket> upstream;   // dialled already: CONNECT names a host
  std::optional<rules::Request> inside;  // the server name, where it is another
  NamedHello hello{};
};

// To be decrypted, and there is nothing inside that we could decrypt or that says whom it is for.
bool cannot_be_opened(const Opening& opening, const NamedHello& hello) {
  if (!opening.opens) return false;
  if (hello.what == HelloCase::named) return false;
  const bool known_outside = hello.what == HelloCase::no_name || hello.what == HelloCase::ip_name;
  return !known_outside;
}

void let_go(Opening& opening) {
  if (opening.upstream) opening.upstream->close();
}

// Where bytes may be relayed and nothing is dialled yet.
net::awaitable<bool> reach(Connection& connection, Opening& opening) {
  if (opening.upstream) co_return true;
  auto dialled = co_await dial(connection.worker, opening.destination);
  if (!dialled) {
    count_fault(connection, dialled.error().kind);
    connection.worker.log_refusal(connection, opening.destination.host, rules::Stage::client_hello, "upstream");
    co_await send_alert(connection, tls::Alert::internal_error);
    co_return false;
  }
  opening.upstream = std::move(*dialled);
  co_return true;
}

// What is inside names no host that CONNECT has not named: true when bytes may be relayed.
net::awaitable<bool> go_on_to_what_connect_named(Connection& connection, Opening& opening) {
  if (!opening.opens) co_return co_await reach(connection, opening);
  Decrypting known{opening.to.host, opening.to.port, opening.destination, opening.inspection, opening.refused};
  co_await decrypt(connection, opening.hello, std::move(known), std::exchange(opening.upstream, std::nullopt));
  co_return false;
}

// The server name inside is another than CONNECT gave: both must pass. What is dialled is what CONNECT named; where
// that is an address, which says nothing of whose it is, the name inside.
net::awaitable<bool> judge_name_inside(Connection& connection, Opening& opening) {
  Worker& worker = connection.worker;
  const Authority& to = opening.to;
  const NamedHello& hello = opening.hello;
  const rules::Request& inner = opening.inside.emplace(rules::Request::of_host(*hello.host, to.port, "CONNECT"));
  const Judgement judgement = worker.judge(connection, inner, rules::Stage::client_hello);
  const Destination named = destination_of(judgement, *hello.host, to.port);
  Decrypting decrypting{*hello.host, to.port, to.host.address() ? named : opening.destination, opening.inspection,
                        judgement.refuses()};
  if (judgement.doorway != Doorway::open) {
    let_go(opening);
    co_await show_door(connection, hello, judgement, inner, std::move(decrypting));
    co_return false;
  }
  // The rules ask to look inside, the name asks never to: relayed, it could be the way round the rules.
  if (opening.opens && !judgement.refuses() && !Worker::may_open(judgement, opening.inspection)) {
    co_await refuse_unnamed(connection, HelloCase::other_name, opening.request);
    co_return false;
  }
  const bool opens = (opening.opens && Worker::may_open(judgement, opening.inspection)) ||
                     Worker::opens(judgement, opening.inspection);
  if (judgement.refuses() && !opens) {
    let_go(opening);
    co_await refuse_inside(connection, hello, judgement, inner, std::move(decrypting));
    co_return false;
  }
  if (opens) {
    co_await decrypt(connection, hello, std::move(decrypting), std::exchange(opening.upstream, std::nullopt));
    co_return false;
  }
  if (judgement.verdict.action == rules::Action::monitor) worker.record_later(breach_of(judgement, inner, {}));
  const bool safe_endpoint = named.host != hello.host->text() && hello.what == HelloCase::named;
  const bool leads_elsewhere = (to.host.address() || safe_endpoint) && named.host != opening.destination.host;
  if (leads_elsewhere) {
    let_go(opening);
    opening.upstream.reset();
    opening.destination = named;
  }
  co_return co_await reach(connection, opening);
}

// What was let through is judged by the policy and the person of now: true when it was shown the door, or refused.
net::awaitable<bool> is_refused_now(Connection& connection, Opening& opening) {
  const rules::Request* request = &opening.request;
  Judgement now = connection.worker.judge_again(connection, *request, rules::Stage::connect);
  if (!now.refuses() && opening.inside) {
    request = &*opening.inside;
    now = connection.worker.judge_again(connection, *request, rules::Stage::client_hello);
  }
  if (!now.refuses()) co_return false;
  let_go(opening);
  const names::Host& host = opening.inside ? *opening.hello.host : opening.to.host;
  Decrypting named{host, opening.to.port, opening.destination, opening.inspection};
  if (now.doorway != Doorway::open)
    co_await show_door(connection, opening.hello, now, *request, std::move(named));
  else
    co_await refuse_inside(connection, opening.hello, now, *request, std::move(named));
  co_return true;
}

// Plain HTTP inside: each request is judged by the host that it names, and that host is dialled.
void serve_in_the_clear(Connection& connection, Opening& opening) {
  connection.clear = std::make_unique<ClearTunnel>(opening.to.host, opening.to.port);
  if (opening.upstream) connection.worker.pool().put(opening.destination.key(), std::move(*opening.upstream));
}

enum class Content : std::uint8_t { relayed, in_the_clear, over };

// What is inside the tunnel. May change where it leads. Over: refused, or decrypted (connection.inside).
net::awaitable<Content> judge_inside(Connection& connection, Opening& opening) {
  const Authority& to = opening.to;
  opening.hello = co_await read_hello(connection);
  const NamedHello& hello = opening.hello;
  if (hello.what == HelloCase::gone) co_return Content::over;
  if (hello.what == HelloCase::not_tls && http_may_go_to(connection.worker, to.port) &&
      co_await speaks_http(connection)) {
    serve_in_the_clear(connection, opening);
    co_return Content::in_the_clear;
  }

  const bool nothing_new = hello.what == HelloCase::named && hello.host->text() == to.host.text();
  // A hello without a name is no riddle when CONNECT gave one: the tunnel leads there and nowhere else.
  const bool named_outside = hello.what == HelloCase::no_name && !to.host.address();
  const bool may_go_on =
      nothing_new || hello.what == HelloCase::named || named_outside || may_judge_unnamed(connection, hello.what);
  if (!tls_may_go_to(connection.worker, to.port)) {
    let_go(opening);
    connection.worker.log_refusal(connection, to.host.text(), rules::Stage::client_hello, "port");
    co_await send_alert(connection, tls::Alert::access_denied);
    co_return Content::over;
  }
  if (!may_go_on || cannot_be_opened(opening, hello)) {
    let_go(opening);
    co_await refuse_unnamed(connection, hello.what, opening.request);
    co_return Content::over;
  }
  const bool relayed = nothing_new || !hello.host ? co_await go_on_to_what_connect_named(connection, opening)
                                                  : co_await judge_name_inside(connection, opening);
  co_return relayed ? Content::relayed : Content::over;
}

// What cannot be reached is said before the 200, so that a browser finds its own way: to plain HTTP, or to its own
// page. Where there is a page of ours to show, or a way already, nothing is dialled; the gateway's own probes look
// inside whatever they find there.
bool is_dialled_first(Connection& connection, const Opening& opening) {
  if (opening.refused || !opening.opens) return !opening.refused;
  const Decrypting what{opening.to.host, opening.to.port, opening.destination, opening.inspection};
  return !connection.selftest && !is_reached(connection.worker, what);
}

net::awaitable<bool> accept_tunnel(Connection& connection) {
  const std::string answer = "HTTP/1.1 200 Connection established\r\n" + login_reply_line(connection) + "\r\n";
  connection.client.expire_after(connection.worker.limits().idle);
  const net::Transfer accepted = co_await connection.client.send_all(answer);
  co_return accepted.status == net::IoStatus::ok;
}

// Where what is said to a CONNECT can be shown inside it (contract section 5): browsers show no page of a CONNECT.
// The login to the proxy itself is asked for by 407, and the gateway's own probes read the status.
bool is_shown_inside(const Connection& connection, const Authority& to, const Judgement& judgement,
                     const Held<const Inspection>& inspection) {
  return connection.entrance == Entrance::explicit_proxy && !connection.selftest &&
         tls_may_go_to(connection.worker, to.port) && judgement.doorway != Doorway::login &&
         Worker::may_open(judgement, inspection);
}

// The record is there before the 200, as it would be before a 403; inside waits the page, and nothing is dialled.
net::awaitable<Served> show_inside(Connection& connection, const http::RequestHead& head, const Authority& to,
                                   Judgement judgement, const rules::Request& request,
                                   Held<const Inspection> inspection) {
  std::string reference;
  if (judgement.doorway == Doorway::open)
    reference = co_await record_and_log(connection, judgement, request, Origin::of(head.fields));
  else
    note_doorway(connection, judgement, request);
  connection.inbox.consume(head.size);
  if (!co_await accept_tunnel(connection)) co_return Served{};
  const NamedHello hello = co_await read_hello(connection);
  if (hello.what == HelloCase::not_tls && http_may_go_to(connection.worker, to.port) &&
      co_await speaks_http(connection)) {
    connection.clear = std::make_unique<ClearTunnel>(to.host, to.port);
    co_return Served{.keep_alive = true};
  }
  // The page is for the name that was asked for, and its certificate is no other's.
  const bool same = !hello.host || hello.host->text() == to.host.text();
  const bool shown = shows_page(hello, judgement, inspection) || hello.what == HelloCase::no_name;
  if (same && shown) {
    Decrypting page{to.host, to.port, {}, std::move(inspection), true};
    co_await open_for_page(connection, hello, std::move(page), std::move(judgement), std::move(reference));
  } else if (hello.what != HelloCase::gone) {
    co_await send_alert(connection, tls::Alert::access_denied);
  }
  co_return Served{};
}

bool leads_to_portal(const Connection& connection, const Authority& to) {
  const Held<const SignInGate> gate = connection.worker.sign_in_gate();
  return gate && connection.entrance == Entrance::explicit_proxy && gate->is_page(to.host.text()) &&
         gate->page().port() == to.port;
}

// The sign-in page: whoever asks, and relayed as it is.
net::awaitable<Served> serve_portal(Connection& connection, const http::RequestHead& head,
                                    const rules::Request& request) {
  const Judgement judgement = connection.worker.judge_portal(connection, request, rules::Stage::connect);
  if (judgement.refuses()) {
    co_await refuse(connection, judgement, request, head);
    co_return Served{};
  }
  auto dialled = co_await dial_portal(connection);
  if (!dialled) {
    const Fault fault = fault_of(connection, dialled.error(), request.url().host());
    co_await answer_fault(connection, fault, &head);
    co_return Served{};
  }
  connection.inbox.consume(head.size);
  if (!co_await accept_tunnel(connection)) co_return Served{};
  Served served;
  served.tunnel = co_await tunnel_to_portal(connection, std::move(*dialled), request, judgement);
  co_return served;
}

}  // namespace

net::awaitable<Served> serve_connect(Connection& connection, const http::RequestHead& head) {
  Worker& worker = connection.worker;
  const auto began = std::chrono::steady_clock::now();
  auto to = read_authority(head.target);
  if (!to) {
    worker.counters().malformed.add();
    const Fault fault{
        .status = 400, .kind = PageKind::bad_request, .whose = schoolgate::Fault::client, .detail = to.error().what};
    co_await answer_fault(connection, fault, nullptr);
    co_return Served{};
  }
  // Before the port: an attempt at a blocked site is one on any port, and only the policy knows what may be named.
  const auto request = rules::Request::of_host(to->host, to->port, "CONNECT");
  if (leads_to_portal(connection, *to)) {
    Served at_portal = co_await serve_portal(connection, head, request);
    co_return at_portal;
  }
  const Held<const Inspection> inspection = worker.inspection();
  Judgement judgement = worker.judge(connection, request, rules::Stage::connect);
  const bool shown_inside = is_shown_inside(connection, *to, judgement, inspection);
  if (judgement.doorway != Doorway::open) {
    if (shown_inside) co_return co_await show_inside(connection, head, *to, std::move(judgement), request, inspection);
    const bool goes_on = co_await answer_at_doorway(connection, judgement, request, head);
    co_return Served{.keep_alive = goes_on};
  }
  const bool opens = Worker::opens(judgement, inspection) && port_allowed(worker, to->port);
  if (judgement.refuses() && !opens) {
    if (shown_inside) co_return co_await show_inside(connection, head, *to, std::move(judgement), request, inspection);
    co_await refuse(connection, judgement, request, head);
    co_return Served{};
  }
  if (connection.entrance != Entrance::explicit_proxy || !port_allowed(worker, to->port)) {
    co_await refuse_port(connection, head, *to);
    co_return Served{};
  }
  if (judgement.verdict.action == rules::Action::monitor && !opens)  // inside, each request has a record of its own
    worker.record_later(breach_of(judgement, request, Origin::of(head.fields)));

  Opening opening{.to = *to,
                  .request = request,
                  .destination = destination_of(judgement, to->host, to->port),
                  .inspection = inspection,
                  .opens = opens,
                  .refused = judgement.refuses(),
                  .upstream = std::nullopt,
                  .inside = std::nullopt};
  // An address says nothing of whose it is: it is not dialled before it is known what is asked there. One that may not
  // be reached at all is refused at once.
  if (to->host.address()) {
    const Held<const net::DestinationGuard> guard = worker.dialer().guard();
    if (const auto failure = guard->check({*to->host.address(), to->port})) {
      const Fault fault = fault_of(connection, *failure, to->host.text());
      worker.log_refusal(connection, to->host.text(), rules::Stage::connect, "upstream");
      co_await answer_fault(connection, fault, &head);
      co_return Served{};
    }
  } else if (is_dialled_first(connection, opening)) {
    auto upstream = co_await dial(worker, opening.destination);
    if (!upstream) {
      const Fault fault = fault_of(connection, upstream.error(), to->host.text());
      worker.log_refusal(connection, to->host.text(), rules::Stage::connect, "upstream");
      co_await answer_fault(connection, fault, &head);
      co_return Served{};
    }
    opening.upstream = std::move(*upstream);
  }
  connection.inbox.consume(head.size);
  if (!co_await accept_tunnel(connection)) co_return Served{};
  const Content content = co_await judge_inside(connection, opening);
  if (content == Content::in_the_clear) co_return Served{.keep_alive = true};
  if (content == Content::over) co_return Served{};

  // While the client took its time, or something was dialled. What is to be opened now run_tunnel() finds out.
  if (worker.is_outdated(connection, judgement) && co_await is_refused_now(connection, opening)) co_return Served{};
  const auto passed = co_await pass_first_flights(connection, *opening.upstream, opening.hello, request);
  if (!passed) co_return Served{};
  judgement.verdict.reason.entry = {};  // a view into the request, which moves
  Served served;
  served.tunnel.emplace(std::move(*opening.upstream), request, std::move(judgement), passed->in, passed->out, began,
                        std::move(opening.inside));
  if (opening.hello.what != HelloCase::not_tls) served.tunnel->carries = Carries::closed_tls;
  co_return served;
}

}  // namespace schoolgate::flow
