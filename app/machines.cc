#include "app/machines.h"

#include "names/ip_address.h"

namespace schoolgate::app {
namespace {

// "2001:db8:0:1::/64", the network that a classroom shares.
std::string network_of(const names::IpAddress& address) {
  std::array<std::uint8_t, 16> bytes = address.bytes();
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t(0));
  return names::IpAddress::v6(bytes).text() + "/64";
}

}  // namespace

void Machines::look(SteadyTime now) {
  looked_ = now;
  has_looked_ = true;
  const auto found = read_();
  if (!found) return;  // what was known stays; whoever is not known is an address
  macs_.clear();
  addresses_.clear();
  for (const net::Neighbour& one : *found) {
    macs_.insert_or_assign(one.address.text(), one.mac);
    if (one.address.is_v4()) ++addresses_[one.mac];
  }
}

breaches::Machine Machines::of(const std::string& address, SteadyTime now) {
  if (!has_looked_ || now - looked_ >= kBelieved || (now - looked_ >= kReadAgain && !macs_.contains(address)))
    look(now);
  const auto known = macs_.find(address);
  if (known != macs_.end()) {
    const auto count = addresses_.find(known->second);
    if (count != addresses_.end() && count->second > kMostAddresses) return {.device = {}, .network = known->second};
    return {.device = known->second, .network = {}};
  }
  const auto parsed = names::IpAddress::parse(address);
  if (!parsed || parsed->is_v4()) return {};
  return {.device = {}, .network = network_of(*parsed)};
}

}  // namespace schoolgate::app
