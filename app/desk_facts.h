// What the desk shows about the gateway itself: the policy in force, the ages of the lists, and what this installation
// cannot see. Read off the live configuration each time, so that no page can say what is no longer true.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "config/load.h"
#include "console/console.h"
#include "rules/snapshot.h"

namespace schoolgate::app {

/// The configuration and the policy of the moment; both functions may be called from any thread.
struct DeskSources {
  std::function<std::shared_ptr<const config::Configuration>()> configuration;
  std::function<std::shared_ptr<const rules::PolicySnapshot>()> policy;
};

/// Fills the hooks that tell; those that cause something are left alone.
void add_facts(console::Hooks& hooks, DeskSources sources);

[[nodiscard]] console::PolicyFacts policy_facts(const config::Configuration& configuration,
                                                const rules::PolicySnapshot& policy);
/// What is not seen or not done, and the setting that it comes from: as the 2026 standards ask schools to know.
[[nodiscard]] std::vector<console::Limit> limits_of(const config::Configuration& configuration,
                                                    const rules::PolicySnapshot& policy);
[[nodiscard]] std::vector<console::ListAge> list_ages(const config::Configuration& configuration,
                                                      const rules::PolicySnapshot& policy, TimePoint now);

}  // namespace schoolgate::app
