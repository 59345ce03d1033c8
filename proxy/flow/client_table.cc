#include "proxy/flow/client_table.h"

#include <cstring>

namespace schoolgate::flow {

std::size_t ClientTable::Hash::operator()(const names::IpAddress& address) const noexcept {
  std::uint64_t high = 0, low = 0;
  std::memcpy(&high, address.bytes().data(), 8);
  std::memcpy(&low, address.bytes().data() + 8, 8);
  return std::size_t((high ^ low * 0x9E3779B97F4A7C15u) * 0xD6E8FEB86659FD93u >> 7);
}

ClientTable::Stripe& ClientTable::stripe_of(const names::IpAddress& client) noexcept {
  return stripes_[Hash{}(client) % stripes_.size()];
}

bool ClientTable::enter(const names::IpAddress& client) {
  Stripe& stripe = stripe_of(client);
  const std::scoped_lock lock(stripe.mutex);
  std::uint32_t& open = stripe.open[client].connections;
  if (open >= cap_) return false;
  ++open;
  return true;
}

void ClientTable::leave(const names::IpAddress& client) {
  Stripe& stripe = stripe_of(client);
  const std::scoped_lock lock(stripe.mutex);
  const auto found = stripe.open.find(client);
  if (found != stripe.open.end() && --found->second.connections == 0) stripe.open.erase(found);
}

std::shared_ptr<ClientAccount> ClientTable::account_of(const names::IpAddress& client) {
  Stripe& stripe = stripe_of(client);
  const std::scoped_lock lock(stripe.mutex);
  const auto found = stripe.open.find(client);
  if (found == stripe.open.end()) return std::make_shared<ClientAccount>();
  if (!found->second.account) found->second.account = std::make_shared<ClientAccount>();
  return found->second.account;
}

}  // namespace schoolgate::flow
