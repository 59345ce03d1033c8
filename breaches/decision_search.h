// Decisions of a few minutes out of the daily files, found by binary search.
//
// Lines stand in the order in which exchanges ended (time + ms), to within a worker's buffer. Reads at most a bounded
// part of the file, beside the writer; needs no index and keeps nothing. Any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace schoolgate::breaches {

/// Hands every line of a file that has `part` in it to `line`, until it returns false. For exports: reads it all.
[[nodiscard]] Result<void> read_lines_with(const std::filesystem::path& file, std::string_view part,
                                           const std::function<bool(std::string_view)>& line);

class DecisionFiles {
 public:
  /// `file`: what `decisions:` names; empty when no decisions are kept. Days before are beside it.
  explicit DecisionFiles(std::filesystem::path file) : file_(std::move(file)) {}

  struct Looked {
    bool kept = false;       ///< there was a file that covers the time
    bool cut_short = false;  ///< the bound was reached: not all lines of the time were seen
  };
  /// Hands every line (without its end) of exchanges that began before `until` and ended at or after `since` to `line`,
  /// until it returns false. Exchanges that ended more than ten minutes after `until` are not found.
  [[nodiscard]] Result<Looked> read(TimePoint since, TimePoint until,
                                    const std::function<bool(std::string_view)>& line) const;

  /// The kept files, oldest first; the one being written last. None where no folder is there; fault host: it is, and
  /// this user may not look into it.
  [[nodiscard]] Result<std::vector<std::filesystem::path>> all() const;
  [[nodiscard]] bool kept() const noexcept { return !file_.empty(); }

 private:
  std::filesystem::path file_;
};

}  // namespace schoolgate::breaches
