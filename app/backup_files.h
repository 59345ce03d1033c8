// Which files make a gateway: what a backup holds of the configuration folder and of the state folder.
//
// All of both but what a running process alone needs (sockets, locks, SQLite's logs and their indexes, downloads that
// are not finished). So a file that a later release adds is in the backup without being named here.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace schoolgate::app {

struct BackupFile {
  std::filesystem::path path;
  std::string name;  ///< in the archive: which of the two folders, then the path inside it
  bool is_database = false;
  bool operator==(const BackupFile&) const = default;
};

/// In the order in which they are to be read: plain files, then databases, the breach log last, since the others name
/// its records. Links are followed; `left_out` and what is below it is not looked at. Fault host: something cannot be
/// read, a name that no archive can hold.
[[nodiscard]] Result<std::vector<BackupFile>> backup_files(const std::filesystem::path& config,
                                                           const std::filesystem::path& state,
                                                           std::vector<std::filesystem::path> left_out);

}  // namespace schoolgate::app
