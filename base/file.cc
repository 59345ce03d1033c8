#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace schoolgate {
namespace {

constexpr std::size_t kLeastRead = 512;

class Descriptor {
 public:
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit) {
  // O_NONBLOCK: opening a pipe without a writer must not hang.
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0) return fail_errno("cannot open " + path.string(), errno);
  struct stat about{};
  if (::fstat(fd.get(), &about) != 0) return fail_errno("cannot read " + path.string(), errno);
  if (!S_ISREG(about.st_mode)) return fail(Fault::host, path.string() + " is not a regular file");
  const auto larger = [&] {
    return fail(Fault::host, path.string() + " is larger than " + std::to_string(limit) + " bytes");
  };
  if (std::size_t(about.st_size) > limit) return larger();
  // Read to the end, whatever the size said: a file may grow meanwhile, and those of /proc say 0.
  std::string content;
  std::size_t have = 0;
  while (true) {
    if (have == content.size())
      content.resize_and_overwrite(std::max({std::size_t(about.st_size) + 1, 2 * have, kLeastRead}),
                                   [](char*, std::size_t size) { return size; });
    const auto got = ::read(fd.get(), content.data() + have, content.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("cannot read " + path.string(), errno);
    if (got == 0) break;
    have += std::size_t(got);
    if (have > limit) return larger();
  }
  content.resize(have);
  return content;
}

Result<void> replace_file(const std::filesystem::path& path, std::string_view content, unsigned mode,
                          const FileOwner* owner) {
  std::string temporary = path.string() + ".XXXXXX";
  const Descriptor fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (fd.get() < 0) return fail_errno("cannot create a file beside " + path.string(), errno);
  const auto give_up = [&](const char* what) {
    const int error = errno;
    ::unlink(temporary.c_str());
    return fail_errno(what + path.string(), error);
  };
  if (owner && ::fchown(fd.get(), owner->user, owner->group) != 0) return give_up("cannot set the owner of ");
  if (::fchmod(fd.get(), mode_t(mode)) != 0) return give_up("cannot set the mode of ");
  while (!content.empty()) {
    const auto put = ::write(fd.get(), content.data(), content.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return give_up("cannot write ");
    content.remove_prefix(std::size_t(put));
  }
  if (::fsync(fd.get()) != 0) return give_up("cannot write ");
  if (::rename(temporary.c_str(), path.c_str()) != 0) return give_up("cannot replace ");
  const Descriptor folder(
      ::open(path.has_parent_path() ? path.parent_path().c_str() : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() >= 0) ::fsync(folder.get());
  return {};
}

Result<void> make_private_folder(const std::filesystem::path& path) {
  std::filesystem::path made;
  for (const auto& part : path) {
    made /= part;
    if (::mkdir(made.c_str(), 0700) != 0 && errno != EEXIST && errno != EISDIR)
      return fail_errno("cannot create " + made.string(), errno);
  }
  std::error_code unreadable;
  if (!std::filesystem::is_directory(path, unreadable)) return fail(Fault::host, path.string() + " is not a folder");
  return {};
}

}  // namespace schoolgate
