#include "proxy/flow/hello_gate.h"

#include <algorithm>
#include <chrono>
#include <variant>

#include "proxy/flow/breach_of.h"
#include "proxy/flow/filing.h"
#include "proxy/flow/linger.h"
#include "proxy/flow/worker.h"
#include "proxy/tls/client_hello.h"
#include "proxy/tls/ech_fronts.h"
#include "proxy/tls/hello_retry.h"

namespace schoolgate::flow {
namespace {

using net::IoStatus;

constexpr std::uint8_t kHandshakeRecord = 22;

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

enum class Came : std::uint8_t { bytes, nothing, too_much };

// One receive from the client, behind what its inbox holds; `bytes` may also mean that none came this time.
net::awaitable<Came> receive_more(Connection& connection) {
  if (co_await connection.client.wait_readable() != IoStatus::ok) co_return Came::nothing;
  if (!connection.inbox.prepare_head(connection.worker.buffers())) co_return Came::nothing;
  if (connection.inbox.is_full() && !connection.inbox.grow(connection.worker.buffers())) co_return Came::too_much;
  const net::Transfer got = connection.inbox.receive(connection.client);
  co_return got.status == IoStatus::ok || got.status == IoStatus::would_block ? Came::bytes : Came::nothing;
}

// None: more of the hello must come.
std::optional<NamedHello> read_name(tls::HelloReader& reader, tls::Octets so_far) {
  const tls::Parsed parsed = reader.read(so_far);
  if (std::holds_alternative<tls::NotTls>(parsed)) return NamedHello{.what = HelloCase::not_tls};
  if (std::holds_alternative<tls::Malformed>(parsed)) return NamedHello{.what = HelloCase::malformed};
  const auto* hello = std::get_if<tls::ClientHello>(&parsed);
  if (hello == nullptr) return std::nullopt;
  NamedHello found = name_of(*hello);
  found.offers_tls13 = !hello->supported_versions.empty();
  found.size = hello->bytes_consumed;
  return found;
}

// The server's first bytes into `answer`, as many as tell whether it asks for another hello. None: it has failed.
net::awaitable<std::optional<tls::FirstAnswer>> read_first_answer(Worker& worker, net::Socket& upstream,
                                                                  Inbox& answer) {
  for (;;) {
    if (co_await upstream.wait_readable() != IoStatus::ok) co_return std::nullopt;
    answer.prepare_relay(worker.buffers());
    const net::Transfer got = answer.receive(upstream);
    if (got.status == IoStatus::would_block) continue;
    if (got.status == IoStatus::closed) co_return tls::FirstAnswer::other;  // the relay will see that end, too
    if (got.status != IoStatus::ok) co_return std::nullopt;
    const tls::FirstAnswer said = tls::look_at_first_answer(net::octets(answer.bytes()));
    if (said != tls::FirstAnswer::need_more) co_return said;
  }
}

// The hello that answers a HelloRetryRequest, behind what a client may have sent in front of it.
net::awaitable<NamedHello> read_second_hello(Connection& connection) {
  tls::HelloReader reader;
  connection.client.expire_after(connection.worker.limits().header);
  for (bool receive = connection.inbox.empty();; receive = true) {
    if (receive) {
      const Came came = co_await receive_more(connection);
      if (came == Came::nothing) co_return NamedHello{};
      if (came == Came::too_much) co_return NamedHello{.what = HelloCase::malformed};
    }
    const tls::Octets bytes = net::octets(connection.inbox.bytes());
    const std::size_t begin = tls::records_without_hello(bytes);
    if (begin == SIZE_MAX) co_return NamedHello{.what = HelloCase::malformed};
    if (begin == bytes.size() || bytes[begin] != kHandshakeRecord) continue;
    if (auto read = read_name(reader, bytes.subspan(begin))) co_return std::move(*read);
  }
}

bool names_the_same(const NamedHello& first, const NamedHello& second) {
  if (first.what != second.what || first.host.has_value() != second.host.has_value()) return false;
  return !first.host || first.host->text() == second.host->text();
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
      const Came came = co_await receive_more(connection);
      if (came == Came::nothing) co_return NamedHello{};
      if (came == Came::too_much) co_return NamedHello{.what = HelloCase::malformed};
    }
    if (auto read = read_name(reader, net::octets(connection.inbox.bytes()))) co_return std::move(*read);
  }
}

net::awaitable<bool> speaks_http(Connection& connection) {
  const std::size_t most = connection.worker.limits().head.bytes;
  for (;;) {
    const std::string_view bytes = connection.inbox.bytes();
    const std::size_t end = bytes.find('\n');
    std::string_view line = bytes.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (std::ranges::any_of(line, [](unsigned char c) { return c < 0x20 || c == 0x7F; }) || line.size() > most)
      co_return false;
    if (end != bytes.npos) co_return line.size() > 9 && (line.ends_with(" HTTP/1.1") || line.ends_with(" HTTP/1.0"));
    if (co_await receive_more(connection) != Came::bytes) co_return false;
  }
}

net::awaitable<std::optional<FirstFlights>> pass_first_flights(Connection& connection, net::Socket& upstream,
                                                               const NamedHello& hello, const rules::Request& known) {
  const std::chrono::seconds patience = connection.worker.limits().idle;
  FirstFlights passed;
  upstream.expire_after(patience);
  const net::Transfer sent = co_await upstream.send_all(connection.inbox.bytes());
  if (!sent) co_return std::nullopt;
  passed.out = sent.bytes;
  if (!hello.offers_tls13) co_return passed;

  // What is behind the hello has been sent on; it is kept because the second hello must be found behind it.
  connection.inbox.consume(hello.size);
  const std::size_t early = connection.inbox.bytes().size();
  Inbox answer;
  const auto said = co_await read_first_answer(connection.worker, upstream, answer);
  if (!said) co_return std::nullopt;
  connection.client.expire_after(patience);
  const net::Transfer told = co_await connection.client.send_all(answer.bytes());
  if (!told) co_return std::nullopt;
  passed.in = told.bytes;
  answer.release();
  if (*said == tls::FirstAnswer::other) co_return passed;

  const NamedHello second = co_await read_second_hello(connection);
  if (second.what == HelloCase::gone) co_return std::nullopt;
  if (!names_the_same(hello, second)) {
    upstream.reset();
    const HelloCase why = second.what == HelloCase::malformed ? second.what : HelloCase::other_name;
    co_await refuse_unnamed(connection, why, known);
    co_return std::nullopt;
  }
  upstream.expire_after(patience);
  const net::Transfer again = co_await upstream.send_all(connection.inbox.bytes().substr(early));
  if (!again) co_return std::nullopt;
  passed.out += again.bytes;
  co_return passed;
}

bool may_judge_unnamed(Connection& connection, HelloCase hello) {
  connection.worker.counters().unnamed.add();
  const Unnamed& answers = connection.worker.gateway().settings.unnamed;
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
  Judgement judgement = connection.worker.asking().judge_again(connection, known, rules::Stage::client_hello);
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
  const breaches::Receipt receipt = co_await file(connection.worker, std::move(breach));
  if (!receipt.durable) connection.worker.counters().not_durable.add();
  if (by_policy)
    connection.worker.lines().decision(judgement, known, {});
  else
    connection.worker.lines().refusal(connection, known.url().host(), rules::Stage::client_hello, to_string(hello));
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
