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

/// Reads the list of `source` (one file, any format) and replaces it by its sealed form: afterwards `source.path` holds
/// tags and the text is gone from it. Faults as compile().
[[nodiscard]] Result<void> seal_in_place(const ListSource& source, const SealedKey& key, const ReadLimits& limits = {});

/// True when the file begins as a sealed list.
[[nodiscard]] bool is_sealed_file(const std::filesystem::path& path);
/// Fault config: damaged, or made with another key.
[[nodiscard]] Result<SealedContent> read_sealed_file(const std::filesystem::path& path, const Sealer& sealer);

}  // namespace schoolgate::blocklists
