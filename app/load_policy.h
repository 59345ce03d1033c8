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
#include <string>
#include <vector>

#include "app/category_data.h"
#include "base/clock.h"
#include "base/problem.h"
#include "config/load.h"
#include "rules/snapshot.h"

namespace schoolgate::app {

/// Something that serves in the place of what the configuration asks for, since the start.
struct StartFallback {
  /// A label of metric start_fallback: "configuration", "lists", "tests" or the name of a store or a listener.
  std::string what;
  std::string why;  ///< for the technician: what is wrong, what serves instead, what to do
  bool operator==(const StartFallback&) const = default;
};

struct LoadedPolicy {
  config::Configuration configuration;
  std::shared_ptr<const rules::PolicySnapshot> snapshot;
  Problems warnings;
  std::vector<StartFallback> fallbacks = {};  ///< only where RefusedLists::serve_last_good was asked for
  /// The policy that `snapshot` was compiled from: as written, but for groups that wait for a list (rules/not_ready.h).
  rules::PolicySpec in_force = {};
  /// The policy as written, over the same lists: what protection is asked of.
  std::shared_ptr<const rules::PolicySnapshot> as_written = {};
  std::size_t failed_tests = 0;   ///< of the rules' own tests, among the warnings
  bool lists_unreadable = false;  ///< a start without any list: to be tried again
  bool was_accepted = true;       ///< a start may serve files that a reload would refuse: they do not count as accepted
};

/// What becomes of a configuration whose lists or tests were refused.
enum class RefusedLists : std::uint8_t {
  refuse_all,       ///< a change: the configuration is refused, the policy in force stays
  serve_last_good,  ///< a start or a question: better yesterday's lists than no filter; what was refused is a warning.
                    ///< A start that has no lists at all closes the groups that need them
  take_new,         ///< lists that were published under the policy in force: as serve_last_good, but without any lists
                    ///< that policy stays
};

/// `use`: a question writes nothing; what is put in force publishes its lists, once nothing refuses it any more.
[[nodiscard]] std::expected<LoadedPolicy, Problems> load_policy(const std::filesystem::path& folder, TimePoint now,
                                                                RefusedLists refused = RefusedLists::refuse_all,
                                                                ListUse use = ListUse::ask);

/// The same from files that were read already; `folder` is where they are from.
[[nodiscard]] std::expected<LoadedPolicy, Problems> policy_from(config::Loaded loaded,
                                                                const std::filesystem::path& folder, TimePoint now,
                                                                RefusedLists refused, ListUse use);

}  // namespace schoolgate::app
