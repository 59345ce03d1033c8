// Whole small files: read with a bound, replaced in one step.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"

namespace schoolgate {

/// The content of a regular file of at most `limit` bytes. Refuses folders, devices and pipes (fault: host or config).
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit = 64u << 20);

struct FileOwner {
  uid_t user = 0;
  gid_t group = 0;
};

/// Writes `content` to a temporary neighbour (mode 0600 unless `mode` says otherwise, `owner` as its owner where one is
/// given), syncs it and renames it over `path`: a reader sees the old file or the new one, a crash leaves one of the
/// two.
[[nodiscard]] Result<void> replace_file(const std::filesystem::path& path, std::string_view content,
                                        unsigned mode = 0600, const FileOwner* owner = nullptr);

/// Makes a folder of mode 0700 and its parents; an existing one is left as it is.
[[nodiscard]] Result<void> make_private_folder(const std::filesystem::path& path);

}  // namespace schoolgate
