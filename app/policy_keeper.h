// The policy in force: what the configuration says, with the measures of the moment written into it.
//
// Keeps the specification and the lists of the last accepted configuration, so that a measure that begins or ends is
// in force within milliseconds: the lists stay where they are in memory, only the rules are compiled again.
// Thread-safe; never on the path of a request.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "app/measure_lengths.h"
#include "base/error.h"
#include "base/problem.h"
#include "base/steady_clock.h"
#include "blocklists/category_db.h"
#include "rules/measures.h"
#include "rules/policy_spec.h"
#include "rules/policy_store.h"

namespace schoolgate::app {

class PolicyKeeper {
 public:
  /// Those that are not closed and end after the given time: what the store of measures says.
  using Measures = std::function<Result<std::vector<rules::Measure>>(TimePoint ends_after)>;
  /// Closes one whose time is over although the wall clock, set back, says that it is not.
  using Close = std::function<Result<void>(const std::string& id)>;

  /// Holds nothing before use().
  PolicyKeeper(rules::PolicyStore& store, Measures measures, Close close)
      : store_(store), measures_(std::move(measures)), close_(std::move(close)) {}

  /// Publishes a configuration that was just accepted, with the measures in force. `plain` is its snapshot without any.
  [[nodiscard]] Problems use(rules::PolicySpec spec, std::shared_ptr<const rules::PolicySnapshot> plain, Moment now);
  /// A measure was opened or closed, or one began or ended: compiles and publishes. What was in force stays when that
  /// cannot be done.
  [[nodiscard]] Result<Problems> refresh(Moment now);
  /// When refresh() is due; none while nothing changes by itself.
  [[nodiscard]] std::optional<TimePoint> next_change() const;
  /// refresh(), if a measure began or ended since the last one, or the wall clock was set.
  void refresh_if_due(Moment now);

  /// Of the configuration, without measures.
  [[nodiscard]] rules::PolicySpec spec() const;

 private:
  /// The policy with `measures`; null when none is in force.
  [[nodiscard]] Result<std::shared_ptr<const rules::PolicySnapshot>> compile(
      const std::vector<rules::Measure>& measures, TimePoint now, Problems& warnings) const;

  /// What is in force or comes later, with the ends that hold now; under the lock.
  [[nodiscard]] Result<std::vector<rules::Measure>> settled(Moment now);

  rules::PolicyStore& store_;
  const Measures measures_;
  const Close close_;
  mutable std::mutex mutex_;
  MeasureLengths lengths_;
  std::vector<std::string> over_;  ///< to be closed in the store
  rules::PolicySpec spec_;
  std::shared_ptr<const blocklists::CategoryDb> lists_;
  std::optional<TimePoint> next_change_;
};

}  // namespace schoolgate::app
