// Reads a list line by line, plain or gzip by its first bytes, within bounds: no line, however long, and no archive,
// however deep, takes more memory than one buffer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace schoolgate::blocklists {

struct ReadLimits {
  std::size_t line = 16u << 10;         ///< longer lines are cut and marked
  std::uint64_t unpacked = 2ull << 30;  ///< bytes a file may unpack to
  std::uint64_t ratio = 200;            ///< unpacked to packed, looked at from 16 MiB on
};

/// Owned and used by one thread.
class LineReader {
 public:
  struct Line {
    std::string_view text;  ///< without line end; valid until the next call
    std::uint64_t number = 0;
    bool too_long = false;  ///< `text` is only its beginning
  };

  /// Fault config: a folder, a device or a missing file.
  [[nodiscard]] static Result<LineReader> open(const std::filesystem::path& path, const ReadLimits& limits = {});
  /// One file of an archive (archive.h), plain or gzip. Fault config or upstream.
  [[nodiscard]] static Result<LineReader> open_member(const std::filesystem::path& archive, std::string_view member,
                                                      const ReadLimits& limits = {});
  /// Over bytes in memory, plain or gzip; the caller keeps them alive.
  [[nodiscard]] static LineReader over(std::string_view bytes, const ReadLimits& limits = {});

  ~LineReader();
  LineReader(LineReader&&) noexcept;
  LineReader& operator=(LineReader&&) noexcept;

  /// The first bytes that next() will give lines of, unpacked, at most `most` (up to 64 KiB); consumes nothing.
  [[nodiscard]] std::string_view peek(std::size_t most);
  /// False at the end or on an error: ask failure() then.
  [[nodiscard]] bool next(Line& line);
  /// Why reading stopped early: damaged or cut gzip data, a bomb, an unreadable disk. Empty text at a clean end.
  [[nodiscard]] const Error* failure() const noexcept;
  /// Bytes of the source consumed so far and in all, for progress.
  [[nodiscard]] std::uint64_t consumed() const noexcept;
  [[nodiscard]] std::uint64_t size() const noexcept;

 private:
  struct State;
  explicit LineReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace schoolgate::blocklists
