#include "proxy/flow/doorway.h"

#include "proxy/flow/captive_probes.h"
#include "proxy/flow/own_answer.h"
#include "proxy/flow/proxy_login.h"
#include "proxy/flow/refusal.h"
#include "proxy/flow/worker.h"

namespace schoolgate::flow {
namespace {

using net::IoStatus;

constexpr std::uint64_t kLongestUnwanted = 64 * 1024;  // a body that is read and thrown away to keep the connection

// They have said who they are, and nobody can tell now: another 407 would be no help.
bool no_answer_about(const Client& client) {
  return client.login && client.login->says() == ProxyLogin::Says::no_answer;
}

bool asked_by_407(const Client& client, const Authenticator* authenticator) {
  if (!authenticator || client.entrance != Entrance::explicit_proxy) return false;
  if (no_answer_about(client)) return false;
  return !authenticator->challenges(client.peer.address).empty();
}

// True when another request can follow the answer, once a body of at most kLongestUnwanted was read and dropped.
bool may_go_on_after_door(const Connection& connection, const Judgement& judgement, const http::RequestHead& head) {
  if (!head.may_be_followed(kLongestUnwanted) || connection.worker.draining() || is_for_page(connection)) return false;
  if (judgement.doorway == Doorway::login && connection.in_tunnel()) return false;  // a new tunnel begins with a 407
  if (judgement.doorway == Doorway::login && connection.login && connection.login->exhausted()) return false;
  if (judgement.doorway == Doorway::sign_in && head.method == http::Method::connect) return false;
  // Terms that are accepted now are learnt of where the person proves it anew.
  if (judgement.doorway == Doorway::sign_in && connection.login && connection.login->presence()) return false;
  return true;
}

net::awaitable<bool> throw_away(Connection& connection, std::uint64_t count) {
  connection.client.expire_after(connection.worker.limits().idle);
  while (count != 0) {
    if (connection.inbox.empty()) {
      if (co_await connection.client.wait_readable() != IoStatus::ok) co_return false;
      connection.inbox.prepare_relay(connection.worker.buffers());
      const net::Transfer got = connection.inbox.receive(connection.client);
      if (got.status != IoStatus::ok && got.status != IoStatus::would_block) co_return false;
    }
    const auto here = std::size_t(std::min<std::uint64_t>(count, connection.inbox.bytes().size()));
    connection.inbox.consume(here);
    count -= here;
  }
  co_return true;
}

std::string page(Connection& connection, const Judgement& judgement, PageKind kind, int status, bool keep_alive,
                 bool head_only) {
  Worker& worker = connection.worker;
  const std::string reference = Uuid::v7(judgement.time).reference();
  // A browser's first request on each connection is asked for a login; only what is shown to a person has a line.
  if (judgement.doorway != Doorway::login) worker.lines().page(connection, {}, "sign-in", reference);
  std::string answer, way;
  PageFacts facts{.kind = kind,
                  .status = status,
                  .school = worker.gateway().settings.school,
                  .reference = reference,
                  .contact = worker.gateway().settings.contact};
  const Held<const SignInGate> gate = worker.asking().sign_in_gate();
  if (kind == PageKind::sign_in && judgement.doorway == Doorway::sign_in && gate) {
    way = gate->page().text();
    facts.continue_url = way;
  }
  worker.gateway().pages.append_response(answer, facts, keep_alive, head_only);
  return answer;
}

}  // namespace

Doorway doorway_of(const Client& client, const Judgement& judgement, const Authenticator* authenticator,
                   const SignInGate* gate) {
  const rules::Presence* presence = judgement.presence.get();
  if (presence && presence->person && !presence->terms_due) return Doorway::open;
  using rules::Tier;
  const Tier tier = judgement.verdict.reason.tier;
  if (tier == Tier::illegal || tier == Tier::emergency || tier == Tier::support) return Doorway::open;
  if (presence && presence->person) return Doorway::sign_in;  // the terms of use are not accepted yet
  if (asked_by_407(client, authenticator)) return Doorway::login;
  if (gate && gate->asks(client.peer.address)) return Doorway::sign_in;
  // A limiter, a queue or a directory that gives out lets nobody in who would else have to prove who they are.
  return no_answer_about(client) ? Doorway::no_answer : Doorway::open;
}

std::string doorway_answer(Connection& connection, const Judgement& judgement, const rules::Request& request,
                           http::Method method, bool keep_alive) {
  const bool head_only = method == http::Method::head;
  if (judgement.doorway == Doorway::login && !connection.in_tunnel()) {
    std::string answer = page(connection, judgement, PageKind::login, 407, keep_alive, head_only);
    insert_fields(answer, challenge_lines(connection));
    return answer;
  }
  if (judgement.doorway == Doorway::no_answer) {
    std::string answer = page(connection, judgement, PageKind::no_answer, 503, keep_alive, head_only);
    insert_fields(answer, "Retry-After: " + std::to_string(ProxyLogin::kUnavailableFor.count()) + "\r\n");
    return answer;
  }
  const Held<const SignInGate> gate = connection.worker.asking().sign_in_gate();
  const bool wants_page = method == http::Method::get || head_only;
  std::string answer;
  if (gate && wants_page && judgement.doorway == Doorway::sign_in) {
    // A probe looks for the page and wants to be led nowhere.
    const bool probe = captive_probe(request.url()) != nullptr;
    answer = found_at(gate->way_to_page(probe ? nullptr : &request.url()), keep_alive);
  } else {
    answer = page(connection, judgement, PageKind::sign_in, 511, keep_alive, head_only);
  }
  return answer;
}

void note_doorway(Connection& connection, const Judgement& judgement, const rules::Request& request) {
  Worker& worker = connection.worker;
  if (connection.inside && connection.inside->told && connection.inside->told->doorway == judgement.doorway)
    return connection.inside->told.reset();  // noted when the connection to the page was asked for
  if (judgement.doorway == Doorway::login) {
    worker.counters().proxy_auth[std::size_t(ProxyAuth::challenged)].add();
    return;  // a browser's first request on each connection ends so: no line for what is asked again at once
  }
  if (judgement.doorway == Doorway::no_answer)
    return worker.lines().decision(judgement, request, {.action = "refused", .rule = "login-not-verified"});
  worker.counters().sign_in_redirects.add();
  worker.lines().decision(judgement, request, {.action = "sign-in", .rule = "sign-in"});
}

net::awaitable<Served> answer_at_doorway(Connection& connection, const Judgement& judgement,
                                         const rules::Request& request, const http::RequestHead& head) {
  note_doorway(connection, judgement, request);
  const bool keep_alive = may_go_on_after_door(connection, judgement, head);
  const std::uint64_t unwanted = head.body.length;
  std::string answer = doorway_answer(connection, judgement, request, head.method, keep_alive);
  Served served = co_await give_own_answer(connection, head, std::move(answer), keep_alive);
  if (served.keep_alive) served.keep_alive = co_await throw_away(connection, unwanted);
  co_return served;
}

}  // namespace schoolgate::flow
