// A statement with its parameters in one call: how the tables of casework, people and the desk's users are read and
// written.
//
// The parameters must live until the call returns, which arguments do. One thread, with its Database.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "store/sqlite.h"
#include "store/stored_time.h"

namespace schoolgate::store {

/// Bytes that are no text: bound as a blob.
struct Bytes {
  std::string_view bytes;
};

inline void bind_one(Statement& statement, int at, std::string_view text) { statement.bind(at, text); }
inline void bind_one(Statement& statement, int at, Bytes value) { statement.bind_blob(at, value.bytes); }
inline void bind_one(Statement& statement, int at, TimePoint time) { statement.bind(at, to_stored(time)); }
template <std::integral N>
void bind_one(Statement& statement, int at, N number) {
  statement.bind(at, std::int64_t(number));
}
template <class E>
  requires std::is_enum_v<E>
void bind_one(Statement& statement, int at, E value) {
  statement.bind(at, std::int64_t(value));
}
template <class T>
void bind_one(Statement& statement, int at, const std::optional<T>& value) {
  if (value)
    bind_one(statement, at, *value);
  else
    statement.bind_null(at);
}

/// ?1, ?2 and so on, in the order of the parameters. They must live until the step that uses them.
template <class... Parameters>
Statement& bind_all(Statement& statement, const Parameters&... parameters) {
  int at = 0;
  (bind_one(statement, ++at, parameters), ...);
  return statement;
}

/// By number, where a query is not read from the left: a column that is read twice, or first to be passed over.
[[nodiscard]] inline TimePoint time_at(Statement& row, int column) { return from_stored(row.integer(column)); }
[[nodiscard]] inline std::string text_at(Statement& row, int column) { return std::string(row.text(column)); }

/// The next column, for tables of the desk in which 0 is "not yet" as NULL is.
[[nodiscard]] inline std::optional<TimePoint> time_unless_zero(Statement& row) {
  const auto time = row.take<std::optional<TimePoint>>();
  return time && to_stored(*time) == 0 ? std::nullopt : time;
}

/// Hands every row to `each`.
template <class Each, class... Parameters>
[[nodiscard]] Result<void> select(Database& database, std::string_view sql, Each&& each,
                                  const Parameters&... parameters) {
  auto statement = database.prepare(sql);
  if (!statement) return std::unexpected(statement.error());
  bind_all(*statement, parameters...);
  auto step = statement->step();
  for (; step == Statement::Step::row; step = statement->step()) each(*statement);
  if (step == Statement::Step::failed) return std::unexpected(database.error("read"));
  return {};
}

/// How many rows it changed.
template <class... Parameters>
[[nodiscard]] Result<std::uint64_t> execute(Database& database, std::string_view sql, const Parameters&... parameters) {
  auto statement = database.prepare(sql);
  if (!statement) return std::unexpected(statement.error());
  bind_all(*statement, parameters...);
  if (!statement->run()) return std::unexpected(database.error("write"));
  return std::uint64_t(database.changes());
}

/// For a caller that need not know how many rows it changed.
template <class... Parameters>
[[nodiscard]] Result<void> write(Database& database, std::string_view sql, const Parameters&... parameters) {
  if (auto done = execute(database, sql, parameters...); !done) return std::unexpected(done.error());
  return {};
}

/// The first row as `read` reads it; nothing where there is none.
template <class Read, class... Parameters>
[[nodiscard]] auto select_first(Database& database, std::string_view sql, Read&& read, const Parameters&... parameters)
    -> Result<std::optional<decltype(read(std::declval<Statement&>()))>> {
  auto statement = database.prepare(sql);
  if (!statement) return std::unexpected(statement.error());
  switch (bind_all(*statement, parameters...).step()) {
    case Statement::Step::failed: return std::unexpected(database.error("read"));
    case Statement::Step::done: return std::nullopt;
    case Statement::Step::row: break;
  }
  return read(*statement);
}

/// Every row as `read` reads it, in the order of the query.
template <class Read, class... Parameters>
[[nodiscard]] auto select_all(Database& database, std::string_view sql, Read&& read, const Parameters&... parameters)
    -> Result<std::vector<decltype(read(std::declval<Statement&>()))>> {
  std::vector<decltype(read(std::declval<Statement&>()))> rows;
  auto done = select(database, sql, [&](Statement& row) { rows.push_back(read(row)); }, parameters...);
  if (!done) return std::unexpected(done.error());
  return rows;
}

/// The first column of the only row; 0 when there is none.
template <class... Parameters>
[[nodiscard]] Result<std::int64_t> select_number(Database& database, std::string_view sql,
                                                 const Parameters&... parameters) {
  std::int64_t number = 0;
  if (auto done = select(database, sql, [&](Statement& row) { number = row.integer(0); }, parameters...); !done)
    return std::unexpected(done.error());
  return number;
}

}  // namespace schoolgate::store
