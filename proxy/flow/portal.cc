#include "proxy/flow/portal.h"

#include <utility>

#include "proxy/flow/worker.h"

namespace schoolgate::flow {

net::awaitable<net::Attempt<net::Socket>> dial_portal(Connection& connection) {
  Worker& worker = connection.worker;
  const Held<const SignInGate> gate = worker.asking().sign_in_gate();
  const Held<net::Dialer> dialer = worker.outbound().portal_dialer();
  if (!gate || !dialer)
    co_return net::fail(net::FailureKind::connect_failed, Fault::config, "there is no sign-in page any more");
  std::vector<names::IpAddress> only{gate->portal().address};
  net::AddressList addresses(std::move(only));
  co_return co_await dialer->dial(std::move(addresses), gate->portal().port, worker.limits().connect);
}

net::awaitable<std::optional<Tunnel>> tunnel_to_portal(Connection& connection, net::Socket portal,
                                                       rules::Request request, Judgement judgement) {
  Worker& worker = connection.worker;
  const auto began = std::chrono::steady_clock::now();
  const auto from = portal.local();
  if (!from) co_return std::nullopt;
  PortalVisits::Visit visit = worker.gateway().portal_visits.note(*from, connection.peer.address);
  portal.expire_after(worker.limits().idle);
  const net::Transfer sent = co_await portal.send_all(connection.inbox.bytes());
  if (!sent) co_return std::nullopt;
  judgement.verdict.reason.entry = {};
  std::optional<Tunnel> tunnel;
  tunnel.emplace(std::move(portal), std::move(request), std::move(judgement), 0, sent.bytes, began, std::nullopt,
                 std::move(visit));
  co_return tunnel;
}

}  // namespace schoolgate::flow
