#include "app/firewall_alarm.h"

#include <algorithm>

#include "app/firewall_plan.h"

namespace schoolgate::app {
namespace {

using net::FirewallState;

// Nothing of a device's can arrive at a listener on loopback, so nothing has to be diverted to it.
bool is_transparent(const config::Listen& listen) {
  const auto is_own = [](const config::Endpoint& at) { return at.address.is_loopback(); };
  return !std::ranges::all_of(listen.http, is_own) || !std::ranges::all_of(listen.tls, is_own);
}

bool is_trouble(FirewallState state) { return state == FirewallState::missing || state == FirewallState::changed; }

}  // namespace

void FirewallAlarm::look(const config::Configuration& configuration, TimePoint now) {
  constexpr auto kAgain = std::chrono::hours(1);
  net::FirewallReport seen;
  if (is_transparent(configuration.settings.listen)) {
    const auto plan = firewall_plan(configuration);
    seen = plan ? look_(watch_, plan->made_from)
                : net::FirewallReport{FirewallState::unknown, plan.error().what, plan.error().next};
  }
  FirewallState before;
  {
    const std::scoped_lock lock(mutex_);
    before = report_.state;
    report_ = seen;
  }
  const bool lasts = seen.state == before && told_ != TimePoint{};
  if (is_trouble(seen.state)) {
    if (lasts && now >= told_ && now - told_ < kAgain) return;
    told_ = now;
    tell_("firewall " + std::string(to_string(seen.state)),
          "The firewall of this gateway is not as it should be: " + seen.why + ". Load it again: " + seen.next + ".");
  } else if (seen.state == FirewallState::in_force && told_ != TimePoint{}) {
    told_ = {};
    tell_("firewall in force again", "The firewall of this gateway is loaded and whole again.");
  }
}

net::FirewallReport FirewallAlarm::report() const {
  const std::scoped_lock lock(mutex_);
  return report_;
}

}  // namespace schoolgate::app
