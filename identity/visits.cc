#include "identity/visits.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/digest.h"
#include "identity/access_register.h"
#include "identity/register_words.h"
#include "store/sql.h"

namespace schoolgate::identity {
namespace {

using store::Database;

Visit read_visit(store::Statement& row) {
  return {.id = row.take<std::int64_t>(),
          .name = row.take<std::string>(),
          .host = row.take<std::string>(),
          .purpose = row.take<std::string>(),
          .code = row.take<std::string>(),
          .from = row.take<TimePoint>(),
          .until = row.take<TimePoint>(),
          .closed = row.take<std::optional<TimePoint>>()};
}
constexpr const char* kSelectVisits = "SELECT id, name, host, purpose, code, begins, ends, closed FROM visits ";

std::string new_code() {
  // Crockford's letters and digits, as they are read out and typed.
  constexpr std::string_view kLetters = "0123456789abcdefghjkmnpqrstvwxyz";
  std::array<std::uint8_t, 8> random{};
  fill_random(random);
  std::string code;
  for (const std::uint8_t byte : random) code += kLetters[byte & 31];
  return code;
}

}  // namespace

Result<Visit> Visits::add(Visit visit, bool with_code, std::string_view by, TimePoint now) {
  for (const auto& [field, value] : {std::pair<std::string_view, const std::string&>{"the visitor's name", visit.name},
                                     {"the host", visit.host},
                                     {"the purpose", visit.purpose}})
    if (auto good = check_words(field, value, false); !good) return std::unexpected(good.error());
  if (visit.until <= std::max(now, visit.from)) return fail(Fault::client, "the visit ends before it begins");
  visit.code = with_code ? new_code() : "";
  auto done = people_->change([&](Database& people) -> Result<void> {
    auto added = store::write(
        people,
        "INSERT INTO visits(name, host, purpose, code, begins, ends, closed) VALUES(?1, ?2, ?3, ?4, ?5, ?6, NULL)",
        visit.name, visit.host, visit.purpose, visit.code, visit.from, visit.until);
    if (!added) return added;
    const auto id = store::select_number(people, "SELECT last_insert_rowid()");
    if (!id) return std::unexpected(id.error());
    visit.id = *id;
    return open_access(people, {.user = visit.user(),
                                .name = visit.name,
                                .role = PersonRole::visitor,
                                .group = "visitors",
                                .granted_by = std::string(by),
                                .from = visit.from,
                                .until = visit.until,
                                .closed = {},
                                .note = "visits " + visit.host + ": " + visit.purpose});
  });
  if (!done) return std::unexpected(done.error());
  return visit;
}

Result<std::optional<Visit>> Visits::find(std::string_view code) {
  if (code.empty()) return std::nullopt;
  return people_->read([&](Database& people) {
    return store::select_first(people, kSelectVisits + std::string("WHERE code <> '' AND code = ?1"), read_visit, code);
  });
}

Result<std::vector<Visit>> Visits::all() {
  return people_->read([](Database& people) {
    return store::select_all(people, kSelectVisits + std::string("ORDER BY id"), read_visit);
  });
}

Result<void> Visits::close(std::int64_t id, std::string_view why, std::string_view by, TimePoint now) {
  return people_->change([&](Database& people) -> Result<void> {
    const auto closed =
        store::execute(people, "UPDATE visits SET closed = ?2 WHERE id = ?1 AND closed IS NULL", id, now);
    if (!closed) return std::unexpected(closed.error());
    if (*closed == 0) return fail(Fault::client, "there is no open visit " + std::to_string(id));
    return close_access(people, Visit{.id = id, .closed = {}}.user(), why, by, now);
  });
}

}  // namespace schoolgate::identity
