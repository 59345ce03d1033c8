// The life of a connection, told once from top to bottom:
//
//   serve           who is asking, and how did they come in
//   proxy_login     who they prove to be, where the explicit proxy asks for it; doorway: who has to say it first
//   serve_http      what do they ask for: head -> Request -> judge -> exchange, or refuse; again while it is kept alive
//   serve_connect   CONNECT: judge the name, dial it, read the ClientHello inside, judge that name too
//   serve_tls       transparent TLS: ClientHello -> judge -> dial the name that was judged
//   decrypt         where a rule needs more than the name: verify the web site, then answer in its name;
//                   what is asked inside goes through serve_http, or serve_h2, again
//   run_tunnel      bytes both ways, judged again whenever the policy changes
//
// Each step returns what the next one needs, so an idle tunnel keeps no frame but the last.
#include "proxy/flow/serve.h"

#include "base/log.h"
#include "proxy/flow/decrypt.h"
#include "proxy/flow/proxy_login.h"
#include "proxy/flow/worker.h"
#include "proxy/net/linux/original_destination.h"

namespace schoolgate::flow {
namespace {

// REDIRECT leaves the destination with connection tracking; under TPROXY the socket's own address is it.
std::optional<net::Endpoint> original_of(net::Socket& client) {
  if (auto redirected = net::original_destination(client.fd(), net::Interception::redirect)) return *redirected;
  if (auto proxied = net::original_destination(client.fd(), net::Interception::tproxy)) return *proxied;
  return std::nullopt;
}

// A stand-in connects to the listener itself, where a device's connection is diverted on its way to a site. Addresses
// of documentation (RFC 5737, RFC 3849): nothing passes, so nothing is ever dialled there.
net::Endpoint destination_of_stand_in(const net::Endpoint& peer, Entrance entrance) {
  const std::uint16_t port = entrance == Entrance::transparent_tls ? 443 : 80;
  return {peer.address.is_v4() ? names::IpAddress::v4(0xC0000201) : *names::IpAddress::parse("2001:db8::1"), port};
}

}  // namespace

Connection::Connection(net::Accepted accepted, Entrance how, Worker& owner)
    : Client{.peer = accepted.peer, .entrance = how, .selftest = owner.gateway().selftests.take(accepted.peer)},
      worker(owner),
      client(owner.executor(), owner.deadlines(), std::move(accepted.fd)) {
  worker.connections().add(*this);
  if (entrance == Entrance::explicit_proxy) return;
  const bool stands_in = selftest && !selftest->as_group.empty();
  original = stands_in ? destination_of_stand_in(peer, entrance) : original_of(client);
}

Connection::~Connection() { worker.forget(*this); }

net::awaitable<void> serve(net::Accepted accepted, Entrance entrance, Worker& worker) {
  Connection connection(std::move(accepted), entrance, worker);

  std::optional<Tunnel> tunnel =
      entrance == Entrance::transparent_tls ? co_await serve_tls(connection) : co_await serve_http(connection);
  if (connection.inside && connection.inside->protocol == "h2")
    co_await serve_h2(connection);
  else if (connection.inside)
    tunnel = co_await serve_http(connection);
  co_await file_if_nothing_was_asked(connection);
  if (connection.inside && connection.inside->upstream)  // verified, and nobody asked for anything
    worker.outbound().pool().put(pool_key(*connection.inside, connection.inside->trust),
                                 std::move(*connection.inside->upstream));
  if (tunnel) co_await run_tunnel(connection, std::move(*tunnel));
}

}  // namespace schoolgate::flow
