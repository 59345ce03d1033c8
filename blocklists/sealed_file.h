// A sealed list at rest: what remains of a fetched one once its text has gone. Tags and counts, nothing else.
#pragma once

#include <filesystem>
#include <vector>

#include "base/error.h"
#include "blocklists/compile.h"
#include "blocklists/sealed_list.h"

namespace schoolgate::blocklists {

struct SealedContent {
  std::vector<SealedEntry> hosts, urls;  ///< of list 0
  ListReport report;                     ///< counts, and notes without text
};

/// Reads the list of `source` (one file, any format, an archive too) and replaces it by its sealed form: afterwards
/// `source.path` holds tags and the text is gone from it. Faults as compile().
[[nodiscard]] Result<void> seal_in_place(const ListSource& source, const SealedKey& key, const ReadLimits& limits = {});

/// Writes what is left of a sealed list. Fault host.
[[nodiscard]] Result<void> write_sealed_file(const std::filesystem::path& path, const SealedContent& content,
                                             const Sealer& sealer);

/// True when the file begins as a sealed list.
[[nodiscard]] bool is_sealed_file(const std::filesystem::path& path);
/// What an image, which CategoryDb has opened, holds of its sealed list number `list`: tags mean the same in every
/// image that is made under one key. The counts of its report are the caller's to fill in. Fault host.
[[nodiscard]] Result<SealedContent> sealed_content_in(const std::filesystem::path& image, std::uint16_t list);
/// Fault config: damaged, or made with another key.
[[nodiscard]] Result<SealedContent> read_sealed_file(const std::filesystem::path& path, const Sealer& sealer);

}  // namespace schoolgate::blocklists
