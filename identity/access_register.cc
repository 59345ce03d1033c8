#include "identity/access_register.h"

#include "store/sql.h"

namespace schoolgate::identity {
namespace {

using store::Database;
using store::Statement;

AccessGrant read_grant(Statement& row) {
  return {.id = row.take<std::int64_t>(),
          .user = row.take<std::string>(),
          .name = row.take<std::string>(),
          .role = person_role_of(row.take<std::string_view>()).value_or(PersonRole::pupil),
          .group = row.take<std::string>(),
          .granted_by = row.take<std::string>(),
          .from = row.take<TimePoint>(),
          .until = row.take<std::optional<TimePoint>>(),
          .closed = row.take<std::optional<TimePoint>>(),
          .closed_why = row.take<std::string>(),
          .closed_by = row.take<std::string>(),
          .note = row.take<std::string>()};
}
constexpr const char* kColumns =
    "SELECT id, user, name, role, grp, granted_by, begins, ends, closed, closed_why, closed_by, note FROM access ";

}  // namespace

Result<void> open_access(Database& people, const AccessGrant& grant) {
  return store::write(
      people,
      "INSERT INTO access(user, name, role, grp, granted_by, begins, ends, closed, closed_why, closed_by, note) "
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL, '', '', ?8)",
      grant.user, grant.name, to_string(grant.role), grant.group, grant.granted_by, grant.from, grant.until,
      grant.note);
}

Result<void> close_access(Database& people, std::string_view user, std::string_view why, std::string_view by,
                          TimePoint now) {
  return store::write(people,
                      "UPDATE access SET closed = ?2, closed_why = ?3, closed_by = ?4 WHERE user = ?1 AND closed IS "
                      "NULL",
                      user, now, why, by);
}

Result<std::vector<AccessGrant>> open_access_of(Database& people, std::string_view user) {
  return store::select_all(people, kColumns + std::string("WHERE user = ?1 AND closed IS NULL ORDER BY id"), read_grant,
                           user);
}

Result<void> AccessRegister::note(const AccessGrant& grant, TimePoint now) {
  // Looked at without a transaction first: at most sign-ins nothing has changed, and nothing waits for the disk.
  const auto open = people_->read([&](Database& people) { return open_access_of(people, grant.user); });
  if (!open) return std::unexpected(open.error());
  for (const AccessGrant& row : *open)
    if (row.role == grant.role && row.group == grant.group) return {};
  return people_->change([&](Database& people) -> Result<void> {
    if (auto closed = close_access(people, grant.user, "changed", grant.granted_by, now); !closed) return closed;
    return open_access(people, grant);
  });
}

Result<void> AccessRegister::close(std::string_view user, std::string_view why, std::string_view by, TimePoint now) {
  return people_->change([&](Database& people) { return close_access(people, user, why, by, now); });
}

Result<std::vector<AccessGrant>> AccessRegister::rows(std::optional<TimePoint> open_at) {
  auto all = people_->read(
      [](Database& people) { return store::select_all(people, kColumns + std::string("ORDER BY id"), read_grant); });
  if (all && open_at) std::erase_if(*all, [&](const AccessGrant& grant) { return !grant.is_open(*open_at); });
  return all;
}

Result<std::vector<std::string>> AccessRegister::close_run_out(TimePoint now) {
  auto users = people_->read([&](Database& people) {
    return store::select_all(
        people, "SELECT DISTINCT user FROM access WHERE closed IS NULL AND ends <= ?1",
        [](Statement& row) { return row.take<std::string>(); }, now);
  });
  if (!users || users->empty()) return users;
  auto done = people_->change([&](Database& people) -> Result<void> {
    auto closed = store::write(people,
                               "UPDATE access SET closed = ends, closed_why = 'its time was over', closed_by = "
                               "'schoolgate' WHERE closed IS NULL AND ends <= ?1",
                               now);
    if (!closed) return closed;
    return store::write(people, "UPDATE visits SET closed = ends WHERE closed IS NULL AND ends <= ?1", now);
  });
  if (!done) return std::unexpected(done.error());
  return users;
}

}  // namespace schoolgate::identity
