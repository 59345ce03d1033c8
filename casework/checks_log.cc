#include "casework/checks_log.h"

#include <algorithm>

#include "base/uuid.h"
#include "casework/shown_text.h"
#include "store/sql.h"

namespace schoolgate::casework {
namespace {

constexpr std::size_t kMostResults = 5000;
constexpr std::string_view kAction = "action";
constexpr const char* kColumns = "SELECT id, at, actor, kind, devices, action, good, total FROM checks";

CheckRun read_run(store::Statement& row) {
  CheckRun run;
  run.id = row.take<std::string>();
  run.at = row.take<TimePoint>();
  run.by = row.take<std::string>();
  run.kind = row.take<std::string>();
  run.devices = row.take<std::string>();
  run.action = row.take<std::string>();
  run.good = row.take<std::size_t>();
  run.total = row.take<std::size_t>();
  return run;
}

}  // namespace

Result<std::string> ChecksLog::record(const CheckRun& run, TimePoint now) {
  auto by = typed_text("who", run.by, 100);
  if (!by) return std::unexpected(by.error());
  auto kind = typed_text("kind", run.kind, 100);
  if (!kind) return std::unexpected(kind.error());
  if (by->empty() || kind->empty()) return fail(Fault::client, "a check needs its author and its kind");
  auto devices = typed_text("devices", run.devices, 500);
  if (!devices) return std::unexpected(devices.error());
  auto action = typed_text("action", run.action, 2000, Lines::many);
  if (!action) return std::unexpected(action.error());
  if (run.results.empty() || run.results.size() > kMostResults)
    return fail(Fault::client, "a check needs between 1 and 5000 results");
  std::vector<CheckResult> results;
  for (const CheckResult& result : run.results) {
    CheckResult kept;
    for (const auto& [field, from, to] :
         {std::tuple{"group", &result.group, &kept.group}, std::tuple{"mode", &result.mode, &kept.mode},
          std::tuple{"what", &result.what, &kept.what}, std::tuple{"expected", &result.expected, &kept.expected},
          std::tuple{"found", &result.found, &kept.found}}) {
      auto text = typed_text(field, *from, 500);
      if (!text) return std::unexpected(text.error());
      *to = *std::move(text);
    }
    kept.as_expected = result.as_expected;
    results.push_back(std::move(kept));
  }
  const std::string id = Uuid::v7(now).text();
  const TimePoint at = run.at == TimePoint() ? now : run.at;
  const auto good = std::uint64_t(std::ranges::count_if(results, &CheckResult::as_expected));
  store::Database& database = desk_.database();
  auto done = desk_.change([&]() -> Result<void> {
    auto put = execute(database,
                       "INSERT INTO checks(id, at, actor, kind, devices, action, good, total)"
                       " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                       id, at, *by, *kind, *devices, *action, good, results.size());
    for (std::size_t i = 0; put && i < results.size(); ++i)
      put = execute(database,
                    "INSERT INTO check_results(run, number, grp, mode, what, expected, found, good)"
                    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                    id, i, results[i].group, results[i].mode, results[i].what, results[i].expected, results[i].found,
                    results[i].as_expected);
    if (!put) return std::unexpected(put.error());
    return desk_.write_journal(
        {.seq = 0,
         .time = now,
         .by = *by,
         .what = "check",
         .about = id,
         .person = {},
         .detail = *kind + ": " + std::to_string(good) + " of " + std::to_string(results.size()) + " as expected"});
  });
  if (!done) return std::unexpected(done.error());
  return id;
}

Result<void> ChecksLog::set_action(const Viewer& viewer, std::string_view id, std::string_view action, TimePoint now) {
  if (viewer.role == Role::governor) return fail(Fault::client, "governors do not change checks");
  auto kept = typed_text("action", action, 2000, Lines::many);
  if (!kept) return std::unexpected(kept.error());
  return desk_.change([&]() -> Result<void> {
    auto run = find(id);
    if (!run) return std::unexpected(run.error());
    if (!*run) return fail(Fault::client, "there is no such check");
    if ((*run)->action == *kept) return fail(Fault::client, "nothing was changed");
    // What the check itself was recorded with is an entry too, once there is another one.
    std::vector<Entry> entries;
    if ((*run)->actions.empty() && !(*run)->action.empty())
      entries.push_back({.field = std::string(kAction), .by = (*run)->by, .at = (*run)->at, .text = (*run)->action});
    entries.push_back({.field = std::string(kAction), .by = viewer.user, .at = now, .text = *kept});
    for (Entry& entry : entries)
      if (auto added = add_entry(desk_.database(), id, std::move(entry)); !added) return std::unexpected(added.error());
    auto put = execute(desk_.database(), "UPDATE checks SET action = ?2 WHERE id = ?1", id, *kept);
    if (!put) return std::unexpected(put.error());
    return desk_.write_journal({.seq = 0,
                                .time = now,
                                .by = viewer.user,
                                .what = "check",
                                .about = std::string(id),
                                .person = {},
                                .detail = "an action was written down"});
  });
}

Result<std::vector<CheckRun>> ChecksLog::list(TimePoint since, TimePoint until, std::size_t limit) {
  std::vector<CheckRun> runs;
  auto read = select(
      desk_.database(), std::string(kColumns) + " WHERE at >= ?1 AND at < ?2 ORDER BY at DESC LIMIT ?3",
      [&](store::Statement& row) { runs.push_back(read_run(row)); }, since, until, std::min<std::size_t>(limit, 1000));
  if (!read) return std::unexpected(read.error());
  return runs;
}

Result<std::optional<CheckRun>> ChecksLog::find(std::string_view id) {
  std::optional<CheckRun> found;
  auto read = select(
      desk_.database(), std::string(kColumns) + " WHERE id = ?1", [&](store::Statement& row) { found = read_run(row); },
      id);
  if (read && found)
    read = select(
        desk_.database(),
        "SELECT grp, mode, what, expected, found, good FROM check_results WHERE run = ?1 ORDER BY number",
        [&](store::Statement& row) {
          found->results.push_back({row.take<std::string>(), row.take<std::string>(), row.take<std::string>(),
                                    row.take<std::string>(), row.take<std::string>(), row.take<bool>()});
        },
        id);
  if (!read) return std::unexpected(read.error());
  if (!found) return found;
  auto actions = entries_of(desk_.database(), id, kAction);
  if (!actions) return std::unexpected(actions.error());
  found->actions = *std::move(actions);
  return found;
}

Result<std::vector<ChecksLog::Cell>> ChecksLog::matrix() {
  std::vector<Cell> cells;
  auto read =
      select(desk_.database(),
             "SELECT grp, mode, sum(check_results.good), count(*), at FROM check_results JOIN checks ON checks.id = run"
             " WHERE at = (SELECT max(c.at) FROM checks c JOIN check_results r ON r.run = c.id"
             " WHERE r.grp = check_results.grp AND r.mode = check_results.mode)"
             " GROUP BY grp, mode ORDER BY grp, mode",
             [&](store::Statement& row) {
               cells.push_back({row.take<std::string>(), row.take<std::string>(), row.take<std::size_t>(),
                                row.take<std::size_t>(), row.take<TimePoint>()});
             });
  if (!read) return std::unexpected(read.error());
  return cells;
}

}  // namespace schoolgate::casework
