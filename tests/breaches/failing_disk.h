// A disk that fails when told to: an SQLite VFS over the system's own. Files, locks and content are real; only the
// answers of write and sync can be made those of a full, broken or hanging disk.
#pragma once

#include <cstdint>

namespace schoolgate::breaches {

class FailingDisk {
 public:
  enum class Mood {
    well,
    full,         ///< writes answer "no space left"
    broken,       ///< writes and syncs answer "I/O error"
    sync_broken,  ///< writes reach the file, syncs answer "I/O error"
    hanging,      ///< syncs do not return until the mood changes
  };

  static constexpr const char* kName = "failing-disk";

  /// Registers the VFS once for the process and makes it well.
  FailingDisk();
  ~FailingDisk();
  void become(Mood mood);

  /// From now on operations (reads, writes, truncations, syncs, sizes) are counted, and the `number`th answers
  /// "I/O error"; with `lasting` all after it do, too. Syncs that do not fail are not passed on to the disk. become()
  /// ends that.
  void fail_operation(std::uint64_t number, bool lasting);
  /// How many there were since; of those that were counted.
  [[nodiscard]] std::uint64_t operations() const;
};

}  // namespace schoolgate::breaches
