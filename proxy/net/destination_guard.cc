#include "proxy/net/destination_guard.h"

#include <ifaddrs.h>

#include <algorithm>
#include <cstring>

namespace schoolgate::net {
namespace {

bool is_wildcard(const names::IpAddress& address) noexcept {
  return address == names::IpAddress{} || address == names::IpAddress::v4(0);
}

bool is_loopback(const names::IpAddress& address) noexcept {
  static const names::IpNetwork v4 = *names::IpNetwork::parse("127.0.0.0/8");
  static const names::IpAddress v6 = *names::IpAddress::parse("::1");
  return v4.contains(address) || address == v6;
}

Failure loop_to(const Endpoint& destination) {
  return {FailureKind::loop,
          {Fault::client, destination.text() + " is this gateway itself",
           "ask for the site by its own address, not the gateway's"}};
}

}  // namespace

bool DestinationGuard::listens_on(const Endpoint& destination) const noexcept {
  // Connecting to 0.0.0.0 or :: reaches this machine.
  const auto is_own = [&](const names::IpAddress& address) {
    return is_wildcard(address) || is_loopback(address) ||
           std::ranges::find(settings_.own_addresses, address) != settings_.own_addresses.end();
  };
  return std::ranges::any_of(settings_.listening, [&](const Endpoint& ours) {
    if (ours.port != destination.port) return false;
    for (const auto& address : {destination.address, destination.address.embedded()})
      if (address == ours.address || ((is_wildcard(ours.address) || is_wildcard(address)) && is_own(address)))
        return true;
    return false;
  });
}

std::optional<Failure> DestinationGuard::check(const Endpoint& destination) const {
  if (listens_on(destination)) return loop_to(destination);
  const names::IpAddress& address = destination.address;
  const auto holds = [&](const names::IpNetwork& network) { return network.contains(address); };
  if (!address.is_special() || std::ranges::any_of(settings_.allow_private, holds)) return std::nullopt;
  return Failure{FailureKind::destination_refused,
                 {Fault::client, address.text() + " is not an address of the public internet",
                  "list it under upstream.allow_private if the school runs a server there"}};
}

std::optional<Failure> DestinationGuard::check_connected(int fd) const {
  const auto peer = peer_endpoint(fd);
  if (!peer)
    return Failure{FailureKind::connect_failed,
                   {Fault::upstream, "the connection was closed as soon as it was open", {}}};
  if (auto failure = check(*peer)) return failure;
  // Both ends on one address is a connection to this machine, whatever its interfaces were when they were last read.
  const bool our_port =
      std::ranges::find(settings_.listening, peer->port, &Endpoint::port) != settings_.listening.end();
  if (!our_port) return std::nullopt;
  const auto local = local_endpoint(fd);
  if (!local || local->address != peer->address) return std::nullopt;
  for (const Endpoint& ours : settings_.listening)
    if (ours.port == peer->port && is_wildcard(ours.address)) return loop_to(*peer);
  return std::nullopt;
}

std::vector<names::IpAddress> own_addresses() {
  std::vector<names::IpAddress> out;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return out;
  for (const ifaddrs* each = list; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr) continue;
    SocketAddress address;
    if (each->ifa_addr->sa_family == AF_INET)
      address.length = 16;
    else if (each->ifa_addr->sa_family == AF_INET6)
      address.length = 28;
    else
      continue;
    std::memcpy(&address.storage, each->ifa_addr, address.length);
    if (const auto endpoint = to_endpoint(address)) out.push_back(endpoint->address);
  }
  ::freeifaddrs(list);
  return out;
}

}  // namespace schoolgate::net
