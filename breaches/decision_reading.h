// The decisions of many days, line by line, out of the file that is being written and out of those that were rotated.
//
// Every file is opened before the first is read, so a rotation meanwhile loses and doubles no line. What stands there
// is either handed over or an error: a reader that tallies must not pass over a file in silence. Writes nothing. One
// thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

namespace schoolgate::breaches {

/// How far reading has come, in bytes of the files as they lie on disk.
struct DecisionsRead {
  std::uint64_t bytes = 0, of_bytes = 0;
  std::uint64_t files = 0;
};

using OnDecisionLine = std::function<void(std::string_view)>;

/// Hands the lines of a packed file over; fault host or upstream: it cannot be unpacked. The caller's, since this room
/// knows no way of packing.
using UnpackLines = std::function<Result<void>(const std::filesystem::path&, const OnDecisionLine&)>;

/// Every line of `file` and its rotated neighbours ("decisions-2026-11-22.jsonl", "decisions.jsonl.1", either packed)
/// that may be of `since` or later; of older ones some are among them. In no order that may be relied on. `progress`
/// is called now and then. Fault host: there is no file, or one cannot be read ("cannot read ...").
[[nodiscard]] Result<DecisionsRead> read_decisions(const std::filesystem::path& file, TimePoint since,
                                                   const UnpackLines& unpack, const OnDecisionLine& line,
                                                   const std::function<void(const DecisionsRead&)>& progress);

}  // namespace schoolgate::breaches
