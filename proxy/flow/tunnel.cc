#include "proxy/flow/tunnel.h"

#include "proxy/flow/breach_of.h"
#include "proxy/flow/connection.h"
#include "proxy/flow/worker.h"

namespace schoolgate::flow {

namespace {

void judge_again(Worker& worker, LiveTunnel& live) {
  Tunnel& tunnel = *live.tunnel;
  const rules::Request* judged = &tunnel.request;
  Judgement judgement = worker.judge_again(*live.connection, *judged, tunnel.judgement.verdict.reason.stage);
  if (!judgement.refuses() && tunnel.inside) {
    Judgement inside = worker.judge_again(*live.connection, *tunnel.inside, rules::Stage::client_hello);
    if (inside.refuses()) judged = &*tunnel.inside, judgement = std::move(inside);
  }
  if (judgement.refuses()) {
    worker.counters().rejudged_closed.add();
    worker.record_later(breach_of(judgement, *judged, {}));
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
  LiveTunnel live{.connection = &connection, .tunnel = &tunnel, .relay = &relay};
  worker.tunnels().add(live);
  // A policy that came while the tunnel was being opened has not seen it yet.
  if (tunnel.judgement.policy != worker.policy()) judge_again(worker, live);
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

void judge_tunnels_again(Worker& worker) {
  for (LiveTunnel* live = worker.tunnels().first(); live; live = live->next) judge_again(worker, *live);
}

}  // namespace schoolgate::flow
