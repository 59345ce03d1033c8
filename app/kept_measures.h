// The measures that were last known, beside their store: an emergency block outlives a desk.db that cannot be read.
//
// STATE/measures.jsonl (0600), a measure a line. Only what takes something away is in it: emergency blocks and exams. A
// supervised session opens sites, and is not known for sure when its store cannot be read. Belongs to PolicyKeeper.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "rules/measures.h"

namespace schoolgate::app {

class KeptMeasures {
 public:
  /// The file need not be there. Reads nothing yet.
  explicit KeptMeasures(const std::filesystem::path& state) : file_(state / "measures.jsonl") {}

  /// Written where they differ from what was kept last. Fault host.
  [[nodiscard]] Result<void> keep(const std::vector<rules::Measure>& measures);
  /// Empty where nothing was kept. A line that is no measure is left out.
  [[nodiscard]] std::vector<rules::Measure> read() const;

 private:
  std::filesystem::path file_;
  std::string kept_;      ///< the file's text
  bool is_kept_ = false;  ///< since this process wrote it
};

}  // namespace schoolgate::app
