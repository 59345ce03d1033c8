// The audit log: every accepted change of configuration, by whom, when, and what it was, line by line.
//
// audit.db in the state folder (0600): the same hash-chained table as the breach log, so that `verify` reads it too.
// One writer, the gateway; any thread, one at a time. Not for the data path: recording waits for the disk.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "breaches/verify.h"

namespace schoolgate::breaches {

/// A user of this machine; "sudo" tells who was behind root.
struct MachineUser {
  std::uint32_t uid = 0;
  std::string name;       ///< empty when the machine does not know the number
  std::string sudo_user;  ///< SUDO_USER, as the environment claims it; empty when there is none
};
/// Of this process.
[[nodiscard]] MachineUser current_user();
/// Of another one on this machine, e.g. from SO_PEERCRED.
[[nodiscard]] MachineUser user_of(std::uint32_t uid);

/// A file before and after; empty text where it did not exist.
struct ChangedFile {
  std::string name;
  std::string before, after;
};

struct AuditChange {
  TimePoint time;
  MachineUser user;
  std::string what;  ///< "start", "reload", "lists"
  std::string old_version, new_version;
  std::string commit = {};         ///< of the changes' history, where it holds just this; empty: it does not
  std::vector<ChangedFile> files;  ///< those that are the same are left out of the record
};

class AuditLog {
 public:
  [[nodiscard]] static Result<std::unique_ptr<AuditLog>> open(const std::filesystem::path& state_folder);
  /// Opened by its first use, and again by each use after one that failed.
  [[nodiscard]] static std::unique_ptr<AuditLog> open_when_used(const std::filesystem::path& state_folder);
  ~AuditLog();

  /// Durable when it returns; the number of the record. One JSON object:
  /// {"id","seq","time","what","user":{"uid","name",
  /// "sudo_user"},"old_version","new_version","commit","files":[{"name","diff"}],"previous_hash"}.
  [[nodiscard]] Result<std::uint64_t> record_change(const AuditChange& change);
  /// Removes whole days before `before`; how many records. The chain stays verifiable.
  [[nodiscard]] Result<std::uint64_t> remove_before(TimePoint before, TimePoint now);

 private:
  AuditLog();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Hands the records, one JSON object each and oldest first, to `read` until it returns false. Beside a running
/// gateway.
[[nodiscard]] Result<void> list_audit(const std::filesystem::path& state_folder,
                                      const std::function<bool(std::string_view)>& read);
[[nodiscard]] Result<ChainReport> verify_audit(const std::filesystem::path& state_folder);

}  // namespace schoolgate::breaches
