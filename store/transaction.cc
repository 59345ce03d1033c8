#include "store/transaction.h"

namespace schoolgate::store {

Result<Transaction> Transaction::begin(Database& database, Kind kind) {
  const char* sql = kind == Kind::immediate ? "BEGIN IMMEDIATE" : "BEGIN";
  if (auto begun = database.run(sql); !begun) return std::unexpected(begun.error());
  return Transaction(database);
}

Transaction::~Transaction() {
  // Fails where SQLite has rolled back by itself, as it does when the disk is full: then there is nothing to undo.
  if (database_ != nullptr) [[maybe_unused]]
    const auto undone = database_->run("ROLLBACK");
}

Result<void> Transaction::commit() {
  if (auto done = database_->run("COMMIT"); !done) return done;
  database_ = nullptr;
  return {};
}

}  // namespace schoolgate::store
