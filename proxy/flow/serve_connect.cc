// CONNECT (RFC 9110 section 9.3.6): the name that the browser gives is judged, dialled and only then accepted; the
// ClientHello inside names a host too, and both must pass. What is judged is what is dialled: where CONNECT gives an
// address, that is the name inside, whatever address was given; plain HTTP inside is judged request by request. Where a
// rule needs more than the name, the connection is decrypted instead of relayed (decrypt.cc), and every request inside
// is judged.
#include <algorithm>
#include <charconv>

#include "proxy/flow/admission.h"
#include "proxy/flow/decrypt.h"
#include "proxy/flow/doorway.h"
#include "proxy/flow/hello_gate.h"
#include "proxy/flow/own_answer.h"
#include "proxy/flow/portal.h"
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
    return fail(Fault::client, "CONNECT needs host:port");
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port == 0)
    return fail(Fault::client, "CONNECT needs a port");
  auto host = names::Host::parse(text.substr(0, colon));
  if (!host) return std::unexpected(std::move(host.error()));
  return Authority{std::move(*host), port};
}

bool tls_may_go_to(Worker& worker, std::uint16_t port) {
  return std::ranges::find(worker.gateway().settings.connect_ports, port) !=
         worker.gateway().settings.connect_ports.end();
}

// Plain HTTP inside CONNECT: at port 80, elsewhere where the school lets what is not TLS be judged.
bool http_may_go_to(Worker& worker, std::uint16_t port) {
  return port == 80 || worker.gateway().settings.unnamed.not_tls == UnnamedAnswer::judge;
}

// Port 80 is for HTTP in the clear alone, which is judged request by request: browsers send ws:// so.
bool may_be_tunnelled(const Connection& connection, std::uint16_t port) {
  return connection.entrance == Entrance::explicit_proxy && (port == 80 || tls_may_go_to(connection.worker, port));
}

net::awaitable<void> refuse_port(Connection& connection, const Authority& to) {
  connection.worker.counters().upstream_errors[std::size_t(UpstreamFault::refused_destination)].add();
  connection.worker.lines().refusal(connection, to.host.text(), rules::Stage::connect, "port");
  const FaultPage fault{.status = 403,
                        .kind = PageKind::destination,
                        .site = to.host.text(),
                        .whose = Fault::client,
                        .detail = "tunnels to port " + std::to_string(to.port) + " are not allowed"};
  co_await answer_fault(connection, fault, http::Method::connect);
}

// A tunnel that was accepted and not yet judged by what is inside it.
struct Opening {
  const Authority& to;
  const rules::Request& request;
  const Judgement& judgement;  // of what CONNECT names: may refuse it, but for what may be found inside
  Destination destination;
  Held<const Inspection> inspection;     // in force when CONNECT was judged, and for all that follows
  bool opens = false;                    // the rules ask to look inside what CONNECT names
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
    connection.worker.lines().refusal(connection, opening.destination.host, rules::Stage::client_hello, "upstream");
    co_await send_alert(connection, tls::Alert::internal_error);
    co_return false;
  }
  opening.upstream = std::move(*dialled);
  co_return true;
}

// What is inside names no host that CONNECT has not named: true when bytes may be relayed.
net::awaitable<bool> go_on_to_what_connect_named(Connection& connection, Opening& opening) {
  if (!opening.opens) co_return co_await reach(connection, opening);
  Decrypting known{opening.to.host, opening.to.port, opening.destination, opening.inspection};
  co_await decrypt_or_record(connection, opening.hello, opening.judgement, opening.request, std::move(known),
                             std::exchange(opening.upstream, std::nullopt));
  co_return false;
}

