// What `schoolgate changes` puts a change in place with, and how the running gateway hears of it.
//
// One thread; the process works as the owner of the state folder (AsOwner).
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

#include "changes/put_in_place.h"

namespace schoolgate::app {

/// The lock is let go last.
struct ChangeWork {
  changes::Exclusive lock;
  changes::Ledger ledger;
  changes::History history;
};

/// `folder`: <state>/changes. Waits for the lock.
[[nodiscard]] Result<ChangeWork> change_work_in(const std::filesystem::path& folder);

/// `files` as they are before `changed`, or after it.
[[nodiscard]] changes::FileTexts with_files(changes::FileTexts files, const std::vector<changes::ProposedFile>& changed,
                                            bool after);

/// Before the configuration of the folder `config` is read: half of one and half of another may be none. What was cut
/// off and is finished now; nothing where nothing was, or where it is not known yet which state folder it has.
[[nodiscard]] Result<std::optional<changes::Finished>> finish_cut_off(const std::filesystem::path& config);

/// The running gateway is to load `placed`; what it refuses is taken back. The exit status of the command.
[[nodiscard]] int tell_gateway(const std::filesystem::path& config, const std::filesystem::path& state,
                               ChangeWork& work, const changes::Placement& placed);

/// Tells people and the gateway what was finished before `work` goes on. Nothing: go on; else the exit status of the
/// command, which `is_it` says was about just that.
[[nodiscard]] std::optional<int> tell_finished(const std::filesystem::path& config, const std::filesystem::path& state,
                                               ChangeWork& work, const changes::Finished& finished,
                                               const changes::Actor& by,
                                               const std::function<bool(const changes::Proposal&)>& is_it);

}  // namespace schoolgate::app
