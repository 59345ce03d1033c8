#include "app/write_backup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/backup_files.h"
#include "app/named_owner.h"
#include "app/scratch_folder.h"
#include "backup/sealed_stream.h"
#include "base/digest.h"
#include "base/file.h"
#include "identity/passphrase_key.h"
#include "proxy/net/file_descriptor.h"
#include "store/copy.h"

namespace schoolgate::app {
namespace {

namespace fs = std::filesystem;
using net::FileDescriptor;

constexpr int kRounds = 5;
constexpr std::size_t kReadPiece = 256 << 10;
constexpr std::string_view kNeedsRoom = "a copy of each database is made under TMPDIR: set it to a folder with room";

// The backup while it is written, beside its place, and the folder of the copies, which are in clear and never on the
// medium of the backup. Both go with this unless it was kept.
class Unfinished {
 public:
  static Result<Unfinished> beside(const fs::path& output) {
    const fs::path parent = output.has_parent_path() ? output.parent_path() : fs::path(".");
    auto folder = ScratchFolder::make(parent, "." + output.filename().string(), ScratchFolder::Leftovers::are_removed);
    if (!folder) return std::unexpected(folder.error());
    auto copies = ScratchFolder::temporary("schoolgate-backup");
    if (!copies) return std::unexpected(copies.error());
    FileDescriptor fd(::open((folder->path() / "backup").c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600));
    if (!fd) return fail_errno("cannot write into " + parent.string(), errno);
    return Unfinished(output, std::move(*folder), std::move(*copies), std::move(fd));
  }

  Result<void> write(std::string_view bytes) {
    if (auto go_on = Interruption::check(); !go_on) return go_on;
    while (!bytes.empty()) {
      const auto put = ::write(fd_.get(), bytes.data(), bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0)
        return fail_errno("cannot write " + output_.string(), errno,
                          "nothing was left there; free space, or choose another disk");
      bytes.remove_prefix(std::size_t(put));
    }
    return {};
  }
  Result<void> begin_anew() {
    if (::ftruncate(fd_.get(), 0) == 0 && ::lseek(fd_.get(), 0, SEEK_SET) == 0) return {};
    return fail_errno("cannot write " + output_.string(), errno);
  }
  Result<std::uint64_t> keep() {
    struct stat about{};
    const fs::path folder = output_.has_parent_path() ? output_.parent_path() : fs::path(".");
    const FileDescriptor parent(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (::fsync(fd_.get()) != 0 || ::fstat(fd_.get(), &about) != 0 ||
        ::rename((folder_.path() / "backup").c_str(), output_.c_str()) != 0 || (parent && ::fsync(parent.get()) != 0))
      return fail_errno("cannot write " + output_.string(), errno);
    return std::uint64_t(about.st_size);
  }
  [[nodiscard]] fs::path copy() const { return copies_.path() / "copy"; }
  [[nodiscard]] std::vector<fs::path> folders() const { return {folder_.path(), copies_.path()}; }

 private:
  Unfinished(fs::path output, ScratchFolder folder, ScratchFolder copies, FileDescriptor fd)
      : output_(std::move(output)), folder_(std::move(folder)), copies_(std::move(copies)), fd_(std::move(fd)) {}

  fs::path output_;
  ScratchFolder folder_, copies_;
  FileDescriptor fd_;
};

// What a reload, an update of the lists and a change replace file by file: where one of them did so meanwhile, all is
// read again. (A head of the history without its commit could not be read.)
std::vector<std::string> marks_of(const BackupOrder& order) {
  std::vector<std::string> marks;
  for (const char* name : {"accepted/.version", "lists/current", "lists/lists.tsv",
                           "changes/history.git/refs/heads/main", "changes/intent"})
    marks.push_back(read_file(order.state / name).value_or(std::string()));
  return marks;
}

// A line that is being appended is not in it.
std::uint64_t whole_lines(int fd, std::uint64_t size) {
  std::string tail(std::size_t(std::min<std::uint64_t>(size, 256 << 10)), '\0');
  const auto got = ::pread(fd, tail.data(), tail.size(), off_t(size - tail.size()));
  if (got != ssize_t(tail.size())) return size;
  const std::size_t end = tail.rfind('\n');
  return end == std::string::npos ? size : size - tail.size() + end + 1;
}

class Writing {
 public:
  Writing(const BackupOrder& order, Unfinished& out, backup::Sink sink,
          const std::function<void(std::string_view)>& progress)
      : order_(order), out_(out), archive_(std::move(sink)), progress_(progress) {}

