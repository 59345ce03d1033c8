// SQLite as values: a connection and a prepared statement that close themselves, and errors that are Errors.
//
// Owned by one thread at a time (connections are opened with SQLITE_OPEN_NOMUTEX). Nothing outside this room knows
// SQLite.
#pragma once

#include <sqlite3.h>

#include <cassert>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/clock.h"
#include "base/error.h"
#include "store/stored_time.h"

namespace schoolgate::store {

/// A prepared statement. Text and blobs are bound by reference: they must live until the step that uses them is done.
class Statement {
 public:
  enum class Step { row, done, failed };

  Statement() = default;
  explicit Statement(sqlite3_stmt* statement) noexcept : statement_(statement) {}

  /// Parameters and columns as SQLite counts them: parameters from 1, columns from 0.
  Statement& bind(int parameter, std::int64_t value) noexcept;
  Statement& bind(int parameter, std::string_view text) noexcept;
  Statement& bind_blob(int parameter, std::string_view bytes) noexcept;
  Statement& bind_null(int parameter) noexcept;

  [[nodiscard]] Step step() noexcept;
  /// Steps once, expects no row, and makes the statement ready for its next use. False when it failed.
  [[nodiscard]] bool run() noexcept;
  void reset() noexcept { sqlite3_reset(statement_.get()); }

  [[nodiscard]] std::int64_t integer(int column) noexcept { return sqlite3_column_int64(statement_.get(), column); }
  /// Text or blob; valid until the next step or reset.
  [[nodiscard]] std::string_view text(int column) noexcept;
  [[nodiscard]] bool is_null(int column) noexcept {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
  }

  /// The next column of this row, from the left: a reader names its fields in the order of the SELECT and no numbers.
  /// T: std::string (a copy), std::string_view (as text()), bool, an integer, an enum of its number, TimePoint, or
  /// std::optional of one of these for a column that can be NULL.
  template <class T>
  [[nodiscard]] T take();
  /// The column that the next take() reads: past columns that another reader reads by number.
  void skip_to(int column) noexcept { next_column_ = column; }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int next_column_ = 0;  ///< that take() reads; every step() begins at the first
};

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

template <class T>
T Statement::take() {
  if constexpr (kIsOptional<T>) {
    if (!is_null(next_column_)) return take<typename T::value_type>();
    ++next_column_;
    return std::nullopt;
  } else {
    const int column = next_column_++;
    assert(column < sqlite3_column_count(statement_.get()));
    if constexpr (std::constructible_from<T, std::string_view>) {
      return T(text(column));
    } else if constexpr (std::same_as<T, TimePoint>) {
      return from_stored(integer(column));
    } else if constexpr (std::same_as<T, bool>) {
      return integer(column) != 0;
    } else {
      static_assert(std::integral<T> || std::is_enum_v<T>);
      return static_cast<T>(integer(column));
    }
  }
}

class Database {
 public:
  enum class Access {
    write,  ///< made (mode 0600) when absent; WAL, synchronous=FULL; checkpoints are the caller's
    read,   ///< must exist; queries only; works beside a writer
  };

  /// What this release writes, in every file (`PRAGMA user_version`). Raised when an older release could no longer
  /// read, or would wrongly continue, what a newer one wrote; the change that raises it brings the older files over.
  static constexpr std::int64_t kFormat = 1;

  /// A file of a later format is refused, for reading too: guessing at records would be worse than not starting.
  /// `vfs` names a registered SQLite VFS; empty is the system's.
  [[nodiscard]] static Result<Database> open(const std::filesystem::path& file, Access access,
                                             const std::string& vfs = {});

  /// Empty and in memory: what a process that only asks reads where `file` is not there, without making it. Nothing
  /// written to it is kept.
  [[nodiscard]] static Result<Database> in_place_of(const std::filesystem::path& file);

  [[nodiscard]] Result<void> run(const char* sql);
  [[nodiscard]] Result<Statement> prepare(std::string_view sql);
  /// What went wrong last, as an Error of this machine: "cannot <doing> <file>: <SQLite's words>".
  [[nodiscard]] Error error(std::string_view doing) const;
  /// True when the last failure says that the file is no usable database (damaged or foreign).
  [[nodiscard]] bool damaged() const noexcept;
  /// Moves what the write-ahead log holds into the database file as far as readers let it.
  [[nodiscard]] Result<void> checkpoint(int mode = SQLITE_CHECKPOINT_PASSIVE);
  [[nodiscard]] int changes() const noexcept { return sqlite3_changes(connection_.get()); }
  [[nodiscard]] sqlite3* handle() const noexcept { return connection_.get(); }
  [[nodiscard]] const std::filesystem::path& file() const noexcept { return file_; }

 private:
  [[nodiscard]] Result<void> check_format(Access access);

  struct Close {
    void operator()(sqlite3* connection) const noexcept { sqlite3_close_v2(connection); }
  };
  std::unique_ptr<sqlite3, Close> connection_;
  std::filesystem::path file_;
};

/// True when `file` exists but SQLite says that it is damaged or no database at all.
[[nodiscard]] bool is_damaged(const std::filesystem::path& file, const std::string& vfs = {});

/// Renames a database and its companions to "<file>.damaged-<unix seconds>", so that nothing is lost and a new one can
/// begin.
[[nodiscard]] Result<std::filesystem::path> move_aside(const std::filesystem::path& file);

}  // namespace schoolgate::store
