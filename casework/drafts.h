// Typed text that was sent when its session was over: kept for the account that typed it, until a day is over.
//
// In desk.db, so that a restart loses none; encrypted under a key of that account, so that neither the file nor a
// colleague tells what was typed. It is no record: nothing of it is done, and it is in no journal. Over a DeskStore, on
// its thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "casework/desk_store.h"

namespace schoolgate::casework {

struct Draft {
  std::string path;  ///< where it was sent to
  std::vector<std::pair<std::string, std::string>> fields;
};

class Drafts {
 public:
  explicit Drafts(DeskStore& desk) : desk_(desk) {}

  /// Under `token`, which is not stored and which it is found by. An account's oldest ones go when there are more than
  /// kMostOfAccount. Fault client: larger than what is kept.
  [[nodiscard]] Result<void> keep(std::string_view token, std::string_view account, const Draft& draft, TimePoint now);
  /// Of that account only. Writes nothing: it stays until its day is over.
  [[nodiscard]] Result<std::optional<Draft>> find(std::string_view token, std::string_view account, TimePoint now);
  /// Removes what is over its day.
  [[nodiscard]] Result<void> forget(TimePoint now);

  static constexpr std::size_t kMostOfAccount = 10, kMostBytes = 64 * 1024;
  static constexpr std::chrono::hours kFor{24};

 private:
  [[nodiscard]] std::string mark_of(std::string_view what, std::string_view text) const;
  DeskStore& desk_;
};

/// Makes the table; after the others of desk.db.
[[nodiscard]] Result<void> prepare_drafts(store::Database& desk);

}  // namespace schoolgate::casework
