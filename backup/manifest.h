// What a backup says of itself: whose it is, first; and what is in it with the digest of each file, last.
//
// Text that a person and sha256sum can follow. Read strictly: what this release does not write, it does not read. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "backup/archive.h"
#include "base/clock.h"
#include "base/error.h"

namespace schoolgate::backup {

/// The names of the two in the archive; all other files are under "config/" or "state/".
inline constexpr std::string_view kAboutName = "about", kManifestName = "manifest";

/// A folder as it was: its mode, and the names of its user and group.
struct FolderOwner {
  std::uint32_t mode = 0700;
  std::string user, group;
  bool operator==(const FolderOwner&) const = default;
};

/// The form of a backup. 1 says whose the two folders are and nothing of what is in them.
inline constexpr int kForm = 2, kFirstForm = 1;

/// The first file.
struct About {
  std::string version;  ///< of the program that made it, "1.4.0"
  std::string school, gateway;
  TimePoint time;
  FolderOwner config, state;
  int form = kForm;
  bool operator==(const About&) const = default;
};

[[nodiscard]] std::string to_text(const About& about);
/// Fault host: none of ours. Fault config: made by a release after `running`, which is refused and not guessed at.
[[nodiscard]] Result<About> read_about(std::string_view text, std::string_view running);

enum class Kind : std::uint8_t { file, database };

/// A line of the last file.
struct Member {
  Entry entry;
  Kind kind = Kind::file;
  std::string sha256;             ///< hexadecimal
  std::uint32_t nanoseconds = 0;  ///< of the time, whose seconds the entry has: a list is known by its time
  bool operator==(const Member&) const = default;
};

/// Whose a file or a folder was: its name in the archive, "config", "state/ca".
struct Place {
  std::string name;
  FolderOwner owner;
  bool operator==(const Place&) const = default;
};

/// The last file.
struct Manifest {
  std::vector<Member> members;
  std::vector<Place> places;  ///< none in the first form
  bool operator==(const Manifest&) const = default;
};

/// A line each, then the digest of all lines.
[[nodiscard]] std::string to_text(const Manifest& manifest);
[[nodiscard]] Result<Manifest> read_manifest(std::string_view text);

}  // namespace schoolgate::backup
