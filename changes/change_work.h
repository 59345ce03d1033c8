// What a change is put in place with, and the texts of a configuration before and after one.
//
// One thread. A process that works for another user's state folder is that user while it holds one (app/).
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "changes/put_in_place.h"
#include "config/load.h"

namespace schoolgate::changes {

/// The lock is let go last.
struct ChangeWork {
  Exclusive lock;
  Ledger ledger;
  History history;

  /// `folder`: <state>/changes. Waits for the lock.
  [[nodiscard]] static Result<ChangeWork> open(const std::filesystem::path& folder);
};

/// "policy.yaml", "rules/maths.yaml": a file of a configuration, and never a way out of its folder.
[[nodiscard]] bool is_configuration_name(std::string_view name);

[[nodiscard]] FileTexts texts_of(const config::Configuration& configuration);
/// As the loader reads the folder: rules last, by name.
[[nodiscard]] config::Loaded load_files(const std::filesystem::path& folder, const FileTexts& files);
/// `files` as they are before `changed`, or after it.
[[nodiscard]] FileTexts with_files(FileTexts files, const std::vector<ProposedFile>& changed, bool after);
/// The files in which the two differ, by name.
[[nodiscard]] std::vector<ProposedFile> differences(const FileTexts& before, const FileTexts& after);

/// The commit that the history in `folder` ends with, where it is of just these files. Makes nothing.
[[nodiscard]] Result<std::optional<std::string>> commit_of(const std::filesystem::path& folder, const FileTexts& files);

/// Which of `files` are not what was accepted last, where that says that changes by hand are refused (policy.yaml,
/// `changes: { by_hand: refuse }`); else none. Makes nothing.
[[nodiscard]] Result<std::vector<std::string>> refused_by_hand(const std::filesystem::path& folder,
                                                               const FileTexts& files);
/// Where nothing was accepted yet, these are what is: from here on a change by hand can be told.
[[nodiscard]] Result<void> begin_history(const std::filesystem::path& folder, const FileTexts& files, TimePoint now);

}  // namespace schoolgate::changes
