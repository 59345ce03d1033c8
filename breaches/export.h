// Breach records out of the state folder, as JSON lines or CSV, while the gateway goes on writing.
//
// For the command line, on any thread; a connection of its own that only reads. Records leave as they are stored, so
// the lines can be checked against each other's previous_hash. Nothing withheld can be had here: it is not in the log.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

namespace schoolgate::breaches {

enum class ExportFormat { jsonl, csv };

struct ExportRange {
  TimePoint since = TimePoint::min();  ///< included
  TimePoint until = TimePoint::max();  ///< not included
};

/// Hands pieces of the export, whole lines each, to `write` until it returns false (the reader has gone). Returns the
/// number of records. Fault host when the log cannot be read.
[[nodiscard]] Result<std::uint64_t> export_breaches(const std::filesystem::path& state_folder, ExportRange range,
                                                    ExportFormat format,
                                                    const std::function<bool(std::string_view)>& write);

}  // namespace schoolgate::breaches
