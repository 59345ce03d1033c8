// The policy in force: what the configuration says, with the measures of the moment written into it.
//
// Keeps the specification and the lists of the last accepted configuration, so that a measure that begins or ends is
// in force within milliseconds: the lists stay where they are in memory, only the rules are compiled again. Measures
// that cannot be read stay in force as they were last known, over a restart too, and those that their store knows
// nothing of after a start are put back into it: nothing that a person has blocked opens because a file is damaged or
// gone. Thread-safe; never on the path of a request.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/kept_measures.h"
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
  /// Writes one into the store where the store knows nothing of it, neither open nor closed. True: it was written.
  using PutBack = std::function<Result<bool>(const rules::Measure& measure)>;
  /// Closes one whose time is over although the wall clock, set back, says that it is not.
  using Close = std::function<Result<void>(const std::string& id)>;

  /// Told, outside any lock, why the measures cannot be read or put in force, or which were put back and are in force
  /// still; empty: nothing is wrong any more.
  using Tell = std::function<void(const std::string& why)>;

  /// Holds nothing before use(). What was last known of the measures is kept in `state`.
  PolicyKeeper(rules::PolicyStore& store, const std::filesystem::path& state, Measures measures, PutBack put_back,
               Close close, Tell tell)
      : store_(store),
        measures_(std::move(measures)),
        put_back_(std::move(put_back)),
        close_(std::move(close)),
        tell_(std::move(tell)),
        kept_(state) {}

  /// Publishes a configuration that was just accepted, with the measures in force. `plain` is its snapshot without any.
  [[nodiscard]] Problems use(rules::PolicySpec spec, std::shared_ptr<const rules::PolicySnapshot> plain, Moment now);
  /// A measure was opened or closed, or one began or ended: compiles and publishes. What was in force stays when that
  /// cannot be done.
  [[nodiscard]] Result<Problems> refresh(Moment now);
  /// After trouble was told: refresh(), unless nothing is left that trying again would mend.
  void retry(Moment now);
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
  /// The same; as they were last known where they cannot be read, with the reason in `trouble`.
  [[nodiscard]] std::vector<rules::Measure> settled_or_known(Moment now, std::string& trouble);
  /// What the store says, and what it lost since it was last known.
  [[nodiscard]] Result<std::vector<rules::Measure>> read_whole(Moment now);
  /// Puts back what is kept and the store knows nothing of; what cannot be written stays in `unwritten_`.
  void put_back_lost();
  void word_lost(const std::vector<rules::Measure>& measures);
  [[nodiscard]] std::vector<rules::Measure> settle(const std::vector<rules::Measure>& kept, Moment now);
  /// What is in force with these measures.
  [[nodiscard]] Result<Problems> publish(const std::vector<rules::Measure>& measures, Moment now);
  void tell(const std::string& trouble);

  rules::PolicyStore& store_;
  const Measures measures_;
  const PutBack put_back_;
  const Close close_;
  const Tell tell_;
  mutable std::mutex mutex_;
  KeptMeasures kept_;
  std::optional<std::vector<rules::Measure>> known_;  ///< as the store last had them; none: not read since the start
  bool is_compared_ = false;                          ///< what is kept with what the store knows, since the start
  std::vector<rules::Measure> unwritten_;             ///< lost by the store and not in it yet
  std::string why_unwritten_;
  std::set<std::string> put_back_ids_;  ///< lost by the store and in it again
  std::string lost_words_;              ///< names those of both that are not over; empty: none
  MeasureLengths lengths_;
  std::vector<std::string> over_;  ///< to be closed in the store
  std::string told_;               ///< the trouble that lasts
  bool has_published_ = false;
  rules::PolicySpec spec_;
  std::shared_ptr<const blocklists::CategoryDb> lists_;
  std::optional<TimePoint> next_change_;
};

}  // namespace schoolgate::app