  Result<std::uint64_t> all() {
    if (auto put = text(std::string(backup::kAboutName), backup::to_text(order_.about)); !put)
      return std::unexpected(put.error());
    const auto files = backup_files(order_.config, order_.state, out_.folders());
    if (!files) return std::unexpected(files.error());
    for (const BackupFile& file : *files) {
      progress_(file.name);
      if (auto put = file.is_database ? database(file) : plain(file); !put) return std::unexpected(put.error());
    }
    const std::uint64_t count = members_.size() - 1;
    auto places = places_of(*files);
    if (!places) return std::unexpected(places.error());
    if (auto put = text(std::string(backup::kManifestName), backup::to_text({members_, std::move(*places)})); !put)
      return std::unexpected(put.error());
    if (auto ended = archive_.finish(); !ended) return std::unexpected(ended.error());
    return count;
  }

 private:
  // Of each file, and of each folder on the way to one.
  Result<std::vector<backup::Place>> places_of(const std::vector<BackupFile>& files) const {
    std::map<std::string, fs::path> known;
    for (const BackupFile& file : files) {
      fs::path path = file.path;
      for (fs::path name = file.name; !name.empty() && known.emplace(name.string(), path).second;
           name = name.parent_path())
        path = path.parent_path();
    }
    std::vector<backup::Place> places;
    for (const auto& [name, path] : known) {
      std::error_code error;
      auto owner = named_owner_of(path);
      if (owner)
        places.push_back({name, std::move(*owner)});
      else if (fs::exists(path, error) || error)
        return std::unexpected(owner.error());
    }
    return places;
  }

  Result<void> text(const std::string& name, const std::string& content) {
    const auto now = std::chrono::floor<std::chrono::seconds>(order_.about.time).time_since_epoch().count();
    backup::Member member{{name, content.size(), 0600, now}, backup::Kind::file, to_hex(sha256(content))};
    if (auto begun = archive_.begin(member.entry); !begun) return begun;
    members_.push_back(std::move(member));
    return archive_.write(content);
  }

  Result<void> plain(const BackupFile& file) {
    const FileDescriptor fd(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd && errno == ENOENT) return {};  // a name of a moment: what is kept is replaced, never gone
    if (!fd)
      return fail_errno("cannot read " + file.path.string(), errno, "run this as root, or as the gateway's user");
    struct stat about{};
    if (::fstat(fd.get(), &about) != 0) return fail_errno("cannot read " + file.path.string(), errno);
    if (!S_ISREG(about.st_mode)) return {};
    std::uint64_t size = std::uint64_t(about.st_size);
    if (file.name.ends_with(".jsonl")) size = whole_lines(fd.get(), size);
    return copy(fd, {file.name, size, about.st_mode & 0777u, std::max<std::int64_t>(about.st_mtim.tv_sec, 0)},
                backup::Kind::file, about.st_mtim.tv_nsec);
  }

