// Checks that the filter works, as the DfE standard asks them to be kept: author, time, check, group, result, action.
//
// Over a DeskStore, on its thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "casework/desk_store.h"

namespace schoolgate::casework {

struct CheckResult {
  std::string group, mode;  ///< "ks2"; "explicit", "transparent", "inside TLS"
  std::string what;         ///< the rule or list that was tried, or "a page on gambling"
  std::string expected, found;
  bool as_expected = false;
};

struct CheckRun {
  std::string id;
  TimePoint at;
  std::string by;       ///< account, or "schoolgate selftest"
  std::string kind;     ///< "selftest", "by hand", "testfiltering.com"
  std::string devices;  ///< what was tried on, for checks by hand
  std::vector<CheckResult> results;
  std::string action;          ///< what was done about it: what was written last
  std::vector<Entry> actions;  ///< each that was written, oldest first, where there were several; only from find()
  std::size_t good = 0, total = 0;
};

class ChecksLog {
 public:
  explicit ChecksLog(DeskStore& desk) : desk_(desk) {}
  /// Returns the id. `good` and `total` are reckoned.
  [[nodiscard]] Result<std::string> record(const CheckRun& run, TimePoint now);
  [[nodiscard]] Result<void> set_action(const Viewer& viewer, std::string_view id, std::string_view action,
                                        TimePoint now);
  /// Newest first; without `results`.
  [[nodiscard]] Result<std::vector<CheckRun>> list(TimePoint since, TimePoint until, std::size_t limit = 100);
  [[nodiscard]] Result<std::optional<CheckRun>> find(std::string_view id);
  /// Good and total by group and mode of the newest run that tried them.
  struct Cell {
    std::string group, mode;
    std::size_t good = 0, total = 0;
    TimePoint at;
  };
  [[nodiscard]] Result<std::vector<Cell>> matrix();

 private:
  DeskStore& desk_;
};

}  // namespace schoolgate::casework
