// A statement with its parameters in one call: what the desk's tables are read and written with.
//
// The parameters must live until the call returns, which arguments do. One thread, with its Database.
#pragma once

#include <concepts>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "store/sqlite.h"

namespace schoolgate::store {

inline void bind_one(Statement& statement, int at, std::string_view text) { statement.bind(at, text); }
inline void bind_one(Statement& statement, int at, TimePoint time) {
  statement.bind(at, std::int64_t(time.time_since_epoch().count()));
}
template <std::integral N>
void bind_one(Statement& statement, int at, N number) {
  statement.bind(at, std::int64_t(number));
}
template <class E>
  requires std::is_enum_v<E>
void bind_one(Statement& statement, int at, E value) {
  statement.bind(at, std::int64_t(value));
}

[[nodiscard]] inline TimePoint time_at(Statement& row, int column) {
  return TimePoint(std::chrono::milliseconds(row.integer(column)));
}
[[nodiscard]] inline std::optional<TimePoint> optional_time_at(Statement& row, int column) {
  if (row.is_null(column) || row.integer(column) == 0) return std::nullopt;
  return time_at(row, column);
}
[[nodiscard]] inline std::string text_at(Statement& row, int column) { return std::string(row.text(column)); }

/// Hands every row to `each`.
template <class Each, class... Parameters>
[[nodiscard]] Result<void> select(Database& database, std::string_view sql, Each&& each,
                                  const Parameters&... parameters) {
  auto statement = database.prepare(sql);
  if (!statement) return std::unexpected(statement.error());
  int at = 0;
  (bind_one(*statement, ++at, parameters), ...);
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
  int at = 0;
  (bind_one(*statement, ++at, parameters), ...);
  if (!statement->run()) return std::unexpected(database.error("write"));
  return std::uint64_t(database.changes());
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
