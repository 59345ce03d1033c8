// Reads a backup into folders of its own, and says whether it is whole. What a backup says is believed only once all of
// it is read: until then nothing of it is where a gateway would look.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "backup/manifest.h"
#include "base/error.h"
#include "identity/password_secret.h"

namespace schoolgate::app {

/// Asked for once, where the backup is encrypted.
using AskPassphrase = std::function<Result<identity::Secret>()>;
/// Where the files under "state/" go: asked once the configuration is unpacked into `config`. Made by whoever answers,
/// empty, for this user alone.
using PlaceState = std::function<Result<std::filesystem::path>(const std::filesystem::path& config)>;
/// Told whose backup it is before anything is unpacked; may refuse.
using Begin = std::function<Result<void>(const backup::About& about)>;

struct Unpacked {
  backup::About about;
  std::filesystem::path config, state;
  std::vector<backup::Member> members;  ///< without the first
  std::vector<backup::Place> places;
};

struct UnpackParts {
  std::filesystem::path file;
  std::filesystem::path config;  ///< made, empty, for this user alone
  bool must_be_sealed = false;   ///< a passphrase was given: a plain archive may be anybody's
  AskPassphrase ask;
  Begin begin;
  PlaceState place_state;
  std::function<void(std::string_view)> progress;
};

/// Every file has the digest that the list of files says, and there is no other. Fault host: damaged, cut short, or
/// none of this program's; fault config: of a later release; fault client: another passphrase. What was unpacked so far
/// is left to the caller.
[[nodiscard]] Result<Unpacked> unpack_backup(const UnpackParts& parts);

enum class Chains : bool { must_be_whole, as_they_are };

/// The databases are whole and of a format that this release knows, and the chains of the breach log and the audit log
/// are unbroken. For a process that only asks. Fault host.
[[nodiscard]] Result<void> check_unpacked(const Unpacked& unpacked, Chains chains,
                                          const std::function<void(std::string_view)>& progress);

}  // namespace schoolgate::app
