// Files of a configuration and their commit: both or neither, whatever happens in between.
//
//   commit written (nothing leads to it) -> intent on disk -> files -> head of the history -> event -> intent removed
//
// What is cut off behind the intent is finished by the next one that comes, to the end: the configuration passed its
// gate before. That is so of an intent of ours; the state folder is the gateway's user's, so that whoever finishes one
// by nobody's hand asks again (MayFinish). One process at a time: Exclusive.
//
// A process of root that works as the owner of the state folder is root for the moment in which it writes a file of
// the configuration, and never in the state folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "changes/history.h"
#include "changes/ledger.h"

namespace schoolgate::changes {

/// The lock of <state>/changes; other processes wait for it.
class Exclusive {
 public:
  [[nodiscard]] static Result<Exclusive> take(const std::filesystem::path& folder);
  ~Exclusive();
  Exclusive(Exclusive&& other) noexcept;
  Exclusive& operator=(Exclusive&&) = delete;

 private:
  explicit Exclusive(int fd) : fd_(fd) {}
  int fd_ = -1;
};

/// How far nobody's hand reaches: root that follows what the desk asks for is not to be led into the gateway's own
/// settings (paths, addresses, whom alerts go to) by whoever broke into the desk.
enum class Reach : std::uint8_t { policy, everything };
[[nodiscard]] bool is_policy(std::string_view file) noexcept;

struct Placement {
  std::uint64_t number = 0;
  ProposalEvent::What event = ProposalEvent::What::apply;  ///< what the ledger is told: apply or taken_back
  Actor by;
  std::string message;              ///< of the commit
  std::vector<ProposedFile> files;  ///< their `before` is what stands there now
  FileTexts all;                    ///< the whole configuration afterwards
  Reach reach = Reach::everything;  ///< of whoever writes: a file beyond it is refused
};

/// Called before each step, for tests that cut the power there.
using BeforeStep = std::function<void(int)>;
inline constexpr int kPlacementSteps = 6;

/// Brings the history to what stands in the folder: files that were changed by hand since the last commit become one
/// of their own, with `message`. True: there were any. `files`: all of the configuration as they stand there.
[[nodiscard]] Result<bool> follow_files(History& history, const FileTexts& files, const std::string& message,
                                        TimePoint now);

/// The commit. Under Exclusive, after finish_interrupted() and follow_files(). Fault client: a file is not what
/// `before` says, or none of a configuration, or beyond the reach; then nothing is done. Where no file could be written
/// no intent is left.
[[nodiscard]] Result<std::string> put_in_place(const std::filesystem::path& config, const std::filesystem::path& folder,
                                               History& history, Ledger& ledger, const Placement& placement,
                                               TimePoint now, const BeforeStep& before_step = {});

/// True while a change is between its intent and its end: the files may be half of one configuration and half of
/// another.
[[nodiscard]] bool is_cut_off(const std::filesystem::path& folder) noexcept;

/// What was cut off, as it was read under the lock.
struct CutOff {
  std::string commit;
  std::uint64_t number = 0;
  ProposalEvent::What event = ProposalEvent::What::apply;
  std::vector<std::string> names;  ///< of its files
  FileTexts before, after;         ///< whole configurations
  bool is_begun = false;           ///< one of the files is written, or all are
  bool is_recorded = false;        ///< all are, and it is the head of the history
};
enum class Ending : std::uint8_t {
  finish,
  give_up  ///< files that are written are put back as they were
};
/// Says how to end it; an error leaves it as it is.
using MayFinish = std::function<Result<Ending>(const CutOff&)>;

struct Finished {
  std::uint64_t number = 0;
  ProposalEvent::What event = ProposalEvent::What::apply;
  Ending ending = Ending::finish;
  std::vector<std::string> names;
};

/// Finishes what was cut off and says what it was, if there was something. A file that somebody has changed since stays
/// as it is: it is a change by hand then.
[[nodiscard]] Result<std::optional<Finished>> finish_interrupted(const std::filesystem::path& config,
                                                                 const std::filesystem::path& folder, History& history,
                                                                 Ledger& ledger, TimePoint now,
                                                                 const MayFinish& may_finish = {});

}  // namespace schoolgate::changes
