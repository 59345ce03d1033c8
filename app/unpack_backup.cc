#include "app/unpack_backup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>

#include "app/released.h"
#include "app/scratch_folder.h"
#include "backup/sealed_stream.h"
#include "base/digest.h"
#include "breaches/audit_log.h"
#include "breaches/breach_store.h"
#include "breaches/verify.h"
#include "identity/passphrase_key.h"
#include "proxy/net/file_descriptor.h"
#include "store/copy.h"

namespace schoolgate::app {
namespace {

namespace fs = std::filesystem;
using net::FileDescriptor;

constexpr std::size_t kPiece = 256 << 10, kLongestAbout = 16 << 10, kLongestManifest = 512 << 20;
constexpr std::size_t kMostMembers = 1'000'002;
constexpr std::string_view kConfig = "config/", kState = "state/";

std::unexpected<Error> damaged(const std::string& what) {
  return fail(Fault::host, "the backup is damaged or none of this program's: " + what, "take another copy of it");
}

backup::Source source_of(int fd, const fs::path& file) {
  return [fd, file](std::span<char> room) -> Result<std::size_t> {
    while (true) {
      const auto got = ::read(fd, room.data(), room.size());
      if (got >= 0) return std::size_t(got);
      if (errno != EINTR) return fail_errno("cannot read " + file.string(), errno);
    }
  };
}

// The archive in the file, through what decrypts it where it is encrypted.
Result<backup::Source> archive_in(int fd, const UnpackParts& parts, std::shared_ptr<backup::SealedReader>& sealed) {
  backup::Source whole = source_of(fd, parts.file);
  std::string first(backup::kSealedMark.size(), '\0');
  const auto got = backup::read_fully(whole, first);
  if (!got) return std::unexpected(got.error());
  if (::lseek(fd, 0, SEEK_SET) != 0) return fail_errno("cannot read " + parts.file.string(), errno);
  if (first != backup::kSealedMark && parts.must_be_sealed)
    return fail(
        Fault::client, parts.file.string() + " is not encrypted, and a passphrase was given for it",
        "is it the backup that was made? Whoever could write it could change it; without --passphrase-file it is read");
  if (first != backup::kSealedMark) return whole;
  const auto derivation = backup::read_sealed_header(whole);
  if (!derivation) return std::unexpected(derivation.error());
  const auto passphrase = parts.ask();
  if (!passphrase) return std::unexpected(passphrase.error());
  const auto key = identity::key_of_passphrase(passphrase->view(), derivation->salt,
                                               {derivation->kibibytes, derivation->passes, derivation->lanes});
  if (!key) return std::unexpected(key.error());
  sealed = std::make_shared<backup::SealedReader>(*key, backup::sealed_header(*derivation), std::move(whole));
  return backup::Source([sealed](std::span<char> room) { return sealed->read(room); });
}

class Unpacking {
 public:
  Unpacking(const UnpackParts& parts, backup::ArchiveReader archive) : parts_(parts), archive_(std::move(archive)) {
    unpacked_.config = parts.config;
  }

  Result<Unpacked> all() {
    if (auto begun = begin(); !begun) return std::unexpected(begun.error());
    std::optional<std::string> manifest;
    while (true) {
      const auto entry = archive_.next();
      if (!entry) return std::unexpected(entry.error());
      if (!*entry) break;
      if (manifest) return damaged("something follows the list of its files");
      if ((*entry)->name == backup::kManifestName) {
        auto text = whole_text(**entry, kLongestManifest);
        if (!text) return std::unexpected(text.error());
        manifest = std::move(*text);
        continue;
      }
      if (auto taken = take(**entry); !taken) return std::unexpected(taken.error());
    }
    if (!manifest) return damaged("it has no list of its files");
    auto listed = backup::read_manifest(*manifest);
    if (!listed) return std::unexpected(listed.error());
    unpacked_.places = std::move(listed->places);
    return compare(listed->members);
  }

 private:
  Result<void> begin() {
    const auto first = archive_.next();
    if (!first) return std::unexpected(first.error());
    if (!*first || (*first)->name != backup::kAboutName) return damaged("it does not say first whose it is");
    const auto text = whole_text(**first, kLongestAbout);
    if (!text) return std::unexpected(text.error());
    auto about = backup::read_about(*text, version());
    if (!about) return std::unexpected(about.error());
    found_.push_back({**first, backup::Kind::file, to_hex(sha256(*text))});
    unpacked_.about = std::move(*about);
    return parts_.begin(unpacked_.about);
  }

  Result<std::string> whole_text(const backup::Entry& entry, std::size_t most) {
    if (entry.size > most) return damaged(entry.name + " is too long");
    std::string text(std::size_t(entry.size), '\0');
    std::size_t have = 0;
    while (have < text.size()) {
      const auto got = archive_.read(std::span(text).subspan(have));
      if (!got) return std::unexpected(got.error());
      have += *got;
    }
    return text;
  }