// The server name inside is another than CONNECT gave: both must pass. What is dialled is what CONNECT named; where
// that is an address, which says nothing of whose it is, the name inside.
net::awaitable<bool> judge_name_inside(Connection& connection, Opening& opening) {
  const Authority& to = opening.to;
  const NamedHello& hello = opening.hello;
  const rules::Request& inner = opening.inside.emplace(rules::Request::of_host(*hello.host, to.port, "CONNECT"));
  const TunnelTerms terms{.inspection = opening.inspection, .must_open = opening.opens};
  const Admission admission = admit(connection, inner, rules::Stage::client_hello, nullptr, terms);
  const Judgement& judgement = admission.judgement;
  Decrypting decrypting{*hello.host, to.port, opening.destination, opening.inspection};
  if (admission.as<Door>()) {
    let_go(opening);
    co_await show_door(connection, hello, judgement, inner, std::move(decrypting));
    co_return false;
  }
  if (admission.as<NeverOpened>()) {
    co_await refuse_unnamed(connection, HelloCase::other_name, opening.request);
    co_return false;
  }
  if (admission.as<Refused>()) {
    let_go(opening);
    co_await refuse_inside(connection, hello, judgement, inner, std::move(decrypting));
    co_return false;
  }
  if (const auto* opened = admission.as<Opened>()) {
    if (to.host.address()) decrypting.to = opened->to;
    co_await decrypt_or_record(connection, hello, judgement, inner, std::move(decrypting),
                               std::exchange(opening.upstream, std::nullopt));
    co_return false;
  }
  const Destination& named = std::get<Goes>(admission.answer).to;
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
  Admission now = admit_again(connection, *request, rules::Stage::connect);
  if (now.as<Goes>() && opening.inside) {
    request = &*opening.inside;
    now = admit_again(connection, *request, rules::Stage::client_hello);
  }
  if (now.as<Goes>()) co_return false;
  let_go(opening);
  const names::Host& host = opening.inside ? *opening.hello.host : opening.to.host;
  Decrypting named{host, opening.to.port, opening.destination, opening.inspection};
  if (now.as<Door>())
    co_await show_door(connection, opening.hello, std::move(now.judgement), *request, std::move(named));
  else
    co_await refuse_inside(connection, opening.hello, now.judgement, *request, std::move(named));
  co_return true;
}

// Plain HTTP inside: each request is judged by the host that it names, and that host is dialled.
void serve_in_the_clear(Connection& connection, Opening& opening) {
  connection.clear = std::make_unique<ClearTunnel>(opening.to.host, opening.to.port);
  if (opening.upstream)
    connection.worker.outbound().pool().put(opening.destination.key(), std::move(*opening.upstream));
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
    connection.worker.lines().refusal(connection, to.host.text(), rules::Stage::client_hello, "port");
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
  if (opening.judgement.refuses() || !opening.opens) return !opening.judgement.refuses();
  const Decrypting what{opening.to.host, opening.to.port, opening.destination, opening.inspection};
  return !connection.selftest && !is_reached(connection.worker, what);
}

net::awaitable<bool> accept_tunnel(Connection& connection) {
  std::string answer = "HTTP/1.1 200 Connection established\r\n\r\n";
  co_return co_await send_own_answer(connection, std::move(answer));
}

// Where what is said to a CONNECT can be shown inside it: browsers show no page of a CONNECT.
// The login to the proxy itself is asked for by 407, and the gateway's own probes read the status.
bool is_shown_inside(const Connection& connection, const Authority& to, const Judgement& judgement,
                     const Held<const Inspection>& inspection) {
  return connection.entrance == Entrance::explicit_proxy && !connection.selftest &&
         tls_may_go_to(connection.worker, to.port) && judgement.doorway != Doorway::login &&
         may_show_page(judgement, inspection);
}

