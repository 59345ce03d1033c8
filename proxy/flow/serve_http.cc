// One HTTP request after another, each judged.
#include "proxy/flow/admission.h"
#include "proxy/flow/asked.h"
#include "proxy/flow/captive_probes.h"
#include "proxy/flow/doorway.h"
#include "proxy/flow/exchange.h"
#include "proxy/flow/linger.h"
#include "proxy/flow/own_answer.h"
#include "proxy/flow/proxy_login.h"
#include "proxy/flow/refusal.h"
#include "proxy/flow/serve.h"
#include "proxy/flow/worker.h"
#include "proxy/http/read_head.h"
#include "proxy/http/write_head.h"

namespace schoolgate::flow {
namespace {

using http::HeadOutcome;
using net::IoStatus;

// Reads until a whole head is there. Nothing when the client left or was too slow. Between requests no buffer is held.
net::awaitable<std::optional<HeadOutcome>> read_head(Connection& connection, std::unique_ptr<Heads>& heads) {
  Worker& worker = connection.worker;
  std::size_t seen = 0;
  if (connection.inbox.empty()) {
    // Who came in while the gateway closes is still served, but not waited for.
    connection.client.expire_after(worker.draining() ? std::chrono::seconds(1) : worker.limits().idle);
    connection.between_requests = true;
    const IoStatus ready = co_await connection.client.wait_readable();
    connection.between_requests = false;
    if (ready != IoStatus::ok) co_return std::nullopt;
  }
  bool receive = connection.inbox.empty();
  connection.client.expire_after(worker.limits().header);
  for (;;) {
    if (receive) {
      if (!connection.inbox.prepare_head(worker.buffers())) co_return std::nullopt;
      if (connection.inbox.is_full() && !connection.inbox.grow(worker.buffers()))
        co_return HeadOutcome{HeadOutcome::Kind::bad, 431, "head too large"};
      const net::Transfer got = connection.inbox.receive(connection.client);
      if (got.status == IoStatus::would_block) {
        if (connection.inbox.empty()) connection.inbox.release();
        if (co_await connection.client.wait_readable() != IoStatus::ok) co_return std::nullopt;
        continue;
      }
      if (got.status != IoStatus::ok) co_return std::nullopt;
    }
    if (!heads) heads = worker.heads().take();
    const auto outcome = http::read_request_head(connection.inbox.bytes(), seen, worker.limits().head, heads->request);
    if (outcome.kind != HeadOutcome::Kind::need_more) co_return outcome;
    seen = connection.inbox.bytes().size();
    receive = true;
  }
}

net::awaitable<void> answer_bad(Connection& connection, http::Method asked, int status, std::string detail) {
  connection.worker.counters().malformed.add();
  const FaultPage fault{
      .status = status, .kind = PageKind::bad_request, .whose = Fault::client, .detail = std::move(detail)};
  co_await answer_fault(connection, fault, asked);
}

// What Proxy-Authorization says, on the explicit entrance: verified before anything is judged. False: answered.
net::awaitable<bool> identify(Connection& connection, const http::RequestHead& head) {
  switch (look_at_credentials(connection, head)) {
    case ShownCredentials::settled: co_return true;
    case ShownCredentials::to_verify: {
      std::string credentials(head.fields.find(http::Name::proxy_authorization));
      co_await verify_credentials(connection, std::move(credentials));
      co_return true;
    }
    case ShownCredentials::twice:
      co_await answer_bad(connection, head.method, 400, "two Proxy-Authorization fields");
      break;
    case ShownCredentials::too_large: co_await answer_bad(connection, head.method, 431, "credentials too large"); break;
  }
  co_return false;
}

bool asks_who_it_is(const Connection& connection) {
  return connection.worker.gateway().authenticator && connection.entrance == Entrance::explicit_proxy &&
         !connection.in_tunnel();
}

// An operating system looks for a sign-in page: there is none in its way, and so it is told, also where the policy lets
// it reach nobody who could.
net::awaitable<Served> answer_probe(Connection& connection, const CaptiveProbe& probe, const Judgement& judgement,
                                    const rules::Request& request, const http::RequestHead& head) {
  connection.worker.counters().captive_probes.add();
  connection.worker.lines().decision(judgement, request, {.action = "allow", .rule = "captive-probe"});
  const bool keep_alive = may_go_on(connection, head);
  std::string answer = probe_answer(probe, keep_alive, head.method == http::Method::head);
  co_return co_await give_own_answer(connection, head, std::move(answer), keep_alive);
}

// The sign-in page is there over https only; who asks for it in clear is led there.
net::awaitable<Served> lead_to_portal(Connection& connection, Held<const SignInGate> gate, const Judgement& judgement,
                                      const rules::Request& request, const http::RequestHead& head) {
  connection.worker.lines().decision(judgement, request, {.action = "sign-in", .rule = "sign-in"});
  const std::string_view origin = origin_of(gate->page());
  const bool keep_alive = may_go_on(connection, head);
  std::string answer = found_at(std::string(origin) + std::string(request.url().target()), keep_alive);
  co_return co_await give_own_answer(connection, head, std::move(answer), keep_alive);
}

net::awaitable<Served> serve_request(Connection& connection, Heads& heads) {
  const http::RequestHead& head = heads.request;
  const bool has_body = head.has_body();

  std::string target_storage, method_storage;
  auto arrived = what_is_asked(connection, head, target_storage);
  if (const auto* fault = std::get_if<FaultPage>(&arrived)) {
    co_await answer_fault(connection, *fault, head.method);
    co_return Served{.unread_body = has_body, .tunnel = std::nullopt};
  }
  if (const auto* back = std::get_if<Redirect>(&arrived)) {  // the continue button of a warning page leads here
    const bool keep_alive = may_go_on(connection, head);
    std::string answer = redirect_answer(back->url, keep_alive);
    co_return co_await give_own_answer(connection, head, std::move(answer), keep_alive);
  }
  Asked& asked = std::get<Asked>(arrived);

  rules::Request request =
      rules::Request::of_url(std::move(asked.url), method_name(head, method_storage), asked.target);
  request.comes_from(page_of(head.fields));
  const Admission admission = admit(connection, request, rules::Stage::request, &head.fields);
  const Judgement& judgement = admission.judgement;
  if (const auto* portal = admission.as<ToPortal>())
    co_return co_await lead_to_portal(connection, portal->gate, judgement, request, head);
  if (admission.as<Door>()) co_return co_await answer_at_doorway(connection, judgement, request, head);
  if (const auto* probe = admission.as<Probe>())
    co_return co_await answer_probe(connection, *probe->probe, judgement, request, head);
  if (admission.as<Refused>()) co_return co_await refuse(connection, judgement, request, head);
  if (admission.as<AskAnew>()) {
    co_await answer_bad(connection, head.method, 421, "ask again on a new connection");
    co_return Served{.unread_body = has_body, .tunnel = std::nullopt};
  }

  Destination to = std::get<Goes>(admission.answer).to;
  rules::Adjustments adjusted;
  const std::string_view wanted = adjust(judgement, request, heads.request, asked.target, adjusted);
  co_return co_await exchange(connection, heads, wanted, request, judgement, std::move(to));
}

}  // namespace

net::awaitable<std::optional<Tunnel>> serve_http(Connection& connection) {
  Worker& worker = connection.worker;
  bool keep_alive = true;
  do {
    std::unique_ptr<Heads> heads;
    const auto outcome = co_await read_head(connection, heads);
    if (!outcome) co_return std::nullopt;
    if (outcome->kind == HeadOutcome::Kind::bad) {
      co_await answer_bad(connection, http::Method::other, outcome->status, outcome->why);
      co_await linger(connection);
      co_return std::nullopt;
    }
    if (asks_who_it_is(connection) && !co_await identify(connection, heads->request)) {
      co_await linger(connection);
      co_return std::nullopt;
    }
    if (heads->request.method == http::Method::connect && !connection.in_tunnel()) {
      Served served = co_await serve_connect(connection, heads->request);
      worker.heads().give_back(std::move(heads));
      if (served.keep_alive) continue;
      if (!served.tunnel && !connection.inside) co_await linger(connection);
      co_return std::move(served.tunnel);
    }
    Served served = co_await serve_request(connection, *heads);
    const bool more_may_come = heads->request.keep_alive || served.unread_body;
    worker.heads().give_back(std::move(heads));
    if (served.tunnel) co_return std::move(served.tunnel);
    if (!served.keep_alive && more_may_come) co_await linger(connection);
    keep_alive = served.keep_alive;
  } while (keep_alive && !worker.draining());
  co_return std::nullopt;
}

}  // namespace schoolgate::flow
