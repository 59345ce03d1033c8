// The key of sealed lists as a file: 32 random bytes, mode 0600.
#pragma once

#include <filesystem>

#include "base/error.h"
#include "blocklists/category_db.h"

namespace schoolgate::app {

/// Fault host: no such file, or not a key.
[[nodiscard]] Result<blocklists::SealedKey> read_sealed_key(const std::filesystem::path& path);
/// As read_sealed_key(), but makes a new key where there is no file. The folder must exist.
[[nodiscard]] Result<blocklists::SealedKey> read_or_make_sealed_key(const std::filesystem::path& path);

}  // namespace schoolgate::app
