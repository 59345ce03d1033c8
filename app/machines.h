// Which machine an address is, so that the limits of the breach log are summed by device: its MAC where it is on the
// gateway's own link, because a device there may have many addresses; behind a router the address, with the /64 of an
// IPv6 address as the larger sum beside it.
//
// A MAC that answers for many IPv4 addresses is a router or a bridge: its addresses stay devices of their own, and the
// MAC is the larger sum. Asks the kernel at most once a second, and only for what it does not know. One thread.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/steady_clock.h"
#include "breaches/breach_log.h"
#include "proxy/net/linux/neighbours.h"

namespace schoolgate::app {

class Machines {
 public:
  using Read = std::function<Result<std::vector<net::Neighbour>>()>;
  explicit Machines(Read read = [] { return net::read_neighbours(); }) : read_(std::move(read)) {}

  [[nodiscard]] breaches::Machine of(const std::string& address, SteadyTime now);

  static constexpr std::size_t kMostAddresses = 8;  ///< IPv4 addresses of one device
  static constexpr std::chrono::seconds kReadAgain{1}, kBelieved{60};

 private:
  void look(SteadyTime now);

  Read read_;
  std::map<std::string, std::string, std::less<>> macs_;       ///< by address
  std::map<std::string, std::size_t, std::less<>> addresses_;  ///< IPv4 ones, by MAC
  SteadyTime looked_{};
  bool has_looked_ = false;
};

}  // namespace schoolgate::app
