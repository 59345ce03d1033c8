// A bounded number of places that many clients share. Each may have a quarter of what is free at the moment, so nobody
// can take them all: what is left for the next only shrinks by a quarter with each greedy client.
//
// An IPv6 client is its /64, since one device has as many addresses as it likes. On its owner's thread.
#pragma once

#include <cstddef>
#include <map>

#include "names/ip_address.h"

namespace schoolgate::net {

class FairShares {
 public:
  static constexpr std::size_t kLeast = 8;  ///< that everybody may have while there is a place at all
  explicit FairShares(std::size_t places) noexcept : places_(places) {}

  /// A place for that client; false when it has its share, or none is free.
  [[nodiscard]] bool take(const names::IpAddress& client);
  /// Of a client that has one.
  void give_back(const names::IpAddress& client);
  [[nodiscard]] std::size_t taken() const noexcept { return taken_; }

 private:
  std::size_t places_, taken_ = 0;
  std::map<names::IpAddress, std::size_t> held_;
};

}  // namespace schoolgate::net
