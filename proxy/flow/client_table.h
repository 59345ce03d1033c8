// What each client address holds, over all workers: the caps that keep one device from starving a school.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "names/ip_address.h"
#include "proxy/flow/client_account.h"

namespace schoolgate::flow {

/// Thread-safe; touched when a connection opens and closes, never per request. Striped, so workers rarely meet.
class ClientTable {
 public:
  explicit ClientTable(std::uint32_t cap) : cap_(cap) {}
  /// Counts one more connection of `client`; false (and nothing counted) when it already holds the cap.
  [[nodiscard]] bool enter(const names::IpAddress& client);
  void leave(const names::IpAddress& client);
  /// Of a client that has entered.
  [[nodiscard]] std::shared_ptr<ClientAccount> account_of(const names::IpAddress& client);

 private:
  struct Hash {
    std::size_t operator()(const names::IpAddress& address) const noexcept;
  };
  struct Client {
    std::uint32_t connections = 0;
    std::shared_ptr<ClientAccount> account{};  ///< made when it is first asked for
  };
  struct Stripe {
    std::mutex mutex;
    std::unordered_map<names::IpAddress, Client, Hash> open;
  };
  [[nodiscard]] Stripe& stripe_of(const names::IpAddress& client) noexcept;

  std::uint32_t cap_;
  std::array<Stripe, 64> stripes_;
};

}  // namespace schoolgate::flow