  Result<void> database(const BackupFile& file) {
    const fs::path copied = out_.copy();
    for (int round = 0;; ++round) {
      auto done = store::copy_database(file.path, copied);
      if (done) break;
      if (auto go_on = Interruption::check(); !go_on) return go_on;
      if (done.error().next.empty() && done.error().fault == Fault::host) done.error().next = kNeedsRoom;
      if (done.error().fault != Fault::self || round == kRounds) return done;
    }
    const FileDescriptor fd(::open(copied.c_str(), O_RDONLY | O_CLOEXEC));
    auto whole = store::check_database(copied);
    ::unlink(copied.c_str());
    if (!whole)
      return fail(Fault::host,
                  "the database " + file.path.string() + " is damaged, and a backup of it could not be restored",
                  "restart the gateway, which moves a damaged database aside, and try again");
    struct stat about{}, original{};
    if (!fd || ::fstat(fd.get(), &about) != 0)
      return fail_errno("cannot read the copy of " + file.path.string(), errno);
    const bool known = ::stat(file.path.c_str(), &original) == 0;
    return copy(fd,
                {file.name, std::uint64_t(about.st_size), known ? original.st_mode & 0777u : 0600u,
                 std::max<std::int64_t>(about.st_mtim.tv_sec, 0)},
                backup::Kind::database, 0);
  }

  Result<void> copy(const FileDescriptor& fd, const backup::Entry& entry, backup::Kind kind, long nanoseconds) {
    if (auto begun = archive_.begin(entry); !begun) return begun;
    Sha256Stream digest;
    std::string piece(kReadPiece, '\0');
    for (std::uint64_t left = entry.size; left > 0;) {
      const auto got = ::read(fd.get(), piece.data(), std::size_t(std::min<std::uint64_t>(left, piece.size())));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return fail_errno("cannot read " + entry.name, errno);
      if (got == 0) return fail(Fault::self, entry.name + " became shorter while it was read", "try again");
      const std::string_view bytes(piece.data(), std::size_t(got));
      digest.update(bytes);
      if (auto written = archive_.write(bytes); !written) return written;
      left -= std::uint64_t(got);
    }
    members_.push_back({entry, kind, to_hex(digest.finish()), std::uint32_t(nanoseconds)});
    return {};
  }

  const BackupOrder& order_;
  Unfinished& out_;
  backup::ArchiveWriter archive_;
  const std::function<void(std::string_view)>& progress_;
  std::vector<backup::Member> members_;
};

// One reading of everything; nothing when something was replaced meanwhile.
Result<std::optional<std::uint64_t>> one_round(const BackupOrder& order, Unfinished& out,
                                               const std::function<void(std::string_view)>& progress) {
  if (auto anew = out.begin_anew(); !anew) return std::unexpected(anew.error());
  const auto before = marks_of(order);
  backup::Sink sink = [&](std::string_view bytes) { return out.write(bytes); };
  std::optional<backup::SealedWriter> sealed;
  if (!order.passphrase.empty()) {
    const backup::Derivation derivation = backup::Derivation::make();
    const std::string header = backup::sealed_header(derivation);
    const auto key = identity::key_of_passphrase(order.passphrase, derivation.salt,
                                                 {derivation.kibibytes, derivation.passes, derivation.lanes});
    if (!key) return std::unexpected(key.error());
    if (auto written = out.write(header); !written) return std::unexpected(written.error());
    sealed.emplace(*key, header, sink);
    sink = [&](std::string_view bytes) { return sealed->write(bytes); };
  }
  const auto files = Writing(order, out, sink, progress).all();
  const bool moved = before != marks_of(order) || (!files && files.error().fault == Fault::self);
  if (moved) return std::nullopt;
  if (!files) return std::unexpected(files.error());
  if (sealed)
    if (auto ended = sealed->finish(); !ended) return std::unexpected(ended.error());
  return *files;
}

}  // namespace

Result<BackupDone> write_backup(const BackupOrder& order, const std::function<void(std::string_view)>& progress) {
  const Interruption interruption;
  auto out = Unfinished::beside(order.output);
  if (!out) return std::unexpected(out.error());
  for (int round = 0; round < kRounds; ++round) {
    const auto files = one_round(order, *out, progress);
    if (!files) return std::unexpected(files.error());
    if (auto go_on = Interruption::check(); !go_on) return std::unexpected(go_on.error());
    if (!*files) continue;
    const auto bytes = out->keep();
    if (!bytes) return std::unexpected(bytes.error());
    return BackupDone{**files, *bytes};
  }
  return fail(Fault::host, "the configuration or the lists were replaced again and again while they were read",
              "try again in a few minutes");
}

}  // namespace schoolgate::app
