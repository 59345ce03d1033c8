// The device at the other end of a connection that the gateway itself opened to the sign-in page.
//
// A device that uses the explicit proxy asks the proxy for the page, so the page sees this machine's own address and
// would sign in the wrong one. Both are in one process: the hallway notes each device, the page asks by the
// address and port that it sees. Thread-safe; an entry lives as long as its tunnel.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "names/ip_address.h"
#include "proxy/net/endpoint.h"

namespace schoolgate::flow {

class PortalVisits {
 public:
  /// Takes the entry out again when it goes. Movable; must not outlive its PortalVisits.
  class Visit {
   public:
    Visit(PortalVisits& visits, net::Endpoint from) : visits_(&visits), from_(from) {}
    Visit(Visit&& other) noexcept : visits_(std::exchange(other.visits_, nullptr)), from_(other.from_) {}
    Visit& operator=(Visit&& other) noexcept {
      std::swap(visits_, other.visits_);
      std::swap(from_, other.from_);
      return *this;
    }
    ~Visit() {
      if (visits_) visits_->forget(from_);
    }

   private:
    PortalVisits* visits_;
    net::Endpoint from_;
  };

  /// `from`: our end of the connection, which the page sees as its peer.
  [[nodiscard]] Visit note(const net::Endpoint& from, const names::IpAddress& device) {
    const std::scoped_lock lock(mutex_);
    devices_.insert_or_assign(from, device);
    return {*this, from};
  }

  /// The device behind a connection to the page; nothing when the device came by itself. Ask once the first bytes of
  /// the connection are there: the entry is made before any are passed on.
  [[nodiscard]] std::optional<names::IpAddress> device_behind(const names::IpAddress& peer, std::uint16_t port) const {
    const std::scoped_lock lock(mutex_);
    const auto found = devices_.find({peer, port});
    return found == devices_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  void forget(const net::Endpoint& from) {
    const std::scoped_lock lock(mutex_);
    devices_.erase(from);
  }

  mutable std::mutex mutex_;
  std::map<net::Endpoint, names::IpAddress> devices_;
};

}  // namespace schoolgate::flow
