#include "rules/network_table.h"

#include <algorithm>
#include <array>

namespace schoolgate::rules {
namespace {

names::IpAddress first_of_network(const names::IpAddress& address, int prefix_length) noexcept {
  std::array<std::uint8_t, 16> bytes = address.bytes();
  for (int i = 0; i < 16; ++i) {
    const int kept = std::clamp(prefix_length - 8 * i, 0, 8);
    bytes[static_cast<std::size_t>(i)] &= static_cast<std::uint8_t>(0xFF00 >> kept);
  }
  return names::IpAddress::v6(bytes);
}

using Entry = std::pair<names::IpAddress, GroupIndex>;

}  // namespace

bool NetworkTable::add(const names::IpNetwork& network, GroupIndex group, GroupIndex& other) {
  auto length = std::ranges::lower_bound(lengths_, network.prefix_length(), std::greater<>(), &Length::prefix_length);
  if (length == lengths_.end() || length->prefix_length != network.prefix_length())
    length = lengths_.insert(length, Length{network.prefix_length(), {}});
  const auto place = std::ranges::lower_bound(length->networks, network.base(), {}, &Entry::first);
  if (place != length->networks.end() && place->first == network.base()) {
    other = place->second;
    return false;
  }
  length->networks.emplace(place, network.base(), group);
  return true;
}

std::optional<NetworkTable::Found> NetworkTable::find(const names::IpAddress& address) const noexcept {
  for (const Length& length : lengths_) {
    const names::IpAddress base = first_of_network(address, length.prefix_length);
    const auto place = std::ranges::lower_bound(length.networks, base, {}, &Entry::first);
    if (place != length.networks.end() && place->first == base) return Found{place->second, length.prefix_length};
  }
  return std::nullopt;
}

}  // namespace schoolgate::rules
