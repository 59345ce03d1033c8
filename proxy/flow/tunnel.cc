#include "proxy/flow/tunnel.h"

#include <utility>

#include "proxy/flow/breach_of.h"
#include "proxy/flow/coalescing.h"
#include "proxy/flow/connection.h"
#include "proxy/flow/worker.h"

namespace schoolgate::flow {

namespace {

void judge_again(Worker& worker, LiveTunnel& live) {
  Tunnel& tunnel = *live.tunnel;
  const rules::Request* judged = &tunnel.request;
  if (tunnel.judgement.portal) {
    tunnel.judgement = worker.judge_portal(*live.connection, *judged, tunnel.judgement.verdict.reason.stage);
    if (tunnel.judgement.refuses()) live.relay->stop();
    return;
  }
  Judgement judgement = worker.judge_again(*live.connection, *judged, tunnel.judgement.verdict.reason.stage);
  bool opens = worker.opens(judgement);
  if (!judgement.refuses() && tunnel.inside) {
    Judgement inside = worker.judge_again(*live.connection, *tunnel.inside, rules::Stage::client_hello);
    opens |= worker.opens(inside);
    if (inside.refuses()) judged = &*tunnel.inside, judgement = std::move(inside);
  }
  if (judgement.refuses()) {
    worker.counters().rejudged_closed.add();
    if (judgement.verdict_refuses()) worker.record_later(breach_of(judgement, *judged, {}));
    live.relay->stop();
    return;
  }
  if (tunnel.carries != Carries::anything && (opens || carries_what_is_refused_now(worker, tunnel, judgement))) {
    worker.counters().rejudged_closed.add();
    live.relay->stop();
    return;
  }
  // A tunnel may last a day: it must not keep every policy alive, lists and all, that has ever allowed it.
  judgement.time = tunnel.judgement.time;
  judgement.verdict.reason.entry = {};
  tunnel.judgement = std::move(judgement);
}

}  // namespace

net::awaitable<void> run_tunnel(Connection& connection, Tunnel tunnel) {
  Worker& worker = connection.worker;
  worker.counters().spliced.add();
  connection.inbox.release();

  net::RelayCounters moved;
  net::Relay relay(connection.client, tunnel.upstream, worker.buffers(), {.idle = worker.limits().idle_tunnel}, moved);
  LiveTunnel live{.connection = &connection, .tunnel = &tunnel, .relay = &relay, .moved = &moved};
  worker.tunnels().add(live);
  // A policy, or a person, that came while the tunnel was being opened has not seen it yet.
  if (tunnel.judgement.policy != worker.policy() || tunnel.judgement.presence != worker.presence_of(connection))
    judge_again(worker, live);
  const net::RelayEnd end = co_await relay.run();
  worker.tunnels().remove(live);

  // A broken side must not look to the other like an orderly end.
  if (end == net::RelayEnd::a_failed) tunnel.upstream.reset();
  if (end == net::RelayEnd::b_failed) connection.client.reset();
  worker.log_decision(tunnel.judgement, tunnel.request,
                      {.bytes_in = tunnel.bytes_in + moved.from_b,
                       .bytes_out = tunnel.bytes_out + moved.from_a,
                       .took = std::chrono::steady_clock::now() - tunnel.began});
}

void judge_tunnels_again(Worker& worker, TunnelsOf whose) {
  for (LiveTunnel* live = worker.tunnels().first(); live; live = live->next)
    if (whose == TunnelsOf::everybody || live->tunnel->judgement.presence != worker.presence_of(*live->connection))
      judge_again(worker, *live);
}

void note_tunnels_activity(Worker& worker, TimePoint minute) {
  for (LiveTunnel* live = worker.tunnels().first(); live; live = live->next) {
    const std::uint64_t moved = live->moved->from_a + live->moved->from_b;
    if (std::exchange(live->seen, moved) == moved) continue;
    worker.note_activity(live->tunnel->judgement, minute);
    if (const auto& inside = live->tunnel->inside)
      worker.note_activity(worker.judge_again(*live->connection, *inside, rules::Stage::client_hello), minute);
  }
}

}  // namespace schoolgate::flow
