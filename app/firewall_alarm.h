// Watches the kernel's firewall for the running gateway, and tells the technician when it is not what it should be.
//
// Owned by RunningGateway. look() runs on the control plane's thread; report() may be called from any.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "config/load.h"
#include "proxy/net/linux/firewall_watch.h"

namespace schoolgate::app {

class FirewallAlarm {
 public:
  using Tell = std::function<void(const std::string& kind, const std::string& text)>;
  using Look = std::function<net::FirewallReport(net::FirewallWatch&, std::string_view made_from)>;

  /// `tell` is called when the state becomes a bad one, once an hour while it stays so, and when it is good again.
  explicit FirewallAlarm(Tell tell, Look look = &net_look) : tell_(std::move(tell)), look_(std::move(look)) {}

  void look(const config::Configuration& configuration, TimePoint now);
  /// As it was last seen; "unknown" before the first look().
  [[nodiscard]] net::FirewallReport report() const;

 private:
  static net::FirewallReport net_look(net::FirewallWatch& watch, std::string_view made_from) {
    return watch.look(made_from);
  }

  Tell tell_;
  Look look_;
  net::FirewallWatch watch_;
  TimePoint told_{};  ///< when the trouble that lasts was last told
  mutable std::mutex mutex_;
  net::FirewallReport report_{net::FirewallState::unknown, "not looked yet", {}};
};

}  // namespace schoolgate::app
