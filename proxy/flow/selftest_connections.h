// Which connections are the gateway's own self-test: what they try is kept, but no alert tells of it as a breach.
//
// The self-test binds its socket, names the address and port to the gateway, and connects. One that names it is on
// this machine already and may open the control socket (mode 0600), or is this process: a pupil can write nothing into
// a request, or into anything else, that makes a connection one of these. Each is named for one connection, and for
// half a minute. Thread-safe; a worker that accepts pays for one load where none is named.
//
// A connection may stand in for a device of a group that no address of this machine is in. What such a device would be
// refused is refused and recorded; what would be let through is refused too, as unlisted, so no probe ever leaves.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "proxy/net/endpoint.h"

namespace schoolgate::flow {

struct Selftest {
  std::string as_group;  ///< stands in for a device of this group; empty: judged as its own address is
};

class SelftestConnections {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kFor{30};
  static constexpr std::size_t kMost = 256;

  /// The next connection from there is the self-test's. False when too many are waited for.
  bool expect(const net::Endpoint& from, Selftest what = {}, Clock::time_point now = Clock::now());
  /// What it was named as, once, for a connection that was named.
  [[nodiscard]] std::optional<Selftest> take(const net::Endpoint& peer, Clock::time_point now = Clock::now());

 private:
  struct Expected {
    net::Endpoint from;
    Selftest what;
    Clock::time_point until;
  };
  std::mutex mutex_;
  std::vector<Expected> expected_;
  std::atomic<std::size_t> count_{0};
};

}  // namespace schoolgate::flow
