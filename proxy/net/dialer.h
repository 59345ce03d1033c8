// Connecting to a destination: guarded, several addresses, one deadline.
//
// Happy eyeballs as RFC 8305 has it, kept small: families alternate, IPv6 first, and the next address is tried when one
// fails or a quarter of a second passes; the first to connect wins. One per worker, on its thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/held.h"
#include "proxy/net/asio.h"
#include "proxy/net/deadlines.h"
#include "proxy/net/destination_guard.h"
#include "proxy/net/failure.h"
#include "proxy/net/resolver.h"
#include "proxy/net/socket.h"

namespace schoolgate::net {

struct DialerSettings {
  std::chrono::milliseconds stagger{250};  ///< RFC 8305 section 5, Connection Attempt Delay
  std::size_t attempts = 10;               ///< addresses tried of one list
  std::optional<std::uint32_t> fwmark;     ///< SO_MARK, so that the firewall knows the gateway's own traffic
};

class Dialer {
 public:
  Dialer(Executor executor, DeadlineList& deadlines, std::shared_ptr<const DestinationGuard> guard,
         DialerSettings settings = {});

  /// Connects to one of `addresses`. Kinds: destination_refused and loop (when no address was left to try),
  /// connect_failed, timed_out. The socket has TCP_NODELAY and no deadline.
  [[nodiscard]] awaitable<Attempt<Socket>> dial(AddressList addresses, std::uint16_t port, std::chrono::seconds limit);

  /// A reload: dials from now on obey `guard`.
  void set_guard(std::shared_ptr<const DestinationGuard> guard) noexcept { guard_ = std::move(guard); }
  [[nodiscard]] Held<const DestinationGuard> guard() const noexcept { return guard_; }

 private:
  Executor executor_;
  DeadlineList& deadlines_;
  std::shared_ptr<const DestinationGuard> guard_;
  DialerSettings settings_;
};

}  // namespace schoolgate::net
