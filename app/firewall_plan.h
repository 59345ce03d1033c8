// What the firewall of this configuration has to be: settings and policy -> net::FirewallPlan.
//
// One place for the command that prints the ruleset and for the watch that compares it with the kernel's.
#pragma once

#include "base/error.h"
#include "config/load.h"
#include "proxy/net/linux/firewall.h"

namespace schoolgate::app {

/// Fault config where no transparent listener is configured or those of one kind have several ports.
[[nodiscard]] Result<net::FirewallPlan> firewall_plan(const config::Configuration& configuration);

}  // namespace schoolgate::app
