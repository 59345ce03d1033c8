// The compiler: lists as they come from upstream -> one image that CategoryDb maps.
//
// Runs beside the gateway (a command or a child process at low priority), never in it; single-threaded. The image is
// deterministic: the same sources, in the same order, with the same fetch times, give the same bytes. It is written
// beside its place and renamed over it, mode 0600.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "blocklists/category_db.h"
#include "blocklists/format.h"
#include "blocklists/line_reader.h"

namespace schoolgate::blocklists {

/// One list to compile.
struct ListSource {
  std::string name;      ///< "ut1-gambling"
  std::string category;  ///< category id
  Format format = Format::domains;
  std::filesystem::path path;  ///< a file, or a folder for folder formats; or an archive that holds it
  bool sealed = false;
  bool keep_public_suffixes = false;  ///< take "com" or ".xyz" at its word; otherwise such lines are rejected
  std::string origin = {};            ///< what people see as its source; `path` when empty
  TimePoint fetched = {};
  std::string member = {};  ///< the file or folder of an archive; empty: what the format needs, where that is clear
  bool illegal = false;     ///< of illegal content: no exception of its own opens anything of it
};

/// A line that gave no entry.
struct LineNote {
  std::string file;  ///< name inside a folder source; empty for a file source
  std::uint64_t line = 0;
  std::string reason;
  std::string text;  ///< its beginning, at most 120 bytes; empty for sealed lists
};

struct ReasonCount {
  std::string reason;
  std::uint64_t count = 0;
};

struct ListReport {
  static constexpr std::size_t kNotes = 50;  ///< how many notes are kept; the counts count all

  std::string name, category;
  std::uint64_t lines = 0;
  std::uint64_t hosts = 0;     ///< entries in the image, networks included
  std::uint64_t networks = 0;  ///< of these, networks wider than one address
  std::uint64_t urls = 0, patterns = 0;
  std::uint64_t duplicates = 0;  ///< entries given again
  std::uint64_t redundant = 0;   ///< entries that a wider entry of the same list covers
  std::uint64_t exceptions = 0;  ///< places that the list itself leaves alone, entries that it takes back
  std::uint64_t excepted = 0;    ///< entries of which these leave nothing; they are not in the image
  std::uint64_t adjusted = 0;    ///< entries that cover more, or less, than their line says
  std::string taken;             ///< which files of an archive it was read from; empty for another source
  std::uint64_t skipped = 0, rejected = 0;
  std::uint64_t overruled_exceptions = 0;    ///< of the rejected: exceptions that no list, or no such list, may have
  std::vector<std::string> wide_exceptions;  ///< of these, the first kNotes that name "com" or "co.uk"; none if sealed
  std::uint64_t public_suffix_count = 0;     ///< of the rejected: names such as "com" or "co.uk"
  std::vector<std::string> public_suffixes;  ///< the first kNotes of these; none for sealed lists
  std::vector<ReasonCount> reasons;          ///< of skipped, rejected and adjusted, most frequent first
  std::vector<LineNote> notes;               ///< the first kNotes rejected or skipped lines

  /// Entries that were understood, before duplicates and redundant ones went.
  [[nodiscard]] std::uint64_t accepted() const noexcept {
    return hosts + urls + patterns + duplicates + redundant + excepted;
  }
};

struct CompileReport {
  std::vector<ListReport> lists;
  std::string checksum;  ///< as CategoryDb::checksum()
  std::uint64_t image_bytes = 0;
  std::uint64_t host_keys = 0, url_keys = 0;  ///< distinct over all lists
};

/// A place that a list leaves alone although its entries cover it: the host and everything under it, or with a path
/// this and everything below. Entries that are closer (a host under `at`, a path below it) go on counting.
struct SparedSite {
  std::uint16_t list = 0;  ///< index into CategoryDb::lists()
  names::Url at;
  bool with_path = false;
};

/// Told now and then while compiling.
struct Progress {
  std::string_view list;
  std::uint64_t bytes_done = 0, bytes_total = 0;  ///< of the sources as they are stored
  std::uint64_t entries = 0;
};

struct CompileOptions {
  /// Asked once with the lists compiled: what each of them has to leave alone. Sealed lists cannot leave anything
  /// alone.
  std::function<std::vector<SparedSite>(const CategoryDb&)> spare;
  std::function<void(const Progress&)> progress;
  ReadLimits limits;
  std::optional<SealedKey> sealed_key;      ///< needed when a source is sealed
  std::size_t sort_memory = 256u << 20;     ///< bytes of keys kept in memory; more are sorted on disk
  std::uint64_t max_entries = 200'000'000;  ///< over all lists
};

/// Why nothing was compiled, and which of the sources could not be read; none: it is no source's fault.
struct CompileFailure {
  Error error;
  std::optional<std::size_t> source;
};

/// Compiles `sources` into `image`. Bad lines are counted, never fatal; a source that cannot be read to its end is an
/// Error and leaves `image` as it was. Faults: config (a source), host (disk), upstream (damaged archive).
[[nodiscard]] Result<CompileReport> compile(std::span<const ListSource> sources, const std::filesystem::path& image,
                                            const CompileOptions& options = {});
/// The same for a caller that can go on without the source at fault.
[[nodiscard]] std::expected<CompileReport, CompileFailure> try_compile(std::span<const ListSource> sources,
                                                                       const std::filesystem::path& image,
                                                                       const CompileOptions& options = {});

}  // namespace schoolgate::blocklists
