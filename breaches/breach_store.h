// The breach log's database: a chain of records and the episodes they form, written in whole transactions.
//
// Belongs to the breach log's writer thread. After any failure it must be thrown away and opened anew: what is in
// memory (numbers, hashes, sums) is then read back from what is on disk.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "breaches/breach.h"
#include "breaches/episodes.h"
#include "breaches/record.h"
#include "store/chain.h"

namespace schoolgate::breaches {

inline constexpr const char* kBreachesFile = "breaches.db";

/// What the copies of sealed addresses are encrypted under (base/seal.h); `about` is the record's id.
[[nodiscard]] Sha256 sealed_address_key(const store::StateKey& key);

class BreachStore {
 public:
  struct Settings {
    std::filesystem::path folder;
    std::string school, gateway, vfs;
    std::set<std::string> live_sums = {};  ///< sums that the caller goes on with: they are left open
  };

  /// A damaged file is moved aside and a new one begun; `aside` then tells where it went.
  [[nodiscard]] static Result<std::unique_ptr<BreachStore>> open(const Settings& settings, const store::StateKey& key,
                                                                 std::optional<std::filesystem::path>& aside);

  /// Writes all of `breaches` and, when `sums_due`, the changed episodes, in one durable transaction. Returns the
  /// number of the first record written. `likely`: what time it is where the clock is not believed, for retention.
  /// `open_sums`: sums of minutes that are not over (folding.h). They are kept beside the records, and become records
  /// when they come as `breaches`, or when the log is opened and they were left. One without attempts is kept no
  /// longer.
  [[nodiscard]] Result<std::uint64_t> write(std::span<const Breach> breaches, bool sums_due,
                                            std::optional<TimePoint> likely = {},
                                            std::span<const Breach> open_sums = {});
  /// The chain as it was found, before sums that were left became records.
  [[nodiscard]] const store::ChainHead& found_head() const noexcept { return found_head_; }

  /// After a failed write(): the hash that the head has if the commit reached the disk all the same; empty when it was
  /// not even tried, or held no record.
  [[nodiscard]] const std::string& attempted_hash() const noexcept { return attempted_hash_; }
  [[nodiscard]] const store::ChainHead& head() const noexcept { return chain_->head(); }
  [[nodiscard]] bool has_unstored_sums() const noexcept { return episodes_->has_changes(); }

  /// Moves the write-ahead log into the database when it has grown; to be called when nobody waits.
  void checkpoint_if_due();
  /// Moves all of it and syncs: what this returns success for is durable whatever happened before.
  [[nodiscard]] Result<void> checkpoint_all() { return database_.checkpoint(SQLITE_CHECKPOINT_TRUNCATE); }
  /// Removes up to a thousand records and episodes of days before `before`. Returns how many records.
  [[nodiscard]] Result<std::uint64_t> remove_before(TimePoint before, TimePoint now);
  void forget_ended_episodes(TimePoint now) { episodes_->forget_ended(now); }

 private:
  BreachStore(store::Database database, const Settings& settings, const store::StateKey& key);
  [[nodiscard]] bool keep_sealed(const Breach& breach, std::string_view episode);
  [[nodiscard]] bool write_all(std::span<const Breach> breaches, bool sums_due, std::optional<TimePoint> likely,
                               std::span<const Breach> open_sums);
  [[nodiscard]] bool keep_open(const Breach& sum);
  [[nodiscard]] bool is_open_no_more(const Breach& breach);
  [[nodiscard]] Result<void> write_left_sums(const Settings& settings);

  store::Database database_;  ///< chain_ and episodes_ keep its address
  RecordWriter record_writer_;
  Sha256 seal_key_;
  std::optional<store::Chain> chain_;
  std::optional<EpisodeTracker> episodes_;
  store::Statement keep_sealed_, keep_open_, drop_open_, drop_sealed_;
  std::set<std::string> open_ids_;  ///< rows of open_sums
  store::ChainHead found_head_;
  std::string record_, attempted_hash_;
  int wal_pages_ = 0;  ///< size of the write-ahead log after the last commit
  int checkpoint_at_;
};

}  // namespace schoolgate::breaches
