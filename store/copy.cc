#include "store/copy.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>

#include "base/file.h"
#include "store/sqlite.h"

namespace schoolgate::store {
namespace {

struct Close {
  void operator()(sqlite3* connection) const noexcept { sqlite3_close_v2(connection); }
};
using Connection = std::unique_ptr<sqlite3, Close>;

bool has_log(const std::filesystem::path& file) {
  std::error_code error;
  return std::filesystem::exists(file.string() + "-wal", error);
}

Error error_of(sqlite3* connection, const std::filesystem::path& file) {
  return {Fault::host, "cannot copy into " + file.string() + ": " + sqlite3_errmsg(connection),
          (sqlite3_errcode(connection) & 0xFF) == SQLITE_FULL ? "free space on the disk that holds it" : ""};
}

Result<void> copy_into(sqlite3* source, const std::filesystem::path& to) {
  sqlite3* opened = nullptr;
  const int status = sqlite3_open_v2(to.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  const Connection target(opened);
  if (status != SQLITE_OK) return std::unexpected(error_of(target.get(), to));
  // Nothing of the copy is worth a journal: a failure removes it.
  sqlite3_exec(target.get(), "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", nullptr, nullptr, nullptr);
  sqlite3_backup* const backup = sqlite3_backup_init(target.get(), "main", source, "main");
  if (!backup) return std::unexpected(error_of(target.get(), to));
  constexpr int kAll = -1, kTries = 100, kPause = 50;  // in one read transaction: never begun anew by a writer
  int step = SQLITE_BUSY;
  for (int i = 0; i < kTries && (step == SQLITE_BUSY || step == SQLITE_LOCKED); ++i) {
    if (i > 0) sqlite3_sleep(kPause);
    step = sqlite3_backup_step(backup, kAll);
  }
  const int finished = sqlite3_backup_finish(backup);
  if (step == SQLITE_DONE && finished == SQLITE_OK) return {};
  return std::unexpected(error_of(target.get(), to));
}

}  // namespace

bool is_database(const std::filesystem::path& file) {
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return false;
  char first[kMagic.size()];
  const bool same =
      ::read(fd, first, sizeof first) == ssize_t(sizeof first) && std::string_view(first, sizeof first) == kMagic;
  ::close(fd);
  return same;
}

Result<void> copy_database(const std::filesystem::path& from, const std::filesystem::path& to) {
  const bool had_log = has_log(from);
  auto source = Database::open(from, Database::Access::read);
  if (!source) return std::unexpected(std::move(source.error()));
  const int fd = ::open(to.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) return fail_errno("cannot create " + to.string(), errno);
  ::close(fd);
  auto copied = copy_into(source->handle(), to);
  // What was read as a file that nobody has open may have been opened meanwhile.
  if (copied && had_log != has_log(from))
    copied = fail(Fault::self, from.string() + " was begun or ended by a gateway meanwhile", "try again");
  if (!copied) ::unlink(to.c_str());
  return copied;
}

Result<void> check_database(const std::filesystem::path& file) {
  auto database = Database::open(file, Database::Access::read);
  if (!database) return std::unexpected(std::move(database.error()));
  auto check = database->prepare("PRAGMA quick_check(1)");
  if (!check) return std::unexpected(std::move(check.error()));
  if (check->step() != Statement::Step::row) return std::unexpected(database->error("check"));
  const std::string found(check->text(0));
  if (found != "ok") return fail(Fault::host, file.string() + " is damaged: " + found.substr(0, 200));
  return {};
}

}  // namespace schoolgate::store
