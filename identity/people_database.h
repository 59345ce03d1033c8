// people.db: the file under the registers of a school (accounts.h, classes.h, visits.h, device_register.h,
// access_register.h, terms_record.h, wrong_passwords.h, saved_sessions.h): its tables, its lock, its mark of change.
//
// One file in the state folder (mode 0600). Thread-safe; every call may wait for the disk, so it is for control-plane
// threads and commands only, never for a worker. Several processes may have it open at once: the gateway and
// `schoolgate people` beside it. Every change is one transaction, on disk when the call returns. The registers are made
// over it where they are needed, cost nothing, and must not outlive it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "store/sqlite.h"
#include "store/state_key.h"

namespace schoolgate::identity {

class PeopleDatabase {
 public:
  /// Makes the database when the folder has none; the folder must exist. A process that only asks (store/only_ask.h)
  /// makes none and reads empty registers. Fault host: the disk, or a file that is no database (it is left as it is).
  [[nodiscard]] static Result<std::unique_ptr<PeopleDatabase>> open(const std::filesystem::path& state_folder);
  PeopleDatabase(const PeopleDatabase&) = delete;
  PeopleDatabase& operator=(const PeopleDatabase&) = delete;

  /// Another value after every change of people, classes, devices or access by any process.
  [[nodiscard]] std::uint64_t change_mark();
  /// Moves the write-ahead log into the file; every minute or so.
  void checkpoint();

  /// When a job of once a day was last done, so that a night that was missed can be caught up with.
  [[nodiscard]] Result<std::optional<TimePoint>> done_at(std::string_view job);
  [[nodiscard]] Result<void> set_done(std::string_view job, TimePoint now);

  // For the registers:

  using Work = std::function<Result<void>(store::Database&)>;
  /// Runs `work` in one transaction, rolled back when it returns an error, and moves the mark of change.
  [[nodiscard]] Result<void> change(const Work& work);
  /// The same, and the mark stays: for what is no part of people, classes, devices or access.
  [[nodiscard]] Result<void> change_unmarked(const Work& work);
  /// Runs `read` with the lock held and returns what it returns.
  template <class Read>
  [[nodiscard]] auto read(Read&& read) {
    const std::scoped_lock lock(mutex_);
    return std::forward<Read>(read)(database_);
  }
  [[nodiscard]] const store::StateKey& key() const noexcept { return key_; }

 private:
  PeopleDatabase(store::Database database, store::StateKey key) noexcept
      : key_(std::move(key)), database_(std::move(database)) {}

  const store::StateKey key_;
  std::mutex mutex_;
  store::Database database_;       ///< under mutex_
  std::uint64_t own_changes_ = 0;  ///< under mutex_
};

}  // namespace schoolgate::identity
