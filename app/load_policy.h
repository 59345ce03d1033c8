// From a configuration folder to a policy that may be published: the recipe that `check`, `run` and `reload` share.
//
//   load YAML -> compile lists -> compile rules -> run the rules' own tests
//
// Every step reports all it finds; a step that fails ends the recipe, and nothing of what was before it is changed.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "base/problem.h"
#include "config/load.h"
#include "rules/snapshot.h"

namespace schoolgate::app {

struct LoadedPolicy {
  config::Configuration configuration;
  std::shared_ptr<const rules::PolicySnapshot> snapshot;
  Problems warnings;
};

/// What becomes of a configuration whose lists were refused.
enum class RefusedLists : std::uint8_t {
  refuse_all,       ///< a change: the configuration is refused, the policy in force stays
  serve_last_good,  ///< a start: better yesterday's lists than no filter; what was refused is a warning
};

[[nodiscard]] std::expected<LoadedPolicy, Problems> load_policy(const std::filesystem::path& folder, TimePoint now,
                                                                RefusedLists refused = RefusedLists::refuse_all);

}  // namespace schoolgate::app
