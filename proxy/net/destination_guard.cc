#include "proxy/net/destination_guard.h"

#include <ifaddrs.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace schoolgate::net {
namespace {

bool is_wildcard(const names::IpAddress& address) noexcept {
  return address == names::IpAddress{} || address == names::IpAddress::v4(0);
}

// From 1024 up: the ports of https://fetch.spec.whatwg.org/#port-blocking.
constexpr std::uint16_t kRefusedByBrowsers[] = {1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000,
                                                6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080};

Failure own_address(const Endpoint& destination) {
  return {FailureKind::destination_refused,
          {Fault::client, destination.address.text() + " is an address of this gateway",
           "list that very address under upstream.allow_private if pages are served from this machine"}};
}

Failure loop_to(const Endpoint& destination) {
  return {FailureKind::loop,
          {Fault::client, destination.text() + " is this gateway itself",
           "ask for the site by its own address, not the gateway's"}};
}

}  // namespace

bool is_web_port(std::uint16_t port) noexcept {
  if (port == 80 || port == 443) return true;
  return port >= 1024 && std::ranges::find(kRefusedByBrowsers, port) == std::end(kRefusedByBrowsers);
}

bool DestinationGuard::allows_port(std::uint16_t port) const noexcept {
  if (std::ranges::find(settings_.more_ports, port) != settings_.more_ports.end()) return true;
  if (settings_.ports.empty()) return is_web_port(port);
  return std::ranges::find(settings_.ports, port) != settings_.ports.end();
}

bool DestinationGuard::is_listed_alone(const names::IpAddress& address) const noexcept {
  return std::ranges::any_of(settings_.allow_private, [&](const names::IpNetwork& network) {
    return network.base() == address && network.prefix_length() == 128;
  });
}

bool DestinationGuard::listens_on(const Endpoint& destination) const noexcept {
  // Connecting to 0.0.0.0 or :: reaches this machine.
  const auto is_own = [&](const names::IpAddress& address) {
    return is_wildcard(address) || address.is_loopback() ||
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

DestinationGuard DestinationGuard::for_strangers(std::uint16_t port) const {
  Settings settings = settings_;
  settings.allow_private.clear();
  settings.more_ports.clear();
  settings.ports = {port};
  return DestinationGuard(std::move(settings));
}

std::optional<Failure> DestinationGuard::check(const Endpoint& destination) const {
  if (listens_on(destination)) return loop_to(destination);
  if (!allows_port(destination.port))
    return Failure{FailureKind::destination_refused,
                   {Fault::client, "port " + std::to_string(destination.port) + " is not a web server's",
                    "list the web's ports under upstream.http_ports if a site really uses it"}};
  const names::IpAddress& address = destination.address;
  for (const names::IpAddress& each : {address, address.embedded()})
    if (!each.is_loopback() && !is_listed_alone(each) &&
        std::ranges::find(settings_.own_addresses, each) != settings_.own_addresses.end())
      return own_address(destination);
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
  const auto local = local_endpoint(fd);
  if (!local || local->address != peer->address) return std::nullopt;
  for (const Endpoint& ours : settings_.listening)
    if (ours.port == peer->port && is_wildcard(ours.address)) return loop_to(*peer);
  if (!peer->address.is_loopback() && !is_listed_alone(peer->address)) return own_address(*peer);
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
