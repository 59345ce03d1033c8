#include "proxy/flow/decrypt.h"

#include <array>
#include <utility>

#include "base/log.h"
#include "proxy/flow/content_gate.h"
#include "proxy/flow/doorway.h"
#include "proxy/flow/h2_upstream.h"
#include "proxy/flow/refusal.h"
#include "proxy/flow/worker.h"
#include "proxy/tls/handshake.h"

namespace schoolgate::flow {
namespace {

// Our own pages go out over HTTP/1.1 wherever the client knows it.
std::string page_protocol(const NamedHello& hello) {
  if (hello.offers_http1) return "http/1.1";
  return hello.offers_h2 ? "h2" : "";
}

// What the web site is offered is what the client knows: both sides will speak the same.
std::vector<std::string_view> common_protocols(const NamedHello& hello) {
  std::vector<std::string_view> out;
  if (hello.offers_h2) out.emplace_back("h2");
  if (hello.offers_http1) out.emplace_back("http/1.1");
  return out;
}

// True when an open HTTP/2 connection to the web site can take this client's requests too.
bool joins_open_h2(Worker& worker, const Inside& inside) {
  const auto upstream = worker.outbound().open_h2(pool_key(inside, worker.outbound().trust()));
  return upstream && upstream->lives();
}

// Where the client speaks HTTP/1 alone: a connection that was kept, or one to a web site that wanted no HTTP/2.
bool takes_kept_connection(Worker& worker, Inside& inside, const NamedHello& hello) {
  if (!hello.offers_http1 && !hello.offers_nothing) return false;
  inside.trust = worker.outbound().trust();
  if (!hello.offers_h2) inside.upstream = worker.outbound().pool().take(pool_key(inside, inside.trust));
  if (!inside.upstream) {
    inside.only_http1 = true;
    inside.upstream = worker.outbound().pool().take(pool_key(inside, inside.trust));
    inside.only_http1 = inside.upstream.has_value();
  }
  if (inside.upstream) inside.protocol = hello.offers_http1 ? "http/1.1" : "";
  return inside.upstream.has_value();
}

enum class Way : std::uint8_t { open, distrusted, closed };

Way no_way(Inside& inside, const NamedHello& hello, net::Failure failure, Way how) {
  inside.protocol = page_protocol(hello);
  inside.trouble = std::move(failure);
  return how;
}

net::awaitable<Way> reach(Worker& worker, Inside& inside, const NamedHello& hello, std::optional<net::Socket> dialled) {
  if (hello.offers_h2 && joins_open_h2(worker, inside)) {
    inside.protocol = "h2";
    co_return Way::open;
  }
  if (takes_kept_connection(worker, inside, hello)) co_return Way::open;
  if (!dialled) {
    auto made = co_await dial(worker, inside.to);
    if (!made) {
      using net::FailureKind;
      const FailureKind kind = made.error().kind;
      const bool closed = kind == FailureKind::connect_failed || kind == FailureKind::timed_out;
      co_return no_way(inside, hello, std::move(made.error()), closed ? Way::closed : Way::distrusted);
    }
    dialled = std::move(*made);
  }
  const std::vector<std::string_view> protocols = common_protocols(hello);
  auto reached = co_await verify(worker, std::move(*dialled), inside.to, inside.host, protocols);
  if (!reached) co_return no_way(inside, hello, std::move(reached.error()), Way::distrusted);
  inside.protocol = std::move(reached->protocol);
  inside.trust = reached->trust;
  inside.only_http1 = hello.offers_h2 && inside.protocol != "h2";
  // A web site without ALPN speaks HTTP/1.1, and so the client is told.
  if (inside.protocol.empty() && hello.offers_http1) inside.protocol = "http/1.1";
  if (inside.protocol == "h2")
    H2Upstream::start(worker, std::move(reached->socket), pool_key(inside, inside.trust));
  else
    inside.upstream = std::move(reached->socket);
  co_return Way::open;
}

// A certificate for `host` from this generation's mint: from its cache, or minted now.
net::awaitable<Result<std::shared_ptr<const tls::Leaf>>> leaf_for(Worker& worker, Held<const Inspection> inspection,
                                                                  std::string host, tls::LeafFor what) {
  using Minted = Result<std::shared_ptr<const tls::Leaf>>;
  tls::LeafMint& mint = *inspection->mint;  // `inspection` is this frame's own
  if (auto cached = mint.cached(host, what, {})) co_return cached;
  const auto start = [&worker, &mint, what](auto handler, std::string name) {
    // The mint answers on its own thread; the handler runs on this worker's.
    auto waiting = std::make_shared<decltype(handler)>(std::move(handler));
    mint.mint(std::move(name), what, {}, [&worker, waiting = std::move(waiting)](Minted minted) mutable {
      net::asio::post(worker.executor(), [waiting = std::move(waiting), minted = std::move(minted)]() mutable {
        std::move (*waiting)(std::move(minted));
      });
    });
  };
  co_return co_await net::asio::async_initiate<const net::asio::use_awaitable_t<net::Executor>, void(Minted)>(
      start, net::use_awaitable, std::move(host));
}

net::awaitable<bool> answer_hello(Connection& connection, Held<const Inspection> inspection,
                                  std::unique_ptr<Inside> inside, tls::LeafFor what) {
  Worker& worker = connection.worker;
  const auto leaf = co_await leaf_for(worker, inspection, inside->host.text(), what);
  if (!leaf) {
    log::error("no certificate can be made", {{"host", inside->host.text()}, {"why", leaf.error().text()}});
    co_await send_alert(connection, tls::Alert::internal_error);
    co_return false;
  }
  std::string received(connection.inbox.bytes());
  connection.inbox.release();
  connection.inbox.holds_secrets();
  connection.client.expire_after(worker.limits().header);
  auto accepted =
      co_await tls::accept(connection.client, *inspection->server, *leaf, inside->protocol, std::move(received));
  if (!accepted) {
    const bool distrusted = accepted.error().distrusts_us();
    if (distrusted) {
      inspection->distrust->note(inside->host.text(), wall_now());
      worker.counters().leaf_refused.add();
    }
    worker.lines().refusal(connection, inside->host.text(), rules::Stage::client_hello,
                           distrusted ? "client-distrusts-authority" : "client-handshake");
    co_return false;
  }
  worker.counters().inspected.add();
  connection.inside = std::move(inside);
  co_return true;
}

std::unique_ptr<Inside> inside_of(Decrypting what) {
  auto inside = std::make_unique<Inside>(std::move(what.host));
  inside->port = what.port;
  inside->to = std::move(what.to);
  return inside;
}

}  // namespace

bool is_reached(Worker& worker, const Decrypting& what) {
  Inside inside{.host = what.host, .port = what.port, .to = what.to};
  if (joins_open_h2(worker, inside) || worker.outbound().pool().holds(pool_key(inside, worker.outbound().trust())))
    return true;
  inside.only_http1 = true;
  return worker.outbound().pool().holds(pool_key(inside, worker.outbound().trust()));
}

bool shows_page(const NamedHello& hello, const Judgement& judgement,
                const Held<const Inspection>& inspection) noexcept {
  const bool is_tls = hello.what == HelloCase::named || hello.what == HelloCase::ip_name;
  return is_tls && may_show_page(judgement, inspection);
}

net::awaitable<bool> decrypt(Connection& connection, const NamedHello& hello, Decrypting what,
                             std::optional<net::Socket> dialled) {
  const Held<const Inspection> inspection = what.inspection;
  const bool page_is_due = what.refused;
  auto inside = inside_of(std::move(what));
  // Who waits for the web site does not run out of the time that is meant for a hello.
  connection.client.clear_deadline();
  NamedHello spoken = hello;
  if (hello.offers_http1 && reads_inside(connection, inside->host, inside->port)) spoken.offers_h2 = false;
  const Way way = co_await reach(connection.worker, *inside, spoken, std::move(dialled));
  if (way == Way::closed && connection.entrance == Entrance::transparent_tls && !page_is_due) {
    count_fault(connection, inside->trouble->kind);
    connection.worker.lines().refusal(connection, inside->host.text(), rules::Stage::client_hello, "upstream");
    connection.client.reset();
    co_return false;
  }
  const tls::LeafFor leaf = inside->trouble ? tls::LeafFor::own_page : tls::LeafFor::verified_site;
  co_return co_await answer_hello(connection, inspection, std::move(inside), leaf);
}

net::awaitable<bool> open_for_page(Connection& connection, const NamedHello& hello, Decrypting what, Judgement told,
                                   std::string reference) {
  const Held<const Inspection> inspection = what.inspection;
  auto inside = inside_of(std::move(what));
  inside->protocol = page_protocol(hello);
  inside->for_page = true;
  inside->told = std::move(told);
  inside->told->verdict.reason.entry = {};  // a view into the request, which may go
  inside->reference = std::move(reference);
  co_return co_await answer_hello(connection, inspection, std::move(inside), tls::LeafFor::own_page);
}

net::awaitable<void> show_door(Connection& connection, const NamedHello& hello, Judgement judgement,
                               const rules::Request& request, Decrypting what) {
  note_doorway(connection, judgement, request);
  std::string no_record;
  if (judgement.doorway != Doorway::login && shows_page(hello, judgement, what.inspection))
    co_await open_for_page(connection, hello, std::move(what), std::move(judgement), std::move(no_record));
  else
    co_await send_alert(connection, tls::Alert::access_denied);
}

net::awaitable<void> refuse_inside(Connection& connection, const NamedHello& hello, const Judgement& judgement,
                                   const rules::Request& request, Decrypting what) {
  const Held<const Inspection> inspection = what.inspection;
  const bool tries = shows_page(hello, judgement, inspection);
  if (tries) {
    auto inside = inside_of(std::move(what));
    inside->protocol = page_protocol(hello);
    inside->for_page = true;
    inside->unrecorded.emplace(judgement, request);
    inside->unrecorded->judgement.verdict.reason.entry = {};  // a view into the request, which may go
    // What is asked inside is then judged, recorded and answered like any request.
    if (co_await answer_hello(connection, inspection, std::move(inside), tls::LeafFor::own_page)) co_return;
  }
  co_await record_and_log(connection, judgement, request, CameBy());
  if (!tries) co_await send_alert(connection, tls::Alert::access_denied);
}

net::awaitable<void> decrypt_or_record(Connection& connection, const NamedHello& hello, const Judgement& judgement,
                                       const rules::Request& request, Decrypting what,
                                       std::optional<net::Socket> dialled) {
  what.refused = judgement.refuses();
  if (co_await decrypt(connection, hello, std::move(what), std::move(dialled))) co_return;
  if (judgement.refuses()) co_await record_and_log(connection, judgement, request, CameBy());
}

net::awaitable<void> file_if_nothing_was_asked(Connection& connection) {
  if (!connection.inside || !connection.inside->unrecorded) co_return;
  const RefusedName refused = *std::exchange(connection.inside->unrecorded, std::nullopt);
  co_await record_and_log(connection, refused.judgement, refused.request, CameBy());
}

}  // namespace schoolgate::flow
