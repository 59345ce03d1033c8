// A tar archive of regular files in one form only: what any tar program reads, and what this reader takes from nobody
// but this writer.
//
// POSIX ustar; a name of more than 100 bytes is in a pax header with a path and nothing else. The reader parses a
// header, writes it anew and compares the two: every bit of it is as the writer makes it. What fills a last block is
// zero, two blocks of zeros end the archive, and nothing follows. So links, devices, folders, sparse files, a second
// spelling, and a bit that fell over, are all one case: refused. Nothing is compressed, so nothing is larger than the
// archive. Knows no file system.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "backup/byte_stream.h"

namespace schoolgate::backup {

struct Entry {
  std::string name;
  std::uint64_t size = 0;
  std::uint32_t mode = 0600;  ///< permission bits
  std::int64_t modified = 0;  ///< seconds since 1970
  bool operator==(const Entry&) const = default;
};

/// A relative path of at most 1,024 bytes and 32 parts, with no part that is empty, "." or "..", no control character.
[[nodiscard]] bool is_safe_name(std::string_view name) noexcept;

class ArchiveWriter {
 public:
  explicit ArchiveWriter(Sink sink) : sink_(std::move(sink)) {}

  /// The content follows by write(), exactly `entry.size` bytes of it.
  [[nodiscard]] Result<void> begin(const Entry& entry);
  [[nodiscard]] Result<void> write(std::string_view bytes);
  /// After the last entry.
  [[nodiscard]] Result<void> finish();

 private:
  [[nodiscard]] Result<void> end_entry();

  Sink sink_;
  std::uint64_t left_ = 0;   ///< of the content that was announced
  std::size_t padding_ = 0;  ///< that fills its last block
};

class ArchiveReader {
 public:
  explicit ArchiveReader(Source source) : source_(std::move(source)) {}

  /// The next entry, once the content before it is read or passed over; nothing at the end. Fault host: damaged, cut
  /// short, or none of ours.
  [[nodiscard]] Result<std::optional<Entry>> next();
  /// Of the content of that entry; 0 at its end.
  [[nodiscard]] Result<std::size_t> read(std::span<char> room);

 private:
  [[nodiscard]] Result<std::string> block();
  [[nodiscard]] Result<void> end_entry();
  [[nodiscard]] Result<void> end_archive();

  Source source_;
  std::uint64_t left_ = 0;
  std::size_t padding_ = 0;
};

}  // namespace schoolgate::backup
