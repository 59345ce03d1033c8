// Transparent TLS: the firewall turned the connection to us; the ClientHello says where it wants to go. What was judged
// is what is dialled: the name, resolved by us. The address that the client had dialled decides nothing while there is
// a name, so a forged server name opens only the server that truly has it.
#include "proxy/flow/admission.h"
#include "proxy/flow/coalescing.h"
#include "proxy/flow/decrypt.h"
#include "proxy/flow/hello_gate.h"
#include "proxy/flow/portal.h"
#include "proxy/flow/refusal.h"
#include "proxy/flow/serve.h"
#include "proxy/flow/upstream.h"
#include "proxy/flow/worker.h"

namespace schoolgate::flow {
namespace {

net::awaitable<std::optional<Tunnel>> relay_to_portal(Connection& connection, const rules::Request& request,
                                                      const Judgement& judgement) {
  auto dialled = co_await dial_portal(connection);
  if (!dialled) {
    count_fault(connection, dialled.error().kind);
    connection.worker.lines().refusal(connection, request.url().host(), rules::Stage::client_hello, "upstream");
    co_await send_alert(connection, tls::Alert::internal_error);
    co_return std::nullopt;
  }
  co_return co_await tunnel_to_portal(connection, std::move(*dialled), request, judgement);
}

// False for a connection that did not come through the firewall, or comes from this gateway: its line is written.
bool was_turned_to_us(Connection& connection) {
  Worker& worker = connection.worker;
  if (!connection.original) {
    worker.lines().refusal(connection, "-", rules::Stage::client_hello, "not-intercepted");
    return false;
  }
  const Held<const net::DestinationGuard> guard = worker.outbound().dialer().guard();
  const auto failure = guard->check(*connection.original);
  if (!failure || failure->kind != net::FailureKind::loop) return true;
  worker.counters().upstream_errors[std::size_t(UpstreamFault::loop)].add();
  worker.lines().refusal(connection, connection.original->address.text(), rules::Stage::client_hello, "loop");
  return false;
}

// What is not to be relayed is shown the door, opened or refused.
net::awaitable<void> end_here(Connection& connection, const NamedHello& hello, const Admission& admission,
                              const rules::Request& request, Decrypting named) {
  const Judgement& judgement = admission.judgement;
  if (admission.as<Door>()) {
    co_await show_door(connection, hello, judgement, request, std::move(named));
  } else if (const auto* opened = admission.as<Opened>()) {
    named.to = opened->to;
    // It has to say whom it is for.
    if (hello.what == HelloCase::named || hello.what == HelloCase::no_name || hello.what == HelloCase::ip_name)
      co_await decrypt_or_record(connection, hello, judgement, request, std::move(named));
    else
      co_await refuse_unnamed(connection, hello.what, request);
  } else {
    co_await refuse_inside(connection, hello, judgement, request, std::move(named));
  }
}

}  // namespace

net::awaitable<std::optional<Tunnel>> serve_tls(Connection& connection) {
  Worker& worker = connection.worker;
  const auto began = std::chrono::steady_clock::now();
  if (!was_turned_to_us(connection)) co_return std::nullopt;

  const NamedHello hello = co_await read_hello(connection);
  if (hello.what == HelloCase::gone) co_return std::nullopt;
  const names::Host address = names::Host::from_address(connection.original->address);
  const names::Host& host = hello.host ? *hello.host : address;
  const auto request = rules::Request::of_host(host, connection.original->port, "TLS");
  if (hello.what != HelloCase::named && !may_judge_unnamed(connection, hello.what)) {
    co_await refuse_unnamed(connection, hello.what, request);
    co_return std::nullopt;
  }

  const Held<const Inspection> inspection = worker.asking().inspection();
  Admission admission = co_await admit_hello(connection, hello, request, host, inspection);
  if (admission.as<ToPortal>()) co_return co_await relay_to_portal(connection, request, admission.judgement);
  const Decrypting named{host, connection.original->port, {}, inspection};
  const Goes* const goes = admission.as<Goes>();
  if (!goes) {
    co_await end_here(connection, hello, admission, request, named);
    co_return std::nullopt;
  }

  auto upstream = co_await dial(worker, goes->to);
  if (!upstream) {
    count_fault(connection, upstream.error().kind);
    worker.lines().refusal(connection, host.text(), rules::Stage::client_hello, "upstream");
    connection.client.reset();  // as it would be without us: a browser then tries its own way
    co_return std::nullopt;
  }
  // While it was looked up and dialled. What else it can carry by now run_tunnel() finds out.
  if (worker.asking().is_outdated(connection, admission.judgement)) {
    const TunnelTerms terms{.inspection = inspection};
    const Admission now = admit_again(connection, request, rules::Stage::client_hello, terms);
    if (!now.as<Goes>()) {
      co_await end_here(connection, hello, now, request, named);
      co_return std::nullopt;
    }
  }
  const auto passed = co_await pass_first_flights(connection, *upstream, hello, request);
  if (!passed) co_return std::nullopt;
  admission.judgement.verdict.reason.entry = {};  // a view into the request, which moves
  Tunnel tunnel{std::move(*upstream), request, std::move(admission.judgement), passed->in, passed->out, began};
  // One without a name has no certificate that a browser would look for other names in.
  const bool shared = hello.offers_h2 && !host.address();
  if (hello.what != HelloCase::not_tls) tunnel.carries = shared ? Carries::shared_tls : Carries::closed_tls;
  if (tunnel.carries == Carries::shared_tls) tunnel.covered = worker.gateway().certificate_names.covered(host.text());
  co_return tunnel;
}

}  // namespace schoolgate::flow
