// The kernel's neighbour table (ARP and NDP): which machine answers for which address on our own networks.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "names/ip_address.h"

namespace schoolgate::net {

struct Neighbour {
  names::IpAddress address;
  std::string mac;                    ///< "02:00:5e:10:00:01"
  std::chrono::milliseconds since{};  ///< how long ago the machine last gave a sign of life there
};

/// A dump by rtnetlink (RTM_GETNEIGH), both families: machines with an Ethernet address that gave a sign of life
/// `within` that time. The kernel keeps entries of machines that have left for hours; they say nothing about now.
/// Machines behind a router are not in it. Takes a few milliseconds for thousands; at most `most` entries. Fault host.
[[nodiscard]] Result<std::vector<Neighbour>> read_neighbours(std::chrono::milliseconds within = std::chrono::minutes(5),
                                                             std::size_t most = 20'000);

/// Takes one netlink datagram of such a dump apart; false when it says that the dump ends. Bytes that do not add up end
/// it too.
[[nodiscard]] bool read_neighbour_messages(std::span<const std::uint8_t> bytes, std::vector<Neighbour>& into,
                                           std::size_t most);

}  // namespace schoolgate::net
