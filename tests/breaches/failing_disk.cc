#include "tests/breaches/failing_disk.h"

#include <sqlite3.h>

#include <condition_variable>
#include <mutex>

namespace schoolgate::breaches {
namespace {

using Mood = FailingDisk::Mood;

std::mutex mutex;
std::condition_variable changed;
Mood mood_now = Mood::well;
std::uint64_t counted = 0, fails_at = 0;
bool fails_on = false;

Mood mood() {
  const std::lock_guard guard(mutex);
  return mood_now;
}

// Counts one operation; true when it is one that fails.
bool its_turn_to_fail() {
  const std::lock_guard guard(mutex);
  if (fails_at == 0) return false;
  ++counted;
  return fails_on ? counted >= fails_at : counted == fails_at;
}

// The system's file lies right behind this one, in the memory that SQLite gives (szOsFile).
struct File {
  sqlite3_file base;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<File*>(file)->real(); }

template <auto Method, class... Arguments>
int pass(sqlite3_file* file, Arguments... arguments) {
  return (real(file)->pMethods->*Method)(real(file), arguments...);
}

template <auto Method, int kError, class... Arguments>
int may_fail(sqlite3_file* file, Arguments... arguments) {
  if (its_turn_to_fail()) return kError;
  return pass<Method, Arguments...>(file, arguments...);
}

int write(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
  if (its_turn_to_fail()) return SQLITE_IOERR_WRITE;
  switch (mood()) {
    case Mood::full: return SQLITE_FULL;
    case Mood::broken: return SQLITE_IOERR_WRITE;
    default: return real(file)->pMethods->xWrite(real(file), bytes, count, offset);
  }
}

int sync(sqlite3_file* file, int flags) {
  if (its_turn_to_fail()) return SQLITE_IOERR_FSYNC;
  std::unique_lock guard(mutex);
  if (fails_at != 0) return SQLITE_OK;  // nobody pulls the plug in these tests, and there are hundreds of them
  changed.wait(guard, [] { return mood_now != Mood::hanging; });
  if (mood_now == Mood::broken || mood_now == Mood::sync_broken) return SQLITE_IOERR_FSYNC;
  guard.unlock();
  return real(file)->pMethods->xSync(real(file), flags);
}

const sqlite3_io_methods kMethods = [] {
  using M = sqlite3_io_methods;
  M methods{};
  methods.iVersion = 2;
  methods.xClose = pass<&M::xClose>;
  methods.xRead = may_fail<&M::xRead, SQLITE_IOERR_READ, void*, int, sqlite3_int64>;
  methods.xWrite = write;
  methods.xTruncate = may_fail<&M::xTruncate, SQLITE_IOERR_TRUNCATE, sqlite3_int64>;
  methods.xSync = sync;
  methods.xFileSize = may_fail<&M::xFileSize, SQLITE_IOERR_FSTAT, sqlite3_int64*>;
  methods.xLock = pass<&M::xLock, int>;
  methods.xUnlock = pass<&M::xUnlock, int>;
  methods.xCheckReservedLock = pass<&M::xCheckReservedLock, int*>;
  methods.xFileControl = pass<&M::xFileControl, int, void*>;
  methods.xSectorSize = pass<&M::xSectorSize>;
  methods.xDeviceCharacteristics = pass<&M::xDeviceCharacteristics>;
  methods.xShmMap = pass<&M::xShmMap, int, int, int, void volatile**>;
  methods.xShmLock = pass<&M::xShmLock, int, int, int>;
  methods.xShmBarrier = [](sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); };
  methods.xShmUnmap = pass<&M::xShmUnmap, int>;
  return methods;
}();

sqlite3_vfs* system_vfs() {
  static sqlite3_vfs* vfs = sqlite3_vfs_find(nullptr);
  return vfs;
}

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  const int opened = system_vfs()->xOpen(system_vfs(), name, real(file), flags, out_flags);
  file->pMethods = opened == SQLITE_OK ? &kMethods : nullptr;
  return opened;
}

void register_once() {
  static sqlite3_vfs vfs = [] {
    sqlite3_vfs own = *system_vfs();
    own.zName = FailingDisk::kName;
    own.pNext = nullptr;
    own.szOsFile += int(sizeof(File));
    own.xOpen = open;
    return own;
  }();
  [[maybe_unused]] static const int registered = sqlite3_vfs_register(&vfs, 0);
}

}  // namespace

FailingDisk::FailingDisk() {
  register_once();
  become(Mood::well);
}

FailingDisk::~FailingDisk() { become(Mood::well); }

void FailingDisk::become(Mood mood) {
  const std::lock_guard guard(mutex);
  mood_now = mood;
  fails_at = 0;
  changed.notify_all();
}

void FailingDisk::fail_operation(std::uint64_t number, bool lasting) {
  const std::lock_guard guard(mutex);
  counted = 0;
  fails_at = number;
  fails_on = lasting;
}

std::uint64_t FailingDisk::operations() const {
  const std::lock_guard guard(mutex);
  return counted;
}

}  // namespace schoolgate::breaches
