// Lists inside archives (tar, tar.gz, zip): what an archive holds, and one file of it as a stream of bytes.
//
// Nothing of an archive is ever written to disk, so no name in it leads anywhere. Everything is bounded: how many
// entries are looked at, how long their names are, how many bytes they unpack to, alone and against what they were
// packed in. Blocking; one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "blocklists/line_reader.h"

namespace schoolgate::blocklists {

/// True when the file begins as a tar, packed or not, or as a zip.
[[nodiscard]] bool is_archive(const std::filesystem::path& path);

/// One file of an archive, read from its beginning to its end.
class ArchiveMember {
 public:
  static constexpr std::size_t kMostEntries = 20'000;
  static constexpr std::size_t kLongestName = 512;  ///< bytes; entries with longer ones are passed over

  /// The names of the regular files in an archive, without a leading "./", in its order. Fault upstream: damaged,
  /// encrypted, too many entries, a bomb.
  [[nodiscard]] static Result<std::vector<std::string>> names(const std::filesystem::path& path,
                                                              const ReadLimits& limits = {});
  /// `member` as names() gives it. Fault upstream: it is not there, or as there.
  [[nodiscard]] static Result<ArchiveMember> open(const std::filesystem::path& path, std::string_view member,
                                                  const ReadLimits& limits = {});
  ~ArchiveMember();
  ArchiveMember(ArchiveMember&&) noexcept;
  ArchiveMember& operator=(ArchiveMember&&) noexcept;

  /// Bytes read, 0 at the end, -1 on a failure that why() tells.
  [[nodiscard]] std::int64_t read(char* to, std::size_t room);
  [[nodiscard]] const std::string& why() const noexcept;
  /// Bytes of the archive read so far, and its size.
  [[nodiscard]] std::uint64_t consumed() const noexcept;
  [[nodiscard]] std::uint64_t size() const noexcept;

 private:
  struct State;
  explicit ArchiveMember(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace schoolgate::blocklists
