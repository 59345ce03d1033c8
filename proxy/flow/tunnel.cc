#include "proxy/flow/tunnel.h"

#include "proxy/flow/breach_of.h"
#include "proxy/flow/connection.h"
#include "proxy/flow/worker.h"

namespace schoolgate::flow {

net::awaitable<void> run_tunnel(Connection& connection, Tunnel tunnel) {
  Worker& worker = connection.worker;
  worker.counters().spliced.add();
  connection.inbox.release();

  net::RelayCounters moved;
  net::Relay relay(connection.client, tunnel.upstream, worker.buffers(), {.idle = worker.limits().idle_tunnel}, moved);
  LiveTunnel live{.connection = &connection,
                  .request = &tunnel.request,
                  .stage = tunnel.judgement.verdict.reason.stage,
                  .relay = &relay};
  worker.tunnels().add(live);
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

void judge_again(Worker& worker) {
  for (LiveTunnel* tunnel = worker.tunnels().first(); tunnel; tunnel = tunnel->next) {
    const Judgement judgement = worker.judge(*tunnel->connection, *tunnel->request, tunnel->stage);
    if (!judgement.refuses()) continue;
    worker.counters().rejudged_closed.add();
    worker.record_later(breach_of(judgement, *tunnel->request, {}));
    tunnel->relay->stop();
  }
}

}  // namespace schoolgate::flow
