#include "proxy/flow/tunnel.h"

#include <utility>

#include "proxy/flow/breach_of.h"
#include "proxy/flow/coalescing.h"
#include "proxy/flow/connection.h"
#include "proxy/flow/filing.h"
#include "proxy/flow/long_lived.h"
#include "proxy/flow/worker.h"
#include "rules/not_ready.h"

namespace schoolgate::flow {

namespace {

class LiveTunnel final : public LongLived {
 public:
  LiveTunnel(Connection& connection, Tunnel& tunnel, net::Relay& relay, const net::RelayCounters& moved)
      : connection_(connection), tunnel_(tunnel), relay_(relay), moved_(moved) {
    connection.worker.long_lived().add(*this);
  }
  ~LiveTunnel() { connection_.worker.long_lived().remove(*this); }

  [[nodiscard]] Connection& connection() noexcept override { return connection_; }
  [[nodiscard]] const Judgement& judgement() const noexcept override { return tunnel_.judgement; }
  [[nodiscard]] std::uint64_t moved() const noexcept override { return moved_.from_a + moved_.from_b; }
  [[nodiscard]] std::chrono::seconds silent_for() const noexcept override { return relay_.silent_for(); }
  [[nodiscard]] bool is_request() const noexcept override { return false; }
  void end() override { relay_.stop(); }
  void judge_again() override;
  void was_active_in(TimePoint minute) override;

 private:
  Connection& connection_;
  Tunnel& tunnel_;
  net::Relay& relay_;
  const net::RelayCounters& moved_;
};

void LiveTunnel::judge_again() {
  Worker& worker = connection_.worker;
  const rules::Request* judged = &tunnel_.request;
  const rules::Stage stage = tunnel_.judgement.verdict.reason.stage;
  if (tunnel_.judgement.portal) {
    tunnel_.judgement = worker.asking().judge_portal(connection_, *judged, stage);
    if (tunnel_.judgement.refuses()) end();
    return;
  }
  Judgement judgement = worker.asking().judge_again(connection_, *judged, stage);
  bool to_open = opens(judgement, worker.asking().inspection());
  if (!judgement.refuses() && tunnel_.inside) {
    Judgement inside = worker.asking().judge_again(connection_, *tunnel_.inside, rules::Stage::client_hello);
    to_open |= opens(inside, worker.asking().inspection());
    if (inside.refuses()) judged = &*tunnel_.inside, judgement = std::move(inside);
  }
  if (judgement.refuses()) {
    worker.counters().rejudged_closed.add();
    if (judgement.verdict_refuses() &&
        !rules::is_not_ready(*judgement.policy, judgement.subject.group, judgement.verdict))
      file_later(worker, breach_of(judgement, *judged, {}));
    return end();
  }
  if (tunnel_.carries != Carries::anything && (to_open || carries_what_is_refused_now(worker, tunnel_, judgement))) {
    worker.counters().rejudged_closed.add();
    return end();
  }
  // A tunnel may last a day: it must not keep every policy alive, lists and all, that has ever allowed it.
  judgement.time = tunnel_.judgement.time;
  judgement.verdict.reason.entry = {};
  tunnel_.judgement = std::move(judgement);
}

void LiveTunnel::was_active_in(TimePoint minute) {
  Worker& worker = connection_.worker;
  worker.asking().note_activity(tunnel_.judgement, minute);
  if (const auto& inside = tunnel_.inside)
    worker.asking().note_activity(worker.asking().judge_again(connection_, *inside, rules::Stage::client_hello),
                                  minute);
}

}  // namespace

net::awaitable<void> run_tunnel(Connection& connection, Tunnel tunnel) {
  Worker& worker = connection.worker;
  worker.counters().spliced.add();
  connection.inbox.release();

  net::RelayCounters moved;
  net::Relay relay(connection.client, tunnel.upstream, worker.buffers(), {.idle = worker.limits().idle_tunnel}, moved);
  net::RelayEnd end;
  {
    LiveTunnel live(connection, tunnel, relay, moved);
    // A policy, or a person, that came while the tunnel was being opened has not seen it yet.
    if (tunnel.judgement.policy != worker.asking().policy() ||
        tunnel.judgement.presence != worker.asking().presence_of(connection))
      live.judge_again();
    end = co_await relay.run();
  }

  // A broken side must not look to the other like an orderly end.
  if (end == net::RelayEnd::a_failed) tunnel.upstream.reset();
  if (end == net::RelayEnd::b_failed) connection.client.reset();
  worker.lines().decision(tunnel.judgement, tunnel.request,
                          {.bytes_in = tunnel.bytes_in + moved.from_b,
                           .bytes_out = tunnel.bytes_out + moved.from_a,
                           .took = std::chrono::steady_clock::now() - tunnel.began});
}

}  // namespace schoolgate::flow
