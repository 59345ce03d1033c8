#include "proxy/flow/hello_gate.h"

#include <variant>

#include "proxy/flow/breach_of.h"
#include "proxy/flow/linger.h"
#include "proxy/flow/worker.h"
#include "proxy/tls/client_hello.h"
#include "proxy/tls/ech_fronts.h"

namespace schoolgate::flow {
namespace {

using net::IoStatus;

NamedHello named(HelloCase what, std::optional<names::Host> host, const tls::ClientHello& hello) {
  return {.what = what,
          .host = std::move(host),
          .offers_h2 = hello.alpn.contains("h2"),
          .offers_http1 = hello.alpn.contains("http/1.1"),
          .offers_nothing = hello.alpn.empty()};
}

NamedHello name_of(const tls::ClientHello& hello) {
  if (hello.has_old_esni) return {.what = HelloCase::encrypted};
  switch (hello.server_name_kind) {
    case tls::ServerNameKind::none:
      return named(hello.has_ech ? HelloCase::encrypted : HelloCase::no_name, std::nullopt, hello);
    case tls::ServerNameKind::malformed: return {.what = HelloCase::malformed};
    case tls::ServerNameKind::dns:
    case tls::ServerNameKind::ip_literal: break;
  }
  auto host = names::Host::parse(hello.server_name);
  if (!host) return {.what = HelloCase::malformed};
  if (host->address()) return named(HelloCase::ip_name, std::move(*host), hello);
  // GREASE sends the same extension in front of true names: only a known front hides something.
  if (hello.has_ech && tls::is_known_ech_front(host->text()))
    return named(HelloCase::encrypted, std::move(*host), hello);
  return named(HelloCase::named, std::move(*host), hello);
}

}  // namespace

std::string_view to_string(HelloCase hello) noexcept {
  switch (hello) {
    case HelloCase::named: return "named";
    case HelloCase::no_name: return "no-server-name";
    case HelloCase::ip_name: return "address-as-server-name";
    case HelloCase::encrypted: return "encrypted-server-name";
    case HelloCase::not_tls: return "not-tls";
    case HelloCase::malformed: return "malformed-hello";
    case HelloCase::other_name: return "another-server-name";
    case HelloCase::gone: return "gone";
  }
  return "gone";
}

net::awaitable<NamedHello> read_hello(Connection& connection) {
  tls::HelloReader reader;
  connection.client.expire_after(connection.worker.limits().header);
  for (bool receive = connection.inbox.empty();; receive = true) {
    if (receive) {
      if (co_await connection.client.wait_readable() != IoStatus::ok) co_return NamedHello{};
      if (!connection.inbox.prepare_head(connection.worker.buffers())) co_return NamedHello{};
      if (connection.inbox.is_full() && !connection.inbox.grow(connection.worker.buffers()))
        co_return NamedHello{.what = HelloCase::malformed};
      const net::Transfer got = connection.inbox.receive(connection.client);
      if (got.status == IoStatus::would_block) continue;
      if (got.status != IoStatus::ok) co_return NamedHello{};
    }
    const tls::Parsed parsed = reader.read(net::octets(connection.inbox.bytes()));
    if (const auto* hello = std::get_if<tls::ClientHello>(&parsed)) co_return name_of(*hello);
    if (std::holds_alternative<tls::NotTls>(parsed)) co_return NamedHello{.what = HelloCase::not_tls};
    if (std::holds_alternative<tls::Malformed>(parsed)) co_return NamedHello{.what = HelloCase::malformed};
  }
}

bool may_judge_unnamed(Connection& connection, HelloCase hello) {
  connection.worker.counters().unnamed.add();
  const Unnamed& answers = connection.worker.settings().unnamed;
  switch (hello) {
    case HelloCase::named: return true;
    case HelloCase::no_name: return answers.no_sni == UnnamedAnswer::judge;
    case HelloCase::ip_name: return answers.ip_sni == UnnamedAnswer::judge;
    case HelloCase::encrypted: return answers.ech == UnnamedAnswer::judge;
    case HelloCase::not_tls: return answers.not_tls == UnnamedAnswer::judge;
    case HelloCase::malformed:
    case HelloCase::other_name:
    case HelloCase::gone: return false;
  }
  return false;
}

net::awaitable<void> refuse_unnamed(Connection& connection, HelloCase hello, const rules::Request& known) {
  Judgement judgement = connection.worker.judge_again(connection, known, rules::Stage::client_hello);
  const bool by_policy = judgement.verdict_refuses();
  // Where the policy would have allowed it, the gateway refuses by itself: nothing that cannot be named passes.
  if (!by_policy) {
    judgement.verdict.action = rules::Action::block;
    judgement.verdict.reason = {.tier = rules::Tier::unlisted, .stage = rules::Stage::client_hello};
  }
  connection.worker.counters().count_decision(judgement.verdict.action, rules::Stage::client_hello,
                                              std::uint64_t(judgement.took.count()));
  breaches::Breach breach = breach_of(judgement, known, {});
  if (!by_policy) {
    breach.reason.rule = to_string(hello);
    breach.reason.category = breach.reason.theme = "bypass";
    breach.reason.urgency = 1;
  }
  connection.client.clear_deadline();
  const breaches::Receipt receipt = co_await connection.worker.record(std::move(breach));
  if (!receipt.durable) connection.worker.counters().not_durable.add();
  if (by_policy)
    connection.worker.log_decision(judgement, known, {});
  else
    connection.worker.log_refusal(connection, known.url().host(), rules::Stage::client_hello, to_string(hello));
  co_await send_alert(connection, tls::Alert::access_denied);
}

net::awaitable<void> send_alert(Connection& connection, tls::Alert alert) {
  const auto record = tls::fatal_alert(alert);
  connection.client.expire_after(connection.worker.limits().header);
  const std::string_view bytes(record.data(), record.size());
  co_await connection.client.send_all(bytes);
  co_await linger(connection);
}

}  // namespace schoolgate::flow
