#include "blocklists/archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>

namespace schoolgate::blocklists {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlock = 64u << 10;
constexpr std::uint64_t kRatioCountsFrom = 16u << 20;

struct FreeArchive {
  void operator()(::archive* it) const noexcept { ::archive_read_free(it); }
};

// "./gambling/domains" -> "gambling/domains"; empty for what is no plain file of a plain name.
std::string_view name_of(::archive_entry* entry) noexcept {
  const char* raw = ::archive_entry_pathname(entry);
  if (raw == nullptr || ::archive_entry_filetype(entry) != AE_IFREG || ::archive_entry_hardlink(entry) != nullptr)
    return {};
  std::string_view name = raw;
  while (name.starts_with("./")) name.remove_prefix(2);
  return name.size() <= ArchiveMember::kLongestName ? name : std::string_view{};
}

}  // namespace

struct ArchiveMember::State {
  std::unique_ptr<::archive, FreeArchive> archive{::archive_read_new()};
  fs::path path;
  ReadLimits limits;
  std::uint64_t size = 0, given = 0;  // of the file as it lies there; bytes of members, also of those passed over
  std::size_t entries = 0;
  std::string why;

  // Only what is asked for: each further format would be another parser of what strangers wrote.
  bool open() {
    std::error_code error;
    size = fs::file_size(path, error);
    if (archive == nullptr) return why = "no memory to unpack it", false;
    ::archive_read_support_filter_gzip(archive.get());
    ::archive_read_support_format_tar(archive.get());
    ::archive_read_support_format_zip(archive.get());
    return ::archive_read_open_filename(archive.get(), path.c_str(), kBlock) == ARCHIVE_OK || damaged();
  }

  bool damaged() {
    const char* said = ::archive_error_string(archive.get());
    why = std::string("the archive is damaged: ") + (said != nullptr ? said : "cannot be read");
    return false;
  }

  // The next regular file; null at the end, or with `why` on a failure.
  ::archive_entry* next() {
    for (;;) {
      ::archive_entry* entry = nullptr;
      const int result = ::archive_read_next_header(archive.get(), &entry);
      if (result == ARCHIVE_EOF) return nullptr;
      if (result != ARCHIVE_OK && result != ARCHIVE_WARN) return damaged(), nullptr;
      if (++entries > kMostEntries)
        return why = "the archive has more than " + std::to_string(kMostEntries) + " entries", nullptr;
      if (::archive_entry_is_encrypted(entry) != 0) return why = "the archive is encrypted", nullptr;
      if (!name_of(entry).empty()) return entry;
      if (!pass_over()) return nullptr;
    }
  }

  // Read rather than skipped, so that what a packed archive unpacks to on the way is counted too.
  bool pass_over() {
    const void* bytes = nullptr;
    std::size_t count = 0;
    ::la_int64_t offset = 0;
    for (;;) {
      const int result = ::archive_read_data_block(archive.get(), &bytes, &count, &offset);
      if (result == ARCHIVE_EOF) return true;
      if (result != ARCHIVE_OK && result != ARCHIVE_WARN) return damaged();
      if (!count_in(count)) return false;
    }
  }

  bool count_in(std::size_t bytes) {
    given += bytes;
    if (given > limits.unpacked)
      return why = "the archive unpacks to more than " + std::to_string(limits.unpacked) + " bytes", false;
    const auto unpacked = std::max(given, static_cast<std::uint64_t>(::archive_filter_bytes(archive.get(), 0)));
    if (unpacked > kRatioCountsFrom && unpacked / limits.ratio > std::max<std::uint64_t>(size, 1))
      return why = "the archive unpacks to more than " + std::to_string(limits.ratio) + " times its size", false;
    return true;
  }
};

ArchiveMember::ArchiveMember(std::unique_ptr<State> state) : state_(std::move(state)) {}
ArchiveMember::~ArchiveMember() = default;
ArchiveMember::ArchiveMember(ArchiveMember&&) noexcept = default;
ArchiveMember& ArchiveMember::operator=(ArchiveMember&&) noexcept = default;

Result<ArchiveMember> ArchiveMember::open(const fs::path& path, std::string_view member, const ReadLimits& limits) {
  auto state = std::make_unique<State>();
  state->path = path;
  state->limits = limits;
  if (!state->open()) return fail(Fault::upstream, path.string() + ": " + state->why);
  while (::archive_entry* entry = state->next()) {
    if (name_of(entry) == member) return ArchiveMember(std::move(state));
    if (!state->pass_over()) break;
  }
  if (!state->why.empty()) return fail(Fault::upstream, path.string() + ": " + state->why, "fetch it again");
  return fail(Fault::upstream, path.string() + " holds no '" + std::string(member) + "'");
}

std::int64_t ArchiveMember::read(char* to, std::size_t room) {
  const ::la_ssize_t got = ::archive_read_data(state_->archive.get(), to, room);
  if (got < 0) return state_->damaged(), -1;
  return state_->count_in(static_cast<std::size_t>(got)) ? got : -1;
}

const std::string& ArchiveMember::why() const noexcept { return state_->why; }
std::uint64_t ArchiveMember::size() const noexcept { return state_->size; }
std::uint64_t ArchiveMember::consumed() const noexcept {
  return static_cast<std::uint64_t>(::archive_filter_bytes(state_->archive.get(), -1));
}

bool is_archive(const fs::path& path) {
  constexpr std::size_t kTarMark = 257;
  auto reader = LineReader::open(path);
  if (!reader) return false;
  const std::string_view head = reader->peek(kTarMark + 5);
  return head.starts_with(std::string_view("PK\x03\x04", 4)) ||
         (head.size() == kTarMark + 5 && head.substr(kTarMark) == "ustar");
}

Result<std::vector<std::string>> ArchiveMember::names(const fs::path& path, const ReadLimits& limits) {
  State state;
  state.path = path;
  state.limits = limits;
  std::vector<std::string> names;
  if (state.open())
    while (::archive_entry* entry = state.next()) {
      names.emplace_back(name_of(entry));
      if (!state.pass_over()) break;
    }
  if (!state.why.empty()) return fail(Fault::upstream, path.string() + ": " + state.why, "fetch it again");
  return names;
}

}  // namespace schoolgate::blocklists
