#include "store/sqlite.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "base/clock.h"
#include "store/only_ask.h"

namespace schoolgate::store {

namespace {

std::atomic<bool> asks_only{false};

bool is_there(const std::string& file) {
  std::error_code error;
  return std::filesystem::exists(file, error);
}

// Of a process that only asks. Beside a writer there is a log and its index, which are joined. Where no log is, no
// process has the database open: it is read as it lies. A log that a process which ended has left behind is read
// through an index in memory.
std::string uri_to_ask(const std::filesystem::path& file) {
  constexpr std::string_view kUnescaped = "/._-";
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(file).string()) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kUnescaped.contains(c);
    if (plain) {
      uri += c;
    } else {
      uri += '%';
      uri += kHex[static_cast<unsigned char>(c) >> 4];
      uri += kHex[static_cast<unsigned char>(c) & 15];
    }
  }
  if (!is_there(file.string() + "-wal")) return uri + "?immutable=1";
  return uri + "?readonly_shm=1";
}

}  // namespace

void only_ask() noexcept { asks_only = true; }
bool only_asks() noexcept { return asks_only; }

std::string name_to_attach(const std::filesystem::path& file) { return asks_only ? uri_to_ask(file) : file.string(); }

Statement& Statement::bind(int parameter, std::int64_t value) noexcept {
  sqlite3_bind_int64(statement_.get(), parameter, value);
  return *this;
}