// The record is there before the 200, as it would be before a 403; inside waits the page, and nothing is dialled.
net::awaitable<Served> show_inside(Connection& connection, const http::RequestHead& head, const Authority& to,
                                   Judgement judgement, const rules::Request& request,
                                   Held<const Inspection> inspection) {
  std::string reference;
  if (judgement.doorway == Doorway::open)
    reference = co_await record_and_log(connection, judgement, request, CameBy::of(head.fields));
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

// The door or the refusal of a CONNECT: shown inside where it can be, else the answer.
net::awaitable<Served> turn_away(Connection& connection, const http::RequestHead& head, const Authority& to,
                                 Admission admission, const rules::Request& request,
                                 Held<const Inspection> inspection) {
  Judgement& judgement = admission.judgement;
  if (is_shown_inside(connection, to, judgement, inspection))
    co_return co_await show_inside(connection, head, to, std::move(judgement), request, std::move(inspection));
  if (admission.as<Door>()) co_return co_await answer_at_doorway(connection, judgement, request, head);
  co_return co_await refuse(connection, judgement, request, head);
}

// The way to the web site, as far as it is known before the client has said anything inside: false when it is not
// there, and the client has its answer.
net::awaitable<bool> prepare_way(Connection& connection, Opening& opening) {
  Worker& worker = connection.worker;
  const names::Host& host = opening.to.host;
  std::optional<net::Failure> failure;
  // An address says nothing of whose it is: it is not dialled before it is known what is asked there. One that may not
  // be reached at all is refused at once.
  if (host.address()) {
    const Held<const net::DestinationGuard> guard = worker.outbound().dialer().guard();
    failure = guard->check({*host.address(), opening.to.port});
  } else if (is_dialled_first(connection, opening)) {
    auto upstream = co_await dial(worker, opening.destination);
    if (upstream)
      opening.upstream = std::move(*upstream);
    else
      failure = std::move(upstream.error());
  }
  if (!failure) co_return true;
  const FaultPage fault = fault_of(connection, *failure, host.text());
  worker.lines().refusal(connection, host.text(), rules::Stage::connect, "upstream");
  co_await answer_fault(connection, fault, http::Method::connect);
  co_return false;
}

// The sign-in page, relayed as it is.
net::awaitable<Served> serve_portal(Connection& connection, const http::RequestHead& head,
                                    const rules::Request& request, Judgement judgement) {
  auto dialled = co_await dial_portal(connection);
  if (!dialled) {
    const FaultPage fault = fault_of(connection, dialled.error(), request.url().host());
    co_await answer_fault(connection, fault, http::Method::connect);
    co_return Served{};
  }
  connection.inbox.consume(head.size);
  if (!co_await accept_tunnel(connection)) co_return Served{};
  Served served;
  served.tunnel = co_await tunnel_to_portal(connection, std::move(*dialled), request, std::move(judgement));
  co_return served;
}

}  // namespace

net::awaitable<Served> serve_connect(Connection& connection, const http::RequestHead& head) {
  Worker& worker = connection.worker;
  const auto began = std::chrono::steady_clock::now();
  auto to = read_authority(head.target);
  if (!to) {
    worker.counters().malformed.add();
    const FaultPage fault{
        .status = 400, .kind = PageKind::bad_request, .whose = Fault::client, .detail = to.error().what};
    co_await answer_fault(connection, fault, http::Method::connect);
    co_return Served{};
  }
  // Before the port: an attempt at a blocked site is one on any port, and only the policy knows what may be named.
  const auto request = rules::Request::of_host(to->host, to->port, "CONNECT");
  const Held<const Inspection> inspection = worker.asking().inspection();
  const TunnelTerms terms{.inspection = inspection, .port_closed = !may_be_tunnelled(connection, to->port)};
  Admission admission = admit(connection, request, rules::Stage::connect, &head.fields, terms);
  if (admission.as<ToPortal>())
    co_return co_await serve_portal(connection, head, request, std::move(admission.judgement));
  if (admission.as<Door>() || admission.as<Refused>())
    co_return co_await turn_away(connection, head, *to, std::move(admission), request, inspection);
  if (admission.as<PortClosed>()) {
    co_await refuse_port(connection, *to);
    co_return Served{};
  }
  const Opened* const opened = admission.as<Opened>();
  Judgement& judgement = admission.judgement;
  Opening opening{.to = *to,
                  .request = request,
                  .judgement = judgement,
                  .destination = opened ? opened->to : std::get<Goes>(admission.answer).to,
                  .inspection = inspection,
                  .opens = opened != nullptr,
                  .upstream = std::nullopt,
                  .inside = std::nullopt};
  if (!co_await prepare_way(connection, opening)) co_return Served{};
  connection.inbox.consume(head.size);
  if (!co_await accept_tunnel(connection)) co_return Served{};
  const Content content = co_await judge_inside(connection, opening);
  if (content == Content::in_the_clear) co_return Served{.keep_alive = true};
  if (content == Content::over) co_return Served{};

  // While the client took its time, or something was dialled. What is to be opened now run_tunnel() finds out.
  if (worker.asking().is_outdated(connection, judgement) && co_await is_refused_now(connection, opening))
    co_return Served{};
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
