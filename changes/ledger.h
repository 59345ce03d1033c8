// Every proposal and what was said about it, in changes.db (0600) of the folder `changes` in the state folder.
//
// Only ever added to: the tables refuse to change or remove a row. One thread; several processes may hold one, SQLite
// lets them wait for each other. Waits for the disk.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "base/error.h"
#include "changes/proposal.h"
#include "store/sqlite.h"

namespace schoolgate::changes {

/// Of text that people write: longer is refused.
inline constexpr std::size_t kLongestText = 4000;

class Ledger {
 public:
  /// `folder`: <state>/changes. For writing it is made where absent; for reading one without proposals is nothing.
  [[nodiscard]] static Result<Ledger> open(const std::filesystem::path& folder);
  [[nodiscard]] static Result<std::optional<Ledger>> open_to_read(const std::filesystem::path& folder);

  /// Its number. Fault client: no reason, a text that is too long or holds control characters, no file.
  [[nodiscard]] Result<std::uint64_t> add(const Proposal& proposal);
  [[nodiscard]] Result<void> add_event(std::uint64_t number, const ProposalEvent& event);
  /// Fault client: there is none of that number.
  [[nodiscard]] Result<Proposal> find(std::uint64_t number);
  /// Without the texts of their files; the newest first.
  [[nodiscard]] Result<std::vector<Proposal>> list(std::size_t most = 1000);

 private:
  explicit Ledger(store::Database database) : database_(std::move(database)) {}
  [[nodiscard]] Result<void> read_events(Proposal& proposal);
  store::Database database_;
};

}  // namespace schoolgate::changes
