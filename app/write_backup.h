// Writes a backup of a gateway, which may be running: one file that is whole, or none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

#include "backup/manifest.h"
#include "base/error.h"

namespace schoolgate::app {

struct BackupOrder {
  std::filesystem::path config, state;
  std::filesystem::path output;  ///< replaced when it is there
  std::string_view passphrase;   ///< empty: not encrypted
  backup::About about;
};

struct BackupDone {
  std::uint64_t files = 0, bytes = 0;  ///< bytes: of the backup
};

/// For a process that only asks (store/only_ask.h). Everything is read as it is at one moment of its own: each database
/// by SQLite's online backup, a log to the end of its last whole line. What an update or a reload replaces meanwhile is
/// read again. Written beside `output` (mode 0600), synced and renamed; a failure leaves nothing. `progress` is told
/// what is being read.
[[nodiscard]] Result<BackupDone> write_backup(const BackupOrder& order,
                                              const std::function<void(std::string_view)>& progress);

}  // namespace schoolgate::app
