#include "casework/measures.h"

#include "base/uuid.h"
#include "casework/shown_text.h"
#include "store/sql.h"

namespace schoolgate::casework {
namespace {

using Kind = rules::Measure::Kind;

constexpr const char* kSelectMeasures =
    "SELECT id, kind, groups, networks, sites, list, actor, why, begins, ends, closed, closed_by, closed_why FROM "
    "measures";

std::unexpected<Error> refuse_measure(std::string what) { return fail(Fault::client, std::move(what)); }

std::string as_lines(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + '\n';
  return out;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

KeptMeasure read_measure(store::Statement& row) {
  KeptMeasure kept;
  rules::Measure& measure = kept.measure;
  measure.id = row.take<std::string>();
  measure.kind = rules::measure_kind_from(row.take<std::string_view>()).value_or(Kind::emergency);
  measure.groups = split(row.take<std::string_view>());
  for (const std::string& network : split(row.take<std::string_view>()))
    if (auto parsed = names::IpNetwork::parse(network)) measure.networks.push_back(*parsed);
  measure.sites = split(row.take<std::string_view>());
  measure.list = row.take<std::string>();
  measure.by = row.take<std::string>();
  measure.why = row.take<std::string>();
  measure.from = row.take<TimePoint>();
  measure.until = row.take<TimePoint>();
  kept.closed = time_unless_zero(row);
  kept.closed_by = row.take<std::string>();
  kept.closed_why = row.take<std::string>();
  return kept;
}

std::string networks_of(const rules::Measure& measure) {
  std::string out;
  for (const names::IpNetwork& network : measure.networks) out += network.text() + '\n';
  return out;
}

std::string until_text(const rules::Measure& measure) {
  return measure.until == TimePoint::max() ? "it is taken back" : to_rfc3339(measure.until);
}

// What stands in the audit log: a file of the measure, as it begins to be or ceases.
std::string described(const rules::Measure& measure) {
  std::string out = "kind: " + std::string(rules::to_string(measure.kind)) + "\nby: " + measure.by +
                    "\nwhy: " + measure.why + "\nfrom: " + to_rfc3339(measure.from) +
                    "\nuntil: " + until_text(measure) + '\n';
  for (const std::string& group : measure.groups) out += "group: " + group + '\n';
  for (const names::IpNetwork& network : measure.networks) out += "network: " + network.text() + '\n';
  for (const std::string& site : measure.sites) out += "site: " + site + '\n';
  if (!measure.list.empty()) out += "list: " + measure.list + '\n';
  return out;
}

Result<void> fit(rules::Measure& measure, TimePoint now) {
  const auto keep = [](std::string_view field, std::string& text, std::size_t limit) -> Result<void> {
    auto kept = typed_text(field, text, limit);
    if (!kept) return std::unexpected(kept.error());
    text = *std::move(kept);
    return {};
  };
  if (auto done = keep("reason", measure.why, 500); !done) return done;
  if (auto done = keep("who", measure.by, 100); !done) return done;
  if (auto done = keep("list", measure.list, 100); !done) return done;
  for (std::string& group : measure.groups)
    if (auto done = keep("group", group, 100); !done) return done;
  for (std::string& site : measure.sites)
    if (auto done = keep("site", site, 2000); !done) return done;
  std::erase(measure.sites, std::string());
  std::erase(measure.groups, std::string());
  if (measure.why.empty()) return refuse_measure("reason: say why");
  if (measure.by.empty()) return refuse_measure("a measure needs the person who opened it");
  if (measure.sites.size() > 500) return refuse_measure("more than 500 sites");
  if (measure.groups.size() > 100 || measure.networks.size() > 100)
    return refuse_measure("more than 100 groups or networks");
  if (measure.sites.empty() && measure.kind != Kind::exam) return refuse_measure("site: say which sites");
  if (measure.groups.empty() != (measure.kind == Kind::emergency))
    return refuse_measure(measure.groups.empty() ? "group: name the groups"
                                                 : "group: an emergency block is for every group");
  if (measure.from == TimePoint()) measure.from = now;
  if (measure.until <= measure.from || measure.until <= now)
    return refuse_measure("until: it must end later than it begins");
  if (measure.kind == Kind::supervised && measure.until - measure.from > rules::kLongestSupervised)
    return refuse_measure("a supervised session lasts an hour at most");
  if (measure.kind == Kind::exam && measure.until - measure.from > rules::kLongestExam)
    return refuse_measure("an exam lasts 12 hours at most");
  return {};
}

}  // namespace

Result<std::string> MeasureStore::open(rules::Measure measure, const breaches::MachineUser& machine_user,
                                       TimePoint now) {
  if (auto good = fit(measure, now); !good) return std::unexpected(good.error());
  measure.id = Uuid::v7(now).text();
  auto done = desk_.change([&]() -> Result<void> {
    return write(
        measure, measure.by,
        std::string(rules::to_string(measure.kind)) + " opened until " + until_text(measure) + ": " + measure.why,
        machine_user, now);
  });
  if (!done) return std::unexpected(done.error());
  return measure.id;
}

Result<bool> MeasureStore::put_back(const rules::Measure& measure, const breaches::MachineUser& machine_user,
                                    TimePoint now) {
  const auto known = find(measure.id);  // asked without a transaction: a disk that is full can still be read
  if (!known) return std::unexpected(known.error());
  if (*known) return false;
  auto done = desk_.change([&]() -> Result<void> {
    return write(measure, "schoolgate",
                 std::string(rules::to_string(measure.kind)) + " of " + measure.by +
                     " put back: desk.db no longer had it; until " + until_text(measure) + ": " + measure.why,
                 machine_user, now);
  });
  if (!done) return std::unexpected(done.error());
  return true;
}

Result<void> MeasureStore::write(const rules::Measure& measure, const std::string& by, std::string detail,
                                 const breaches::MachineUser& machine_user, TimePoint now) {
  auto put = execute(desk_.database(),
                     "INSERT INTO measures(id, kind, groups, networks, sites, list, actor, why, begins, ends)"
                     " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                     measure.id, rules::to_string(measure.kind), as_lines(measure.groups), networks_of(measure),
                     as_lines(measure.sites), measure.list, measure.by, measure.why, measure.from, measure.until);
  if (!put) return std::unexpected(put.error());
  auto noted = desk_.write_journal({.seq = 0,
                                    .time = now,
                                    .by = by,
                                    .what = "measure",
                                    .about = measure.id,
                                    .person = {},
                                    .detail = std::move(detail)});
  if (!noted || !audit_) return noted;
  auto audited = audit_->record_change({.time = now,
                                        .user = machine_user,
                                        .what = "measure",
                                        .old_version = {},
                                        .new_version = {},
                                        .files = {{"measure " + measure.id, "", described(measure)}}});
  if (!audited) return std::unexpected(audited.error());
  return {};
}

Result<void> MeasureStore::close(std::string_view id, std::string_view by, std::string_view why,
                                 const breaches::MachineUser& machine_user, TimePoint now) {
  auto reason = typed_text("reason", why, 500);
  if (!reason) return std::unexpected(reason.error());
  return desk_.change([&]() -> Result<void> {
    auto kept = find(id);
    if (!kept) return std::unexpected(kept.error());
    if (!*kept) return refuse_measure("there is no such measure");
    if ((*kept)->closed) return refuse_measure("it was taken back already");
    auto put =
        execute(desk_.database(), "UPDATE measures SET closed = ?2, closed_by = ?3, closed_why = ?4 WHERE id = ?1", id,
                now, by, *reason);
    if (!put) return std::unexpected(put.error());
    auto noted = desk_.write_journal({.seq = 0,
                                      .time = now,
                                      .by = std::string(by),
                                      .what = "measure",
                                      .about = std::string(id),
                                      .person = {},
                                      .detail = std::string(rules::to_string((*kept)->measure.kind)) + " taken back" +
                                                (reason->empty() ? "" : ": " + *reason)});
    if (!noted || !audit_) return noted;
    auto audited =
        audit_->record_change({.time = now,
                               .user = machine_user,
                               .what = "measure",
                               .old_version = {},
                               .new_version = {},
                               .files = {{"measure " + std::string(id), described((*kept)->measure),
                                          "taken back by: " + std::string(by) + "\nwhy: " + *reason + '\n'}}});
    if (!audited) return std::unexpected(audited.error());
    return {};
  });
}

Result<std::vector<rules::Measure>> MeasureStore::in_force(TimePoint now) {
  std::vector<rules::Measure> measures;
  auto read = select(
      desk_.database(), std::string(kSelectMeasures) + " WHERE closed IS NULL AND ends > ?1 ORDER BY id",
      [&](store::Statement& row) { measures.push_back(read_measure(row).measure); }, now);
  if (!read) return std::unexpected(read.error());
  return measures;
}

Result<std::vector<KeptMeasure>> MeasureStore::list(std::size_t limit) {
  std::vector<KeptMeasure> measures;
  auto read = select(
      desk_.database(), std::string(kSelectMeasures) + " ORDER BY id DESC LIMIT ?1",
      [&](store::Statement& row) { measures.push_back(read_measure(row)); }, std::min<std::size_t>(limit, 1000));
  if (!read) return std::unexpected(read.error());
  return measures;
}

Result<std::optional<KeptMeasure>> MeasureStore::find(std::string_view id) {
  std::optional<KeptMeasure> found;
  auto read = select(
      desk_.database(), std::string(kSelectMeasures) + " WHERE id = ?1",
      [&](store::Statement& row) { found = read_measure(row); }, id);
  if (!read) return std::unexpected(read.error());
  return found;
}

}  // namespace schoolgate::casework
