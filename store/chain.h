// An append-only table of records in which each carries the hash of the one before, with a signed head.
//
// The breach log and the audit log are both one of these. A record is one JSON object (its bytes are the canonical form
// that is hashed) that begins {"id":…,"seq":… and ends …,"previous_hash":"…"}. The head row names the last record and
// the place where retention cut, signed with the state key: a tail that was cut off shows. What a chain can and cannot
// prove is in docs/breach-log.md.
//
// Belongs to one thread. Transactions are the caller's. Where several connections write (desk.db, people.db), a chain
// is opened and used inside one transaction; the breach log and the audit log have one writer (a lock says so) and keep
// it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "store/sqlite.h"
#include "store/state_key.h"

namespace schoolgate::store {

struct ChainHead {
  std::string chain;          ///< id of this chain: a new file begins a new one
  std::uint64_t seq = 0;      ///< of the last record; 0 before the first
  std::string hash;           ///< of the last record, hexadecimal
  std::uint64_t cut_seq = 0;  ///< records up to here were removed by retention
  std::string cut_hash;       ///< of the record at cut_seq
  std::string broken;         ///< why an earlier signature could not be trusted; empty when all is well
  std::string mac;            ///< as stored

  [[nodiscard]] std::string sign(const StateKey& key) const;
  [[nodiscard]] bool is_signed_by(const StateKey& key) const;
};

/// The head as stored; a `seq` of 0 and an empty `chain` when the file has none yet.
[[nodiscard]] Result<ChainHead> read_head(Database& database);

class Chain {
 public:
  /// Makes the tables where absent and checks the head: a head that is not signed by `key`, or that is behind the
  /// records, marks the chain as broken (which verify reports from then on) and goes on after the highest number seen.
  /// Inside the caller's transaction, or its own.
  [[nodiscard]] static Result<Chain> open(Database& database, const StateKey& key);

  [[nodiscard]] std::uint64_t next_seq() const noexcept { return head_.seq + 1; }
  /// Appends ,"previous_hash":"…"} to a record that is otherwise complete.
  void close_record(std::string& record) const;
  /// Stores a closed record as next_seq(). The transaction must be rolled back, and the chain opened anew, when false.
  /// `likely`: where the clock that gave `time` is not believed, when it is written all the same; retention then goes
  /// by the later of the two days.
  [[nodiscard]] bool append(TimePoint time, std::string_view record, std::optional<TimePoint> likely = {});
  /// Signs and stores the head; the last step of every transaction that appended.
  [[nodiscard]] bool store_head();

  /// Removes at most `limit` of the oldest records that lie wholly before the UTC day of `before`, and signs the new
  /// beginning. Returns how many. Inside the caller's transaction, or its own. Days of the future were written by a
  /// clock that was ahead: they hold back nothing that came before a day that is right. `now` must be believed.
  [[nodiscard]] Result<std::uint64_t> remove_before(TimePoint before, TimePoint now, std::uint64_t limit);

  [[nodiscard]] const ChainHead& head() const noexcept { return head_; }

 private:
  Chain(Database& database, const StateKey& key) : database_(&database), key_(&key) {}
  [[nodiscard]] static Result<Chain> open_inside(Database& database, const StateKey& key);
  [[nodiscard]] Result<std::uint64_t> cut_before(TimePoint before, TimePoint now, std::uint64_t limit);
  [[nodiscard]] bool store_day();

  Database* database_;
  const StateKey* key_;
  ChainHead head_;
  Statement insert_, update_head_, upsert_day_;
  std::int64_t day_ = -1;  ///< the day whose range is not yet stored, and that range
  std::uint64_t day_first_ = 0, day_last_ = 0;
};

/// The highest and lowest record numbers that can hold a time in [since, until), from the day table; for exports.
struct SeqRange {
  std::uint64_t first = 1, last = 0;  ///< empty when first > last
};
[[nodiscard]] Result<SeqRange> records_between(Database& database, TimePoint since, TimePoint until);

}  // namespace schoolgate::store
