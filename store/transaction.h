// A transaction: begun as a value, committed once, rolled back when it goes out of scope without a commit.
//
// The only place that begins and ends transactions; tests/architecture looks for others. Lives on the stack, shorter
// than its Database, on the Database's thread. Transactions do not nest: a second begin() on a connection fails. The
// rollback overwrites the Database's last error, so a caller takes Database::error() while the transaction lives.
#pragma once

#include <cstdint>
#include <utility>

#include "base/error.h"
#include "store/sqlite.h"

namespace schoolgate::store {

class Transaction {
 public:
  enum class Kind : std::uint8_t {
    immediate,  ///< takes the write lock at once, so that everything read inside is still true at the commit
    deferred,   ///< for readers: one moment of the database for all queries inside
  };

  /// Fault host: the disk, or another process holds the write lock for longer than the Database waits.
  [[nodiscard]] static Result<Transaction> begin(Database& database, Kind kind = Kind::immediate);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  /// On disk when it returns success. After an error nothing counts as written, and the transaction rolls back at the
  /// end of its scope. Called at most once.
  [[nodiscard]] Result<void> commit();

 private:
  explicit Transaction(Database& database) noexcept : database_(&database) {}
  Database* database_;  ///< null: committed or moved from
};

/// Everything that `work` writes, or nothing of it: commits where `work` returns success, else rolls back and returns
/// the error of `work`.
template <class Work>
[[nodiscard]] Result<void> in_transaction(Database& database, Work&& work) {
  auto transaction = Transaction::begin(database);
  if (!transaction) return std::unexpected(transaction.error());
  if (Result<void> done = work(); !done) return done;
  return transaction->commit();
}

}  // namespace schoolgate::store
