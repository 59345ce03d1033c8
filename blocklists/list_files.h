// Which files a source consists of, and in which format each is read: one for a file, several for a folder. Either may
// lie in an archive.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "blocklists/compile.h"

namespace schoolgate::blocklists {

struct ListFile {
  std::filesystem::path path;
  std::string member;  ///< the file of the archive at `path`; empty: `path` is the file
  std::string name;    ///< how notes call it; empty for a file source
  Format format = Format::domains;
};

/// A part of a folder that is left alone, and why.
struct LeftOut {
  std::string name, reason;
};

struct ListFiles {
  std::vector<ListFile> files;  ///< in a fixed order
  std::vector<LeftOut> left_out;
  std::string taken;  ///< of an archive: which of its files these are, for people
};

[[nodiscard]] Result<LineReader> open_list_file(const ListFile& file, const ReadLimits& limits = {});

/// Fault config: a folder where a file was promised or the other way round, a folder without any list in it, an archive
/// of which it is not clear what is meant. Fault upstream: a damaged archive.
[[nodiscard]] Result<ListFiles> files_of(const ListSource& source);

/// For e2guardian's lists: the file of the same folder that a line ".Include<…>" names. Empty for other lines; a path
/// that leads out of `folder` is an Error.
[[nodiscard]] Result<std::filesystem::path> included_file(std::string_view line, const std::filesystem::path& folder);

}  // namespace schoolgate::blocklists
