#include "casework/page_reports.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "base/uuid.h"
#include "breaches/append_text.h"
#include "casework/shown_text.h"
#include "casework/visibility.h"
#include "store/sql.h"

namespace schoolgate::casework {
namespace {

/// What was written before reporters could read it stays between the lead and the technician.
constexpr std::string_view kInternalAnswer = "answer", kReportersAnswer = "answer to the reporter";

constexpr std::array<std::string_view, 2> kKinds = {"wrongly-blocked", "unsuitable"};
constexpr std::array<std::string_view, 5> kReportStates = {"new", "in-hand", "changed", "declined", "passed-to-dsl"};
constexpr const char* kReportColumns =
    "SELECT id, reference, kind, state, at, address, breach_reference, said, name, person, device, grp, handled_by,"
    " answer, handled_at FROM page_reports";

PageReport read_report(store::Statement& row, const Viewer& viewer) {
  PageReport report;
  report.id = row.take<std::string>();
  report.reference = row.take<std::string>();
  report.kind = row.take<PageReport::Kind>();
  report.state = row.take<PageReport::State>();
  report.at = row.take<TimePoint>();
  report.address = row.take<std::string>();
  report.breach_reference = row.take<std::string>();
  report.said = row.take<std::string>();
  report.name = row.take<std::string>();
  report.person = row.take<std::string>();
  report.device = row.take<std::string>();
  report.group = row.take<std::string>();
  report.handled_by = row.take<std::string>();
  report.answer = row.take<std::string>();
  report.handled_at = time_unless_zero(row);
  withhold(viewer, report);
  return report;
}

}  // namespace

std::string_view to_string(PageReport::Kind kind) noexcept { return kKinds[std::size_t(kind)]; }
std::optional<PageReport::Kind> report_kind_from(std::string_view text) noexcept {
  const auto found = std::ranges::find(kKinds, text);
  if (found == kKinds.end()) return std::nullopt;
  return PageReport::Kind(found - kKinds.begin());
}
std::string_view to_string(PageReport::State state) noexcept { return kReportStates[std::size_t(state)]; }
std::optional<PageReport::State> report_state_from(std::string_view text) noexcept {
  const auto found = std::ranges::find(kReportStates, text);
  if (found == kReportStates.end()) return std::nullopt;
  return PageReport::State(found - kReportStates.begin());
}

Result<std::string> PageReports::submit(const PageReport& report, bool sealed, TimePoint now) {
  auto address = typed_text("address", report.address, 2000);
  if (!address) return std::unexpected(address.error());
  if (address->empty()) return fail(Fault::client, "address: say which page it is about");
  auto said = typed_text("what is wrong", report.said, 2000, Lines::many);
  if (!said) return std::unexpected(said.error());
  auto name = typed_text("name", report.name, 100);
  if (!name) return std::unexpected(name.error());
  auto breach = typed_text("reference", report.breach_reference, 40);
  if (!breach) return std::unexpected(breach.error());
  if (sealed)
    address = "sealed";
  else if (const std::size_t query = address->find_first_of("?#"); query != std::string::npos)
    address = address->substr(0, query) + "?\u2026";

  const Uuid id = Uuid::v7(now);
  store::Database& database = desk_.database();
  auto done = desk_.change([&]() -> Result<void> {
    const TimePoint hour_ago = now - std::chrono::hours(1);
    const auto all = select_number(database, "SELECT count(*) FROM page_reports WHERE at > ?1", hour_ago);
    if (!all) return std::unexpected(all.error());
    const auto of_device = select_number(database, "SELECT count(*) FROM page_reports WHERE at > ?1 AND device = ?2",
                                         hour_ago, report.device);
    if (!of_device) return std::unexpected(of_device.error());
    if (*all >= std::int64_t(kAnHour) || *of_device >= std::int64_t(kPerDeviceAnHour))
      return fail(Fault::client, "there were too many reports in the last hour",
                  "tell a member of staff, or try again later");
    auto put = execute(database,
                       "INSERT INTO page_reports(id, reference, kind, state, at, address, breach_reference, said, name,"
                       " person, device, grp) VALUES(?1, ?2, ?3, 0, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                       id.text(), id.reference(), report.kind, now, *address, *breach, *said, *name, report.person,
                       report.device, report.group);
    if (!put) return std::unexpected(put.error());
    return desk_.write_journal({.seq = 0,
                                .time = now,
                                .by = report.person.empty() ? "a person at " + report.device : report.person,
                                .what = "report",
                                .about = id.reference(),
                                .person = {},
                                .detail = std::string(to_string(report.kind))});
  });
  if (!done) return std::unexpected(done.error());
  return id.reference();
}

Result<std::vector<PageReport>> PageReports::list(const Viewer& viewer, const PageReportFilter& filter) {
  std::vector<PageReport> reports;
  if (viewer.role == Role::governor) return reports;
  const int state = filter.state ? int(*filter.state) : -1, kind = filter.kind ? int(*filter.kind) : -1;
  auto read = select(
      desk_.database(),
      std::string(kReportColumns) +
          " WHERE (?1 < 0 OR state = ?1) AND (?2 < 0 OR kind = ?2) AND (?3 = 0 OR state IN (0, 1, 4))"
          " ORDER BY at DESC LIMIT ?4 OFFSET ?5",
      [&](store::Statement& row) { reports.push_back(read_report(row, viewer)); }, state, kind, filter.only_open,
      std::min<std::size_t>(filter.limit, 500), filter.offset);
  if (!read) return std::unexpected(read.error());
  return reports;
}

Result<std::optional<PageReport>> PageReports::find(const Viewer& viewer, std::string_view id_or_reference) {
  std::optional<PageReport> found;
  if (viewer.role == Role::governor) return found;
  auto read = select(
      desk_.database(), std::string(kReportColumns) + " WHERE id = ?1 OR reference = ?1",
      [&](store::Statement& row) { found = read_report(row, viewer); }, id_or_reference);
  if (!read) return std::unexpected(read.error());
  if (found) {
    for (const std::string_view field : {kInternalAnswer, kReportersAnswer}) {  // the older ones first
      auto answers = entries_of(desk_.database(), found->id, field);
      if (!answers) return std::unexpected(answers.error());
      std::ranges::move(*answers, std::back_inserter(found->answers));
    }
    withhold(viewer, *found);
  }
  return found;
}

Result<std::string> PageReports::reporter(std::string_view id) {
  std::string person;
  auto read = select(
      desk_.database(), "SELECT person FROM page_reports WHERE id = ?1",
      [&](store::Statement& row) { person = row.take<std::string>(); }, id);
  if (!read) return std::unexpected(read.error());
  return person;
}

Result<void> PageReports::handle(const Viewer& viewer, std::string_view id, PageReport::State state,
                                 std::string_view answer, TimePoint now, std::optional<std::uint64_t> seen) {
  if (viewer.role == Role::governor) return fail(Fault::client, "governors do not handle reports");
  auto kept = typed_text("answer", answer, 2000, Lines::many);
  if (!kept) return std::unexpected(kept.error());
  const bool is_over = state == PageReport::State::changed || state == PageReport::State::declined;
  if (is_over && kept->empty())
    return fail(Fault::client, "answer: say what was changed, or why it stays as it is",
                "the person who reported the page reads it");
  return desk_.change([&]() -> Result<void> {
    auto report = find(viewer, id);
    if (!report) return std::unexpected(report.error());
    if (!*report) return fail(Fault::client, "there is no such report");
    if (auto current = desk_.must_be_current((*report)->reference, seen); !current) return current;
    auto added = add_entry(desk_.database(), (*report)->id,
                           {.field = std::string(kReportersAnswer),
                            .by = viewer.user,
                            .at = now,
                            .choice = std::string(to_string(state)),
                            .text = *kept});
    if (!added) return std::unexpected(added.error());
    auto put =
        execute(desk_.database(),
                "UPDATE page_reports SET state = ?2, handled_by = ?3, answer = ?4, handled_at = ?5 WHERE id = ?1",
                (*report)->id, state, viewer.user, *kept, is_over ? store::to_stored(now) : 0);
    if (!put) return std::unexpected(put.error());
    return desk_.write_journal({.seq = 0,
                                .time = now,
                                .by = viewer.user,
                                .what = "report",
                                .about = (*report)->reference,
                                .person = {},
                                .detail = std::string(to_string(state))});
  });
}

Result<std::optional<PageReports::Answer>> PageReports::answer_to(std::string_view reference) {
  std::optional<Answer> found;
  std::string id;
  auto read = select(
      desk_.database(), "SELECT id, state FROM page_reports WHERE reference = ?1",
      [&](store::Statement& row) {
        id = row.take<std::string>();
        found = Answer{.state = row.take<PageReport::State>(), .texts = {}};
      },
      reference);
  if (!read) return std::unexpected(read.error());
  if (!found) return found;
  const auto entries = entries_of(desk_.database(), id, kReportersAnswer);
  if (!entries) return std::unexpected(entries.error());
  for (const Entry& entry : *entries)
    // What was written while it was passed on is for the safeguarding lead.
    if (!entry.text.empty() && entry.choice != to_string(PageReport::State::passed_to_dsl))
      found->texts.emplace_back(entry.at, entry.text);
  return found;
}

Result<std::uint64_t> PageReports::open_count() {
  auto count = select_number(desk_.database(), "SELECT count(*) FROM page_reports WHERE state IN (0, 1, 4)");
  if (!count) return std::unexpected(count.error());
  return std::uint64_t(*count);
}

}  // namespace schoolgate::casework