Statement& Statement::bind(int parameter, std::string_view text) noexcept {
  sqlite3_bind_text64(statement_.get(), parameter, text.data() ? text.data() : "", text.size(), SQLITE_STATIC,
                      SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind_blob(int parameter, std::string_view bytes) noexcept {
  sqlite3_bind_blob64(statement_.get(), parameter, bytes.data() ? bytes.data() : "", bytes.size(), SQLITE_STATIC);
  return *this;
}

Statement& Statement::bind_null(int parameter) noexcept {
  sqlite3_bind_null(statement_.get(), parameter);
  return *this;
}

Statement::Step Statement::step() noexcept {
  next_column_ = 0;
  switch (sqlite3_step(statement_.get())) {
    case SQLITE_ROW: return Step::row;
    case SQLITE_DONE: return Step::done;
    default: return Step::failed;
  }
}

bool Statement::run() noexcept {
  const bool done = step() == Step::done;
  reset();
  return done;
}

std::string_view Statement::text(int column) noexcept {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return bytes ? std::string_view(static_cast<const char*>(bytes), std::size_t(size)) : std::string_view{};
}

Result<Database> Database::open(const std::filesystem::path& file, Access access, const std::string& vfs) {
  if (asks_only) access = Access::read;
  if (access == Access::write) {
    // Made here and not by SQLite, so that it never exists with a wider mode; the WAL and its index inherit it. One
    // that exists is not touched: closing any descriptor of it would drop the locks that this process's other
    // connections hold.
    const int fd = ::open(file.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST) return fail_errno("cannot create " + file.string(), errno);
    if (fd >= 0) ::close(fd);
  }
  Database database;
  database.file_ = file;
  sqlite3* connection = nullptr;
  // A reader of a WAL database also keeps its index up to date, so it opens the file for writing and then forbids
  // itself.
  const std::string name = name_to_attach(file);
  const int flags = asks_only ? SQLITE_OPEN_READONLY | SQLITE_OPEN_URI : SQLITE_OPEN_READWRITE;
  const int opened =
      sqlite3_open_v2(name.c_str(), &connection, flags | SQLITE_OPEN_NOMUTEX, vfs.empty() ? nullptr : vfs.c_str());
  database.connection_.reset(connection);
  if (opened != SQLITE_OK) return std::unexpected(database.error("open"));
  sqlite3_extended_result_codes(connection, 1);
  sqlite3_busy_timeout(connection, access == Access::write ? 1000 : 5000);
  const char* set_up = access == Access::write
                           ? "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;"
                             "PRAGMA temp_store=MEMORY; PRAGMA journal_size_limit=67108864;"
                           : "PRAGMA query_only=1;";
  if (auto done = database.run(set_up); !done) return std::unexpected(done.error());
  if (auto done = database.check_format(access); !done) return std::unexpected(done.error());
  return database;
}

Result<Database> Database::in_place_of(const std::filesystem::path& file) {
  Database database;
  database.file_ = file;
  sqlite3* connection = nullptr;
  const int opened = sqlite3_open_v2(":memory:", &connection,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  database.connection_.reset(connection);
  if (opened != SQLITE_OK) return std::unexpected(database.error("open"));
  return database;
}

bool is_absent_for_asker(const std::filesystem::path& file) {
  std::error_code error;
  return asks_only && !std::filesystem::exists(file, error) && !error;
}

Result<void> Database::check_format(Access access) {
  auto asked = prepare("PRAGMA user_version");
  if (!asked) return std::unexpected(asked.error());
  if (asked->step() != Statement::Step::row) return std::unexpected(error("read the format of"));
  const std::int64_t format = asked->integer(0);
  asked->reset();
  if (format > kFormat || format < 0)
    return fail(Fault::host,
                file_.string() + " has format " + std::to_string(format) + ", and this release knows none beyond " +
                    std::to_string(kFormat),
                "start the release that wrote it, or the one of the same time as this copy of the state folder");
  // Zero is a new file, or one from before formats were numbered, which is the first format.
  if (access == Access::read || format == kFormat) return {};
  return run(("PRAGMA user_version=" + std::to_string(kFormat)).c_str());
}

Result<void> Database::run(const char* sql) {
  if (sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    return std::unexpected(error("use"));
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(connection_.get(), sql.data(), int(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement,
                         nullptr) != SQLITE_OK)
    return std::unexpected(error("use"));
  return Statement(statement);
}

Error Database::error(std::string_view doing) const {
  const int code = sqlite3_errcode(connection_.get());
  Error error{Fault::host,
              "cannot " + std::string(doing) + " " + file_.string() + ": " +
                  (connection_ ? sqlite3_errmsg(connection_.get()) : "out of memory"),
              {}};
  if (code == SQLITE_FULL) error.next = "free space on the disk that holds it";
  if (code == SQLITE_IOERR) error.next = "check the disk that holds it";
  if (code == SQLITE_BUSY) error.next = "another process holds it";
  return error;
}

bool Database::damaged() const noexcept {
  const int code = sqlite3_errcode(connection_.get());
  return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

Result<void> Database::checkpoint(int mode) {
  if (sqlite3_wal_checkpoint_v2(connection_.get(), nullptr, mode, nullptr, nullptr) != SQLITE_OK)
    return std::unexpected(error("checkpoint"));
  return {};
}

bool is_damaged(const std::filesystem::path& file, const std::string& vfs) {
  sqlite3* connection = nullptr;
  const int opened =
      sqlite3_open_v2(file.c_str(), &connection, SQLITE_OPEN_READWRITE, vfs.empty() ? nullptr : vfs.c_str());
  int code = opened;
  if (opened == SQLITE_OK) code = sqlite3_exec(connection, "PRAGMA schema_version", nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) {
    // A quick look at the schema's page only: walking a year of records belongs to `breaches verify`.
    code = sqlite3_exec(connection, "SELECT count(*) FROM sqlite_schema", nullptr, nullptr, nullptr);
  }
  sqlite3_close_v2(connection);
  return (code & 0xFF) == SQLITE_CORRUPT || (code & 0xFF) == SQLITE_NOTADB;
}

Result<std::filesystem::path> move_aside(const std::filesystem::path& file) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(wall_now()).time_since_epoch().count();
  const std::string aside = file.string() + ".damaged-" + std::to_string(seconds);
  for (const char* companion : {"", "-wal", "-shm"}) {
    std::error_code error;
    std::filesystem::rename(file.string() + companion, aside + companion, error);
    if (error && error != std::errc::no_such_file_or_directory)
      return fail(Fault::host, "cannot move " + file.string() + " aside: " + error.message());
  }
  return std::filesystem::path(aside);
}

}  // namespace schoolgate::store
