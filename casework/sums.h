// Daily sums of decisions and breaches in desk.db, so that a report over a term reads hundreds of rows, not millions of
// lines.
//
// Over a DeskStore, on its thread. advance() reads what has come since and stops after a bounded amount of work; to be
// called now and then on a background thread. What was read survives a restart, and the renaming of the day's file.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/local_time.h"
#include "breaches/decision_search.h"
#include "casework/desk_store.h"

namespace schoolgate::casework {

class Sums {
 public:
  Sums(DeskStore& desk, std::filesystem::path decisions, LocalClock clock);

  struct Progress {
    std::uint64_t decisions = 0, breaches = 0;  ///< read by this call
    bool more = false;                          ///< the bound was reached
  };
  /// At most `lines` decisions and as many breach records.
  [[nodiscard]] Result<Progress> advance(std::uint64_t lines = 200'000);

 private:
  [[nodiscard]] Result<void> add_breaches(std::uint64_t limit, Progress& progress);
  [[nodiscard]] Result<void> add_decisions(std::uint64_t limit, Progress& progress);
  DeskStore& desk_;
  breaches::DecisionFiles decisions_;
  LocalClock clock_;
};

}  // namespace schoolgate::casework
