#include "casework/reports.h"

#include <algorithm>
#include <set>

#include "base/json.h"
#include "casework/checks_log.h"
#include "casework/incidents.h"
#include "casework/measures.h"
#include "casework/privacy.h"
#include "casework/shown_text.h"
#include "store/sql.h"

namespace schoolgate::casework {
namespace {

using std::chrono::days;
using std::chrono::milliseconds;
using std::chrono::sys_days;

std::int64_t number_of(sys_days day) { return day.time_since_epoch().count(); }

sys_days monday_of(sys_days day) { return day - days(std::chrono::weekday(day).iso_encoding() - 1); }

std::string day_text(sys_days day) { return to_rfc3339(TimePoint(day)).substr(0, 10); }

std::optional<milliseconds> at_share(std::vector<milliseconds>& values, double share) {
  if (values.empty()) return std::nullopt;
  std::ranges::sort(values);
  return values[std::min(values.size() - 1, std::size_t(double(values.size()) * share))];
}

// The instant at which the site's wall begins to show `day`.
TimePoint first_of(const LocalClock& clock, sys_days day) {
  auto low = std::chrono::floor<std::chrono::minutes>(TimePoint(day) - std::chrono::hours(15));
  auto high = low + std::chrono::hours(30);
  while (high - low > std::chrono::minutes(1)) {
    const auto middle = low + (high - low) / 2;
    (local_or_utc(clock, middle).day < day ? low : high) = middle;
  }
  return high;
}

void sort_counts(std::vector<NamedCount>& counts) {
  std::ranges::sort(counts, [](const NamedCount& a, const NamedCount& b) {
    return a.attempts != b.attempts ? a.attempts > b.attempts : a.name < b.name;
  });
}

std::string per_cent(std::optional<double> rate) {
  if (!rate) return "none assessed, or not shown";
  return std::to_string(int(*rate + 0.5)) + " %";
}

std::string length_or_none(std::optional<milliseconds> length) { return length ? duration_text(*length) : "none"; }

}  // namespace

std::optional<double> Reaction::false_positive_rate() const {
  if (assessed == 0) return std::nullopt;
  return 100.0 * double(false_positives) / double(assessed);
}

Reports::Reports(DeskStore& desk, store::Database breaches, LocalClock clock)
    : desk_(&desk), breaches_(std::move(breaches)), clock_(std::move(clock)) {}

Result<Reports> Reports::open(DeskStore& desk, LocalClock clock) {
  auto breaches = open_breaches_with_desk(desk.folder());
  if (!breaches) return std::unexpected(breaches.error());
  return Reports(desk, *std::move(breaches), std::move(clock));
}

std::pair<std::int64_t, std::int64_t> Reports::instants(DayRange range) const {
  return {store::to_stored(first_of(clock_, range.from)), store::to_stored(first_of(clock_, range.to + days(1)))};
}

Result<Trends> Reports::trends(DayRange range) {
  Trends trends;
  if (range.to < range.from || range.to - range.from > days(366 * 8))
    return fail(Fault::client, "the days of the report: from is after to, or it is more than eight years");
  const sys_days first_monday = monday_of(range.from);
  for (sys_days monday = first_monday; monday <= range.to; monday += days(7))
    trends.weeks.push_back({.monday = monday, .decisions = 0, .attempts = 0, .episodes = 0});
  const auto week_of = [&](std::int64_t day) { return std::size_t((day - number_of(first_monday)) / 7); };

  std::map<std::string, NamedCount> themes, groups;
  std::map<std::string, std::vector<std::uint64_t>> theme_weeks;
  auto read = select(
      desk_->database(), "SELECT day, hour, theme, grp, action, n FROM breach_hours WHERE day BETWEEN ?1 AND ?2",
      [&](store::Statement& row) {
        const std::int64_t day = row.integer(0);
        const auto count = std::uint64_t(row.integer(5));
        const std::string theme = text_at(row, 2);
        const std::string_view action = row.text(4);
        trends.attempts += count;
        (action == "block" ? trends.blocked : action == "warn" ? trends.warned : trends.monitored) += count;
        themes[theme].attempts += count;
        groups[text_at(row, 3)].attempts += count;
        trends.hours[std::size_t(std::clamp<std::int64_t>(row.integer(1), 0, 23))] += count;
        trends.weekdays[std::chrono::weekday(sys_days(days(day))).iso_encoding() - 1] += count;
        trends.weeks[week_of(day)].attempts += count;
        auto& weeks = theme_weeks[theme];
        weeks.resize(trends.weeks.size());
        weeks[week_of(day)] += count;
      },
      number_of(range.from), number_of(range.to));
  if (read)
    read = select(
        desk_->database(), "SELECT day, sum(n) FROM decision_days WHERE day BETWEEN ?1 AND ?2 GROUP BY day",
        [&](store::Statement& row) {
          trends.decisions += std::uint64_t(row.integer(1));
          trends.weeks[week_of(row.integer(0))].decisions += std::uint64_t(row.integer(1));
        },
        number_of(range.from), number_of(range.to));
  const auto [since, until] = instants(range);
  if (read)
    read = select(
        breaches_, "SELECT first, theme, grp FROM episodes WHERE last >= ?1 AND first >= ?1 AND first < ?2",
        [&](store::Statement& row) {
          ++trends.episodes;
          ++themes[text_at(row, 1)].episodes;
          ++groups[text_at(row, 2)].episodes;
          const std::size_t week = week_of(number_of(local_or_utc(clock_, time_at(row, 0)).day));
          if (week < trends.weeks.size()) ++trends.weeks[week].episodes;
        },
        since, until);
  if (!read) return std::unexpected(read.error());
  for (auto& [name, count] : themes) trends.themes.push_back({name, count.attempts, count.episodes});
  for (auto& [name, count] : groups) trends.groups.push_back({name, count.attempts, count.episodes});
  sort_counts(trends.themes);
  sort_counts(trends.groups);
  for (const NamedCount& theme : trends.themes) {
    auto& weeks = theme_weeks[theme.name];
    weeks.resize(trends.weeks.size());
    trends.theme_weeks.emplace_back(theme.name, std::move(weeks));
  }
  return trends;
}

Result<std::vector<RepeatSubject>> Reports::repeat_subjects(const Viewer& viewer, DayRange range, std::uint64_t least,
                                                            std::size_t limit) {
  std::vector<RepeatSubject> subjects;
  if (viewer.role == Role::governor) return subjects;
  const auto [since, until] = instants(range);
  auto read = select(
      breaches_,
      "SELECT person, max(device), max(grp), count(*), sum(attempts), max(urgency), group_concat(DISTINCT theme),"
      " max(last) FROM episodes WHERE last >= ?1 AND first >= ?1 AND first < ?2 GROUP BY who HAVING count(*) >= ?3"
      " ORDER BY count(*) DESC, sum(attempts) DESC LIMIT ?4",
      [&](store::Statement& row) {
        const std::string person = text_at(row, 0);
        const Sight sight = sight_of_episode(viewer, person);
        if (sight == Sight::nothing) return;
        RepeatSubject one;
        one.person = sight == Sight::full ? person : std::string();
        one.device = text_at(row, 1);
        one.group = text_at(row, 2);
        one.episodes = std::uint64_t(row.integer(3));
        one.attempts = std::uint64_t(row.integer(4));
        one.highest_urgency = int(row.integer(5));
        const std::string themes = text_at(row, 6);
        for (std::size_t at = 0; at < themes.size();) {
          const std::size_t end = std::min(themes.find(',', at), themes.size());
          one.themes.push_back(themes.substr(at, end - at));
          at = end + 1;
        }
        one.last = time_at(row, 7);
        subjects.push_back(std::move(one));
      },
      since, until, least, std::min<std::size_t>(limit, 500));
  if (!read) return std::unexpected(read.error());
  return subjects;
}

Result<std::vector<ReactionRow>> Reports::reaction_rows(DayRange range) {
  std::vector<ReactionRow> rows;
  const auto [since, until] = instants(range);
  auto read = select(
      breaches_,
      // An episode that an incident deals with is taken up from the moment the incident was opened. Of the quick
      // assessments the last one that no later entry corrects counts.
      "SELECT who, first, urgency, nullif(min(coalesce(ack.at, 9e18), coalesce((SELECT min(i.opened)"
      " FROM desk.incident_episodes ie JOIN desk.incidents i ON i.id = ie.incident WHERE ie.episode = episodes.id),"
      " 9e18)), 9e18),"
      " coalesce((SELECT e.choice FROM desk.entries e WHERE e.about = episodes.id AND e.field = 'acknowledgement'"
      " AND e.choice <> 'none' AND NOT EXISTS(SELECT 1 FROM desk.entries c WHERE c.about = e.about"
      " AND c.field = e.field AND c.corrects = e.id) ORDER BY e.number DESC LIMIT 1), 'none'),"
      " (SELECT coalesce(max(i.assessment), 0)"
      " FROM desk.incident_episodes ie JOIN desk.incidents i ON i.id = ie.incident WHERE ie.episode = episodes.id)"
      " FROM episodes LEFT JOIN desk.entries ack ON ack.about = episodes.id AND ack.field = 'acknowledgement'"
      " AND ack.number = 1"
      " WHERE last >= ?1 AND first >= ?1 AND first < ?2",
      [&](store::Statement& row) {
        ReactionRow one{.who = row.take<std::string>(),
                        .first = row.take<TimePoint>(),
                        .urgency = row.take<int>(),
                        .acknowledged = time_unless_zero(row),
                        .assessment = assessment_from(row.take<std::string_view>()).value_or(Assessment::none)};
        if (const auto of_incident = row.take<Assessment>(); of_incident != Assessment::none)
          one.assessment = of_incident;
        rows.push_back(std::move(one));
      },
      since, until);
  if (!read) return std::unexpected(read.error());
  return rows;
}

Result<Reaction> Reports::reaction(DayRange range) {
  const auto rows = reaction_rows(range);
  if (!rows) return std::unexpected(rows.error());
  return reaction_of(*rows);
}

Reaction reaction_of(const std::vector<ReactionRow>& rows) {
  Reaction reaction;
  std::vector<milliseconds> took;
  for (const ReactionRow& row : rows) {
    if (row.urgency >= 3) {
      ++reaction.episodes;
      if (row.acknowledged) {
        ++reaction.acknowledged;
        took.push_back(std::max(milliseconds(0), *row.acknowledged - row.first));
      } else if (row.urgency >= 4) {
        ++reaction.urgent_waiting;
      }
    }
    switch (row.assessment) {
      case Assessment::none: continue;
      case Assessment::concern: ++reaction.concerns; break;
      case Assessment::accidental: ++reaction.accidental; break;
      case Assessment::curriculum: ++reaction.curriculum; break;
      case Assessment::background: ++reaction.background; break;
      case Assessment::false_positive: ++reaction.false_positives; break;
    }
    ++reaction.assessed;
  }
  reaction.median = at_share(took, 0.5);
  reaction.ninetieth = at_share(took, 0.9);
  if (!took.empty()) reaction.longest = took.back();
  return reaction;
}

Result<ReportTurnaround> Reports::page_reports(DayRange range) {
  ReportTurnaround turnaround;
  std::vector<milliseconds> took;
  const auto [since, until] = instants(range);
  auto read = select(
      desk_->database(), "SELECT at, state, handled_at FROM page_reports WHERE at >= ?1 AND at < ?2",
      [&](store::Statement& row) {
        ++turnaround.received;
        const auto at = row.take<TimePoint>();
        const auto state = row.take<PageReport::State>();
        if (const auto handled = time_unless_zero(row)) {
          ++turnaround.handled;
          took.push_back(std::max(milliseconds(0), *handled - at));
        } else {
          ++turnaround.waiting;
        }
        turnaround.changed += state == PageReport::State::changed;
        turnaround.declined += state == PageReport::State::declined;
      },
      since, until);
  if (!read) return std::unexpected(read.error());
  turnaround.median = at_share(took, 0.5);
  if (!took.empty()) turnaround.longest = took.back();
  return turnaround;
}

Result<IncidentCounts> Reports::incidents(DayRange range, TimePoint now) {
  IncidentCounts counts;
  const auto [since, until] = instants(range);
  const std::string today = day_text(local_or_utc(clock_, now).day);
  store::Database& database = desk_->database();
  auto read = select(
      database,
      "SELECT sum(opened >= ?1 AND opened < ?2), sum(closed >= ?1 AND closed < ?2), sum(closed IS NULL),"
      " sum(closed IS NULL AND review_by <> '' AND review_by < ?3), sum(hold) FROM incidents",
      [&](store::Statement& row) {
        counts.opened = std::uint64_t(row.integer(0));
        counts.closed = std::uint64_t(row.integer(1));
        counts.open_now = std::uint64_t(row.integer(2));
        counts.reviews_overdue = std::uint64_t(row.integer(3));
        counts.held = std::uint64_t(row.integer(4));
      },
      since, until, today);
  if (read)
    read = select(
        database,
        "SELECT kind, count(*) FROM incident_actions a WHERE date BETWEEN ?1 AND ?2 AND NOT EXISTS(SELECT 1 FROM "
        "entries"
        " e WHERE e.about = a.incident AND e.field = 'struck action' AND e.choice = a.id) GROUP BY kind ORDER BY kind",
        [&](store::Statement& row) {
          counts.referrals.emplace_back(to_string(ActionKind(row.integer(0))), std::uint64_t(row.integer(1)));
        },
        day_text(range.from), day_text(range.to));
  if (!read) return std::unexpected(read.error());
  return counts;
}

Result<InspectionPack> Reports::inspection_pack(const InspectionFacts& facts, DayRange range, TimePoint now) {
  InspectionPack pack;
  pack.facts = facts;
  auto numbers = governors(range, now);
  if (!numbers) return std::unexpected(numbers.error());
  pack.numbers = *std::move(numbers);
  const auto [since, until] = instants(range);
  auto checks = ChecksLog(*desk_).list(TimePoint(milliseconds(since)), TimePoint(milliseconds(until)), 500);
  if (!checks) return std::unexpected(checks.error());
  for (const CheckRun& run : *checks)
    pack.checks.push_back(moment_text(clock_, run.at) + ": " + run.kind + " by " + run.by + ", " +
                          std::to_string(run.good) + " of " + std::to_string(run.total) + " as expected" +
                          (run.action.empty() ? "" : "; " + run.action));
  auto measures = MeasureStore(*desk_, nullptr).list(500);
  if (!measures) return std::unexpected(measures.error());
  for (const KeptMeasure& kept : *measures) {
    if (store::to_stored(kept.measure.from) >= until) continue;
    pack.measures.push_back(
        moment_text(clock_, kept.measure.from) + ": " + std::string(rules::to_string(kept.measure.kind)) + " by " +
        kept.measure.by + ", " + kept.measure.why +
        (kept.closed ? "; taken back " + moment_text(clock_, *kept.closed) + " by " + kept.closed_by : ""));
  }
  auto deletions = Privacy(*desk_).deletions(500);
  if (!deletions) return std::unexpected(deletions.error());
  for (const Deletion& deletion : *deletions)
    pack.deletions.push_back(moment_text(clock_, deletion.at) + ": " + std::to_string(deletion.count) + " " +
                             deletion.kind + " before " + date_text(clock_, deletion.until) + ", by " + deletion.by +
                             (deletion.held ? ", " + std::to_string(deletion.held) + " kept under legal hold" : ""));
  // The audit log's records can be long (whole differences of files): SQLite takes out what is told here.
  auto audit = store::Database::open(desk_->folder() / "audit.db", store::Database::Access::read);
  if (audit) {
    auto read = select(
        *audit,
        "SELECT time, json_extract(record, '$.what'), json_extract(record, '$.user.name'),"
        " json_extract(record, '$.user.sudo_user'), json_extract(record, '$.new_version'),"
        " json_array_length(record, '$.files') FROM records WHERE time >= ?1 AND time < ?2 AND json_valid(record)"
        " ORDER BY seq DESC LIMIT 500",
        [&](store::Statement& row) {
          const std::string sudo = text_at(row, 3);
          pack.changes.push_back(moment_text(clock_, time_at(row, 0)) + ": " + text_at(row, 1) + " by " +
                                 (sudo.empty() ? text_at(row, 2) : sudo) + ", " + std::to_string(row.integer(5)) +
                                 " files changed" +
                                 (row.is_null(4) || row.text(4).empty() ? "" : ", policy " + text_at(row, 4)));
        },
        since, until);
    if (!read) return std::unexpected(read.error());
  }
  return pack;
}

std::string to_text(const InspectionPack& pack) {
  const GovernorReport& n = pack.numbers;
  std::string out = pack.facts.school + ": filtering and monitoring, " + day_text(n.range.from) + " to " +
                    day_text(n.range.to) + "\nGateway " + pack.facts.gateway + ", policy " + pack.facts.policy_version +
                    "\n";
  const auto section = [&](std::string_view title, const std::vector<std::string>& lines) {
    out += "\n" + std::string(title) + "\n";
    if (lines.empty()) out += "- none\n";
    for (const std::string& line : lines) out += "- " + line + "\n";
  };
  const auto pairs = [](const std::vector<std::pair<std::string, std::string>>& from) {
    std::vector<std::string> lines;
    for (const auto& [name, text] : from) lines.push_back(name + ": " + text);
    return lines;
  };
  section("The policy of each group", pairs(pack.facts.policy));
  section("Decisions of leadership", pairs(pack.facts.approvals));
  section("Lists", pairs(pack.facts.lists));
  section("What this installation cannot see", pack.facts.cannot_see);
  std::vector<std::string> numbers = {
      "requests decided: " + std::to_string(n.trends.decisions),
      "attempts at categories that are watched: " + n.trends.attempts.text() + ", blocked " + n.trends.blocked.text() +
          ", in " + n.trends.episodes.text() + " episodes",
      "people concerned: " + n.people.text() + ", more than once: " + n.repeat_people.text(),
      "incidents opened: " + n.incidents_opened.text() + ", closed: " + n.incidents_closed.text(),
      "episodes of urgency 3 and above: " + n.reaction.episodes.text() +
          ", acknowledged: " + n.reaction.acknowledged.text() + ", median time: " + length_or_none(n.reaction.median) +
          ", 90th percentile: " + length_or_none(n.reaction.ninetieth),
      "false positives of assessed episodes: " + per_cent(n.reaction.false_positive_rate),
      "reports of pages: " + std::to_string(n.page_reports.received) + ", handled: " +
          std::to_string(n.page_reports.handled) + ", median time: " + length_or_none(n.page_reports.median),
      "checks as expected: " + std::to_string(n.checks_as_expected) + " of " + std::to_string(n.checks)};
  for (const auto& [kind, count] : n.referrals) numbers.push_back(kind + ": " + count.text());
  section("Numbers", numbers);
  std::vector<std::string> themes;
  for (const NamedCount& theme : n.trends.themes)
    themes.push_back((theme.name.empty() ? "unlisted" : theme.name) + ": " + std::to_string(theme.attempts) +
                     " attempts, " + std::to_string(theme.episodes) + " episodes");
  section("Themes", themes);
  section("Checks", pack.checks);
  section("Changes of the configuration", pack.changes);
  section("Measures", pack.measures);
  section("Deletions", pack.deletions);
  return out;
}

std::string to_json(const InspectionPack& pack) {
  const GovernorReport& n = pack.numbers;
  std::string out;
  JsonWriter json(out);
  const auto pairs = [&](std::string_view name, const std::vector<std::pair<std::string, std::string>>& from) {
    json.key(name).begin_array();
    for (const auto& [one, text] : from) json.begin_object().field("name", one).field("text", text).end_object();
    json.end_array();
  };
  const auto lines = [&](std::string_view name, const std::vector<std::string>& from) {
    json.key(name).begin_array();
    for (const std::string& line : from) json.value(line);
    json.end_array();
  };
  // A number that is not shown is a word.
  const auto number = [&](std::string_view name, const ShownNumber& shown) {
    if (shown.count)
      json.field(name, *shown.count);
    else
      json.field(name, shown.text());
  };
  json.begin_object().field("schema", "schoolgate.inspection.1").field("school", pack.facts.school);
  json.field("gateway", pack.facts.gateway).field("policy_version", pack.facts.policy_version);
  json.field("from", day_text(n.range.from)).field("to", day_text(n.range.to));
  json.field("decisions", n.trends.decisions);
  number("attempts", n.trends.attempts);
  number("blocked", n.trends.blocked);
  number("episodes", n.trends.episodes);
  json.field("people", n.people.text()).field("repeat_people", n.repeat_people.text());
  json.field("incidents_opened", n.incidents_opened.text()).field("incidents_closed", n.incidents_closed.text());
  json.field("checks", n.checks).field("checks_as_expected", n.checks_as_expected).key("themes").begin_array();
  for (const NamedCount& theme : n.trends.themes)
    json.begin_object()
        .field("theme", theme.name)
        .field("attempts", theme.attempts)
        .field("episodes", theme.episodes)
        .end_object();
  json.end_array();
  json.key("reaction").begin_object();
  number("episodes", n.reaction.episodes);
  number("acknowledged", n.reaction.acknowledged);
  json.field("median", length_or_none(n.reaction.median));
  json.field("ninetieth", length_or_none(n.reaction.ninetieth));
  json.field("false_positives", per_cent(n.reaction.false_positive_rate)).end_object();
  json.key("page_reports").begin_object().field("received", n.page_reports.received);
  json.field("handled", n.page_reports.handled).field("waiting", n.page_reports.waiting);
  json.field("median", length_or_none(n.page_reports.median)).end_object();
  pairs("policy", pack.facts.policy);
  pairs("approvals", pack.facts.approvals);
  pairs("lists", pack.facts.lists);
  lines("cannot_see", pack.facts.cannot_see);
  lines("check_runs", pack.checks);
  lines("changes", pack.changes);
  lines("measures", pack.measures);
  lines("deletions", pack.deletions);
  json.end_object();
  return out;
}

}  // namespace schoolgate::casework
