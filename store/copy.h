// A database as it is at one moment, in a file of its own: by SQLite's online backup, beside the process that writes
// it.
//
// For a process that only asks (only_ask.h): nothing is made or changed beside the database.
#pragma once

#include <filesystem>

#include "base/error.h"

namespace schoolgate::store {

/// True when the file begins as a database does.
[[nodiscard]] bool is_database(const std::filesystem::path& file);

/// `to` must not exist; it is made with mode 0600, and is gone again after a failure. The copy holds what was committed
/// before some moment of the call, and nothing of what came later. Fault host; "no space" says so. The database was
/// begun or ended by a gateway meanwhile: fault self, try again.
[[nodiscard]] Result<void> copy_database(const std::filesystem::path& from, const std::filesystem::path& to);

/// PRAGMA quick_check, and a format that this release knows. The file is no gateway's at the time.
[[nodiscard]] Result<void> check_database(const std::filesystem::path& file);

}  // namespace schoolgate::store
