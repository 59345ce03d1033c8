#include "breaches/decision_reading.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace schoolgate::breaches {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kChunk = 1u << 20;
constexpr std::size_t kLongestLine = 64u << 10;
constexpr int kTries = 4;  // a rotation between listing and opening is looked at again

std::string error_text(int error) { return std::generic_category().message(error); }

std::unexpected<Error> cannot_read(const fs::path& path, int error) {
  return fail(Fault::host, "cannot read " + path.string() + ": " + error_text(error),
              error == EACCES ? "ask as the user who owns it, or as root" : "");
}

struct Opened {
  fs::path path;
  int fd = -1;
  dev_t device{};
  ino_t inode{};
  std::uint64_t size = 0;
  bool packed = false;
};

class OpenFiles {
 public:
  OpenFiles() = default;
  ~OpenFiles() {
    for (const Opened& file : files_) ::close(file.fd);
  }
  OpenFiles(const OpenFiles&) = delete;
  OpenFiles& operator=(const OpenFiles&) = delete;

  /// False: it is gone again. What is open already under another name is not opened twice.
  Result<bool> add(const fs::path& path, bool packed, TimePoint since) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT) return false;
    if (fd < 0) return cannot_read(path, errno);
    struct stat about{};
    if (::fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) {
      ::close(fd);
      return fail(Fault::host, "cannot read " + path.string() + ": it is not a regular file");
    }
    const auto same = [&](const Opened& other) { return other.device == about.st_dev && other.inode == about.st_ino; };
    // Written last before `since`: no line in it is of later. Packing keeps that time, or makes it later.
    const bool too_old = TimePoint(std::chrono::seconds(about.st_mtime) + std::chrono::seconds(1)) < since;
    if (std::ranges::any_of(files_, same) || too_old) {
      ::close(fd);
      return true;
    }
    files_.push_back({path, fd, about.st_dev, about.st_ino, std::uint64_t(about.st_size), packed});
    return true;
  }
  [[nodiscard]] const std::vector<Opened>& all() const noexcept { return files_; }

 private:
  std::vector<Opened> files_;
};

bool is_packed_name(std::string_view name) {
  for (const std::string_view end : {".gz", ".xz", ".zst", ".bz2"})
    if (name.ends_with(end)) return true;
  return false;
}

/// "decisions-2026-11-22.jsonl", "decisions.jsonl.1", "decisions.jsonl-20261122", each also packed.
bool is_rotated_name(const std::string& name, const fs::path& file) {
  const std::string live = file.filename().string();
  const std::string start = file.stem().string() + "-", end = file.extension().string();
  if (name.starts_with(start) && name.size() >= start.size() + 10 + end.size()) {
    const std::string rest = name.substr(start.size() + 10);
    if (from_rfc3339(name.substr(start.size(), 10)) && (rest == end || rest.starts_with(end + "."))) return true;
  }
  if (!name.starts_with(live + ".") && !name.starts_with(live + "-")) return false;
  const char next = name.size() > live.size() + 1 ? name[live.size() + 1] : '\0';
  return next >= '0' && next <= '9';
}

std::string without_packing(const std::string& name) {
  return is_packed_name(name) ? name.substr(0, name.rfind('.')) : name;
}

/// Opens what is there. False: a file went between listing and opening, so it is to be looked at again.
Result<bool> open_all(const fs::path& file, TimePoint since, OpenFiles& files) {
  // The live file first: when it is renamed before the folder is listed, it is known by its inode.
  if (auto added = files.add(file, false, since); !added) return added;
  const fs::path folder = file.has_parent_path() ? file.parent_path() : ".";
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
    if (std::string name = entry->path().filename().string(); is_rotated_name(name, file))
      names.push_back(std::move(name));
  if (error) return fail(Fault::host, "cannot read " + folder.string() + ": " + error.message());
  std::ranges::sort(names);
  for (const std::string& name : names) {
    // While a file is being packed both stand there, and the packed one is not whole yet.
    const bool packed = is_packed_name(name);
    if (packed && std::ranges::binary_search(names, without_packing(name))) continue;
    const auto added = files.add(folder / name, packed, since);
    if (!added || !*added) return added;
  }
  return true;
}

class LineFeed {
 public:
  explicit LineFeed(const OnDecisionLine& line) : line_(line) { buffer_.resize(kChunk + kLongestLine); }

  Result<void> read(const Opened& file, const std::function<void(std::uint64_t)>& read_bytes) {
    std::size_t have = 0;
    bool skipping = false;  // the rest of a line that is longer than any of ours
    for (;;) {
      const ssize_t got = ::read(file.fd, buffer_.data() + have, buffer_.size() - have);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return cannot_read(file.path, errno);
      if (got == 0) break;
      read_bytes(std::uint64_t(got));
      have += std::size_t(got);
      std::size_t begin = 0;
      for (;;) {
        const auto* end = static_cast<const char*>(std::memchr(buffer_.data() + begin, '\n', have - begin));
        if (end == nullptr) break;
        const auto at = std::size_t(end - buffer_.data());
        if (!std::exchange(skipping, false)) line_({buffer_.data() + begin, at - begin});
        begin = at + 1;
      }
      have -= begin;
      std::memmove(buffer_.data(), buffer_.data() + begin, have);
      if (have > kLongestLine) {
        if (!std::exchange(skipping, true)) line_("(longer than any line of a gateway)");
        have = 0;
      }
    }
    return {};  // what follows the last line end is still being written
  }

 private:
  const OnDecisionLine& line_;
  std::vector<char> buffer_;
};

}  // namespace

Result<DecisionsRead> read_decisions(const fs::path& file, TimePoint since, const UnpackLines& unpack,
                                     const OnDecisionLine& line,
                                     const std::function<void(const DecisionsRead&)>& progress) {
  std::optional<OpenFiles> files;
  for (int tried = 0;; ++tried) {
    files.emplace();
    const auto opened = open_all(file, since, *files);
    if (!opened) return std::unexpected(opened.error());
    if (*opened) break;
    if (tried == kTries)
      return fail(Fault::host, "cannot read the files beside " + file.string() + ": they change all the time");
  }
  DecisionsRead done;
  if (files->all().empty()) {
    std::error_code error;
    if (!fs::exists(file, error))
      return fail(Fault::host,
                  "cannot read " + file.string() + ": there is no such file, and no rotated one of the time",
                  "it is written from the first decision of a gateway on; --since looks further back");
    return done;
  }
  for (const Opened& one : files->all()) done.of_bytes += one.size;
  LineFeed feed(line);
  for (const Opened& one : files->all()) {
    ++done.files;
    if (one.packed) {
      // By its descriptor: another file may have its name by now.
      if (auto unpacked = unpack("/proc/self/fd/" + std::to_string(one.fd), line); !unpacked)
        return fail(unpacked.error().fault, "cannot read " + one.path.string() + ": " + unpacked.error().what,
                    unpacked.error().next);
      done.bytes += one.size;
      progress(done);
      continue;
    }
    const auto fed = feed.read(one, [&](std::uint64_t bytes) {
      done.bytes += bytes;
      progress(done);
    });
    if (!fed) return std::unexpected(fed.error());
  }
  return done;
}

}  // namespace schoolgate::breaches