  Result<void> take(const backup::Entry& entry) {
    if (found_.size() >= kMostMembers) return damaged("it has more files than a gateway");
    const bool is_config = entry.name.starts_with(kConfig);
    if (!is_config && !entry.name.starts_with(kState)) return damaged("an unknown file, " + entry.name);
    if (is_config && !unpacked_.state.empty()) return damaged("its files are not in order");
    if (!is_config && unpacked_.state.empty()) {
      auto place = parts_.place_state(parts_.config);
      if (!place) return std::unexpected(place.error());
      unpacked_.state = std::move(*place);
    }
    parts_.progress(entry.name);
    const fs::path path = path_of(entry);
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    if (error) return fail(Fault::host, "cannot create " + path.parent_path().string() + ": " + error.message());
    // Never over something: a name that comes twice, and one that is a file and a folder, are refused.
    const FileDescriptor out(::open(path.c_str(), O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0600));
    if (!out && errno == EEXIST) return damaged(entry.name + " comes twice");
    if (!out) return fail_errno("cannot create " + path.string(), errno);
    Sha256Stream digest;
    std::string piece(kPiece, '\0');
    while (true) {
      const auto got = archive_.read(piece);
      if (!got) return std::unexpected(got.error());
      if (*got == 0) break;
      if (auto go_on = Interruption::check(); !go_on) return go_on;
      std::string_view bytes(piece.data(), *got);
      digest.update(bytes);
      while (!bytes.empty()) {
        const auto put = ::write(out.get(), bytes.data(), bytes.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return fail_errno("cannot write " + path.string(), errno, "is the disk full?");
        bytes.remove_prefix(std::size_t(put));
      }
    }
    if (::fchmod(out.get(), entry.mode) != 0) return fail_errno("cannot set the mode of " + path.string(), errno);
    found_.push_back({entry, backup::Kind::file, to_hex(digest.finish())});
    return {};
  }

  [[nodiscard]] fs::path path_of(const backup::Entry& entry) const {
    return entry.name.starts_with(kConfig) ? unpacked_.config / entry.name.substr(kConfig.size())
                                           : unpacked_.state / entry.name.substr(kState.size());
  }

  // Only now is the whole of it known.
  Result<void> set_time(const backup::Member& member) const {
    const timespec time{.tv_sec = member.entry.modified, .tv_nsec = long(member.nanoseconds)};
    const timespec times[2] = {time, time};
    const fs::path path = path_of(member.entry);
    if (::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0) return {};
    return fail_errno("cannot set the time of " + path.string(), errno);
  }

  Result<Unpacked> compare(const std::vector<backup::Member>& listed) {
    for (std::size_t i = 0; i < found_.size() || i < listed.size(); ++i) {
      if (i >= found_.size()) return damaged(listed[i].entry.name + " is missing");
      if (i >= listed.size()) return damaged(found_[i].entry.name + " is not in the list of its files");
      found_[i].kind = listed[i].kind;
      found_[i].nanoseconds = listed[i].nanoseconds;
      if (found_[i] != listed[i]) return damaged(found_[i].entry.name + " is not what was backed up");
    }
    unpacked_.members.assign(found_.begin() + 1, found_.end());
    if (unpacked_.state.empty()) return damaged("it has no state");
    for (const backup::Member& member : unpacked_.members)
      if (auto set = set_time(member); !set) return std::unexpected(set.error());
    return std::move(unpacked_);
  }

  const UnpackParts& parts_;
  backup::ArchiveReader archive_;
  Unpacked unpacked_;
  std::vector<backup::Member> found_;
};

Result<void> check_chain(std::string_view name, const Result<breaches::ChainReport>& walked) {
  if (!walked) return std::unexpected(walked.error());
  if (!walked->fault) return {};
  return fail(Fault::host, "the " + std::string(name) + " in the backup is not whole: " + walked->fault->text,
              "take an earlier backup; to restore this one all the same: --as-it-is");
}

}  // namespace

Result<Unpacked> unpack_backup(const UnpackParts& parts) {
  const FileDescriptor fd(::open(parts.file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return fail_errno("cannot read " + parts.file.string(), errno);
  struct stat about{};
  if (::fstat(fd.get(), &about) != 0 || !S_ISREG(about.st_mode))
    return fail(Fault::client, parts.file.string() + " is not a file");
  std::shared_ptr<backup::SealedReader> sealed;
  auto source = archive_in(fd.get(), parts, sealed);
  if (!source) return std::unexpected(source.error());
  return Unpacking(parts, backup::ArchiveReader(std::move(*source))).all();
}

Result<void> check_unpacked(const Unpacked& unpacked, Chains chains,
                            const std::function<void(std::string_view)>& progress) {
  bool has_breaches = false, has_audit = false;
  for (const backup::Member& member : unpacked.members) {
    has_breaches |= member.entry.name == std::string(kState) + breaches::kBreachesFile;
    has_audit |= member.entry.name == "state/audit.db";
    if (auto go_on = Interruption::check(); !go_on) return go_on;
    if (member.kind != backup::Kind::database) continue;
    progress(member.entry.name);
    if (!member.entry.name.starts_with(kState)) return damaged(member.entry.name + " is said to be a database");
    if (auto whole = store::check_database(unpacked.state / member.entry.name.substr(kState.size())); !whole)
      return whole;
  }
  if (chains == Chains::as_they_are) return {};
  if (has_breaches)
    if (auto whole = check_chain("breach log", breaches::verify_breaches(unpacked.state)); !whole) return whole;
  if (has_audit)
    if (auto whole = check_chain("audit log", breaches::verify_audit(unpacked.state)); !whole) return whole;
  return {};
}

}  // namespace schoolgate::app
