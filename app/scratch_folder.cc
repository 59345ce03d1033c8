#include "app/scratch_folder.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <system_error>

namespace schoolgate::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMarkSize = 6;  // of mkdtemp()
constexpr std::time_t kNew = 60;      // seconds: its process may not hold it yet

net::FileDescriptor open_folder(const fs::path& path) {
  return net::FileDescriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

void remove_leftovers(const fs::path& parent, const std::string& name) {
  std::error_code error;
  for (fs::directory_iterator entry(parent, error), end; !error && entry != end; entry.increment(error)) {
    const std::string found = entry->path().filename().string();
    if (found.size() != name.size() + 1 + kMarkSize || !found.starts_with(name + '.')) continue;
    const net::FileDescriptor folder = open_folder(entry->path());
    struct stat about{};
    if (!folder || ::fstat(folder.get(), &about) != 0 || about.st_uid != ::geteuid() ||
        (about.st_mode & 0777u) != 0700u || about.st_mtime > std::time(nullptr) - kNew ||
        ::flock(folder.get(), LOCK_EX | LOCK_NB) != 0)
      continue;
    std::error_code ignored;
    fs::remove_all(entry->path(), ignored);
  }
}

constexpr std::array kEnding{SIGINT, SIGTERM, SIGHUP};
volatile sig_atomic_t asked = 0;
std::array<struct sigaction, kEnding.size()> before{};

void hear(int) { asked = 1; }

}  // namespace

Result<ScratchFolder> ScratchFolder::make(const fs::path& parent, const std::string& name, Leftovers leftovers) {
  if (leftovers == Leftovers::are_removed) remove_leftovers(parent, name);
  std::string path = (parent / (name + ".XXXXXX")).string();
  if (!::mkdtemp(path.data()))
    return fail_errno("cannot write into " + parent.string(), errno, "is it there, and are you root?");
  net::FileDescriptor lock = open_folder(path);
  if (lock) ::flock(lock.get(), LOCK_EX | LOCK_NB);
  return ScratchFolder(path, std::move(lock));
}

Result<ScratchFolder> ScratchFolder::temporary(const std::string& name) {
  const char* const named = std::getenv("TMPDIR");
  return make(named && *named ? fs::path(named) : fs::temp_directory_path(), name, Leftovers::are_removed);
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

// Without SA_RESTART: whoever waits for a passphrase at the terminal is woken too.
Interruption::Interruption() {
  asked = 0;
  struct sigaction action{};
  action.sa_handler = hear;
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < kEnding.size(); ++i) {
    ::sigaction(kEnding[i], nullptr, &before[i]);
    if (before[i].sa_handler != SIG_IGN) ::sigaction(kEnding[i], &action, nullptr);
  }
}

Interruption::~Interruption() {
  for (std::size_t i = 0; i < kEnding.size(); ++i) ::sigaction(kEnding[i], &before[i], nullptr);
}

Result<void> Interruption::check() {
  if (!asked) return {};
  return fail(Fault::host, "interrupted by a signal: what was made so far is removed again");
}

}  // namespace schoolgate::app
