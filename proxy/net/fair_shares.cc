#include "proxy/net/fair_shares.h"

#include <algorithm>

namespace schoolgate::net {
namespace {

names::IpAddress sharer_of(const names::IpAddress& client) {
  if (client.is_v4()) return client;
  auto bytes = client.bytes();
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t(0));
  return names::IpAddress::v6(bytes);
}

}  // namespace

bool FairShares::take(const names::IpAddress& client) {
  if (taken_ >= places_) return false;
  const names::IpAddress sharer = sharer_of(client);
  const auto held = held_.find(sharer);
  const std::size_t has = held == held_.end() ? 0 : held->second;
  if (has >= kLeast && has >= (places_ - taken_) / 4) return false;
  ++held_[sharer];
  ++taken_;
  return true;
}

void FairShares::give_back(const names::IpAddress& client) {
  const auto held = held_.find(sharer_of(client));
  if (held == held_.end()) return;
  --taken_;
  if (--held->second == 0) held_.erase(held);
}

}  // namespace schoolgate::net
