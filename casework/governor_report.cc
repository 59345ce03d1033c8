// The report for governors: the numbers of reports.cc, without those that are about fewer than three people or from
// which such a number follows.
//
// Whom a number is about is taken from the episodes. An hour, a day of the week and a week count the people who began
// or ended there: fewer than there were, which hides rather more. What the episodes no longer tell is about nobody
// known, and hidden.
#include <algorithm>
#include <map>

#include "casework/reports.h"
#include "casework/shown_text.h"
#include "store/sql.h"

namespace schoolgate::casework {
namespace {

using std::chrono::days;

constexpr const char* kTogether = "others, together";

// Of each number, the people it is about.
struct Concerned {
  PeopleOfCell all, blocked, let_through;
  std::map<std::string, PeopleOfCell> themes, groups;
  std::array<PeopleOfCell, 24> hours;
  std::array<PeopleOfCell, 7> weekdays;
  std::vector<PeopleOfCell> weeks;
  std::map<std::string, std::vector<PeopleOfCell>> theme_weeks;
  std::map<std::string, std::uint64_t> episodes_of;  // of persons, by account
};

struct OfEpisode {
  std::string who, person, theme, group;
  LocalTime first, last;
  std::uint64_t attempts = 0, let_through = 0;
};

class ConcernedCounter {
 public:
  explicit ConcernedCounter(const Trends& trends) : monday_(trends.weeks.front().monday) {
    concerned_.weeks.resize(trends.weeks.size());
  }
  void add(const OfEpisode& one) {
    Concerned& to = concerned_;
    to.all.insert(one.who);
    if (one.attempts > one.let_through) to.blocked.insert(one.who);
    if (one.let_through > 0) to.let_through.insert(one.who);
    to.themes[one.theme].insert(one.who);
    to.groups[one.group].insert(one.who);
    if (!one.person.empty()) ++to.episodes_of[one.person];
    auto& weeks = to.theme_weeks[one.theme];
    weeks.resize(to.weeks.size());
    for (const LocalTime& at : {one.first, one.last}) {
      to.hours[std::size_t(std::clamp(at.minute / 60, 0, 23))].insert(one.who);
      to.weekdays[std::chrono::weekday(at.day).iso_encoding() - 1].insert(one.who);
      const auto week = (at.day - monday_) / days(7);
      if (week < 0 || std::size_t(week) >= to.weeks.size()) continue;
      to.weeks[std::size_t(week)].insert(one.who);
      weeks[std::size_t(week)].insert(one.who);
    }
  }
  Concerned take() { return std::move(concerned_); }

 private:
  std::chrono::sys_days monday_;
  Concerned concerned_;
};

// A cell that counts something about nobody known is as small as one about a single person.
PeopleOfCell people_or_unknown(const PeopleOfCell& people, std::uint64_t count) {
  return people.empty() && count > 0 ? PeopleOfCell{"?"} : people;
}

// Of a table with names: what is hidden becomes one row, or nothing at all where that row would still be small.
std::vector<NamedCount> merged(const std::vector<NamedCount>& counts,
                               const std::map<std::string, PeopleOfCell>& people) {
  std::vector<PeopleOfCell> cells;
  for (const NamedCount& one : counts) {
    const auto found = people.find(one.name);
    cells.push_back(
        people_or_unknown(found == people.end() ? PeopleOfCell() : found->second, one.attempts + one.episodes));
  }
  const std::vector<bool> hidden = hidden_cells(cells);
  std::vector<NamedCount> shown;
  NamedCount together{.name = kTogether, .attempts = 0, .episodes = 0};
  PeopleOfCell of_together;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (!hidden[i]) {
      shown.push_back(counts[i]);
      continue;
    }
    together.attempts += counts[i].attempts;
    together.episodes += counts[i].episodes;
    of_together.insert(cells[i].begin(), cells[i].end());
  }
  if (of_together.size() >= kFewestPeople) shown.push_back(std::move(together));
  return shown;
}

template <class Counts, class People>
void hide_in_order(const Counts& counts, const People& people, std::span<ShownNumber> shown) {
  std::vector<PeopleOfCell> cells;
  for (std::size_t i = 0; i < counts.size(); ++i) cells.push_back(people_or_unknown(people[i], counts[i]));
  const std::vector<bool> hidden = hidden_cells(cells);
  for (std::size_t i = 0; i < counts.size(); ++i) shown[i] = shown_unless(hidden[i], counts[i]);
}

// Lines of single themes by week stand beside the sums of the weeks and of the themes: a line is drawn only where no
// week of it, and nothing that is left of a week without the drawn ones, is small.
bool may_be_drawn(const std::vector<std::string>& drawn, const Concerned& people) {
  for (std::size_t week = 0; week < people.weeks.size(); ++week) {
    PeopleOfCell rest;
    for (const auto& [theme, weeks] : people.theme_weeks) {
      if (std::ranges::find(drawn, theme) == drawn.end())
        rest.insert(weeks[week].begin(), weeks[week].end());
      else if (is_small(weeks[week]))
        return false;
    }
    if (is_small(rest)) return false;
  }
  return true;
}

GovernorTrends without_small(const Trends& from, const Concerned& people) {
  GovernorTrends to{.decisions = from.decisions, .attempts = {}, .blocked = {}, .episodes = {}};
  const bool too_few = from.attempts + from.episodes > 0 && people.all.size() < kFewestPeople;
  to.attempts = shown_unless(too_few, from.attempts);
  to.episodes = shown_unless(too_few, from.episodes);
  const bool split = !is_small(people_or_unknown(people.blocked, from.blocked)) &&
                     !is_small(people_or_unknown(people.let_through, from.attempts - from.blocked));
  to.blocked = shown_unless(too_few || !split, from.blocked);
  for (const Trends::Week& week : from.weeks)
    to.weeks.push_back({.monday = week.monday, .decisions = week.decisions, .attempts = {}, .episodes = {}});
  if (too_few) return to;

  to.themes = merged(from.themes, people.themes);
  to.groups = merged(from.groups, people.groups);
  hide_in_order(from.hours, people.hours, to.hours);
  hide_in_order(from.weekdays, people.weekdays, to.weekdays);
  std::vector<std::uint64_t> week_sums;
  for (const Trends::Week& week : from.weeks) week_sums.push_back(week.attempts + week.episodes);
  std::vector<ShownNumber> weeks(from.weeks.size());
  hide_in_order(week_sums, people.weeks, weeks);
  bool all_weeks = true;
  for (std::size_t i = 0; i < weeks.size(); ++i) {
    const bool hidden = !weeks[i].count;
    to.weeks[i].attempts = shown_unless(hidden, from.weeks[i].attempts);
    to.weeks[i].episodes = shown_unless(hidden, from.weeks[i].episodes);
    all_weeks &= !hidden;
  }
  std::vector<std::string> drawn;
  for (const auto& [theme, counts] : from.theme_weeks) {
    if (!all_weeks || std::ranges::find(to.themes, theme, &NamedCount::name) == to.themes.end()) continue;
    drawn.push_back(theme);
    if (may_be_drawn(drawn, people))
      to.theme_weeks.emplace_back(theme, counts);
    else
      drawn.pop_back();
  }
  return to;
}

// Numbers of episodes that lie within each other: each is shown only where what is left without it is not small either.
GovernorReaction without_small(const Reaction& from, const std::vector<ReactionRow>& rows) {
  enum { urgent, acknowledged, waiting, waiting_urgent, waiting_other, assessed, rest, not_assessed, kinds };
  PeopleOfCell of[kinds];
  std::array<PeopleOfCell, 6> by_assessment;
  for (const ReactionRow& row : rows) {
    of[row.urgency >= 3 ? urgent : rest].insert(row.who);
    if (row.urgency >= 3) {
      of[row.acknowledged ? acknowledged : waiting].insert(row.who);
      if (!row.acknowledged) of[row.urgency >= 4 ? waiting_urgent : waiting_other].insert(row.who);
    }
    by_assessment[std::size_t(row.assessment)].insert(row.who);
    of[row.assessment == Assessment::none ? not_assessed : assessed].insert(row.who);
  }
  GovernorReaction to;
  const bool few = is_small(of[urgent]) || is_small(of[rest]);
  const bool few_split = few || is_small(of[acknowledged]) || is_small(of[waiting]);
  to.episodes = shown_unless(few, from.episodes);
  to.acknowledged = shown_unless(few_split, from.acknowledged);
  to.urgent_waiting =
      shown_unless(few_split || is_small(of[waiting_urgent]) || is_small(of[waiting_other]), from.urgent_waiting);
  if (!few_split) {
    to.median = from.median;
    to.ninetieth = from.ninetieth;
    to.longest = from.longest;
  }
  const bool few_assessed = is_small(of[assessed]) || is_small(of[not_assessed]);
  to.assessed = shown_unless(few_assessed, from.assessed);
  by_assessment[0].clear();  // not assessed is no row of this table
  const std::vector<bool> hidden = hidden_cells(by_assessment);
  const auto kind = [&](Assessment which, std::uint64_t count) {
    return shown_unless(few_assessed || hidden[std::size_t(which)], count);
  };
  to.concerns = kind(Assessment::concern, from.concerns);
  to.accidental = kind(Assessment::accidental, from.accidental);
  to.curriculum = kind(Assessment::curriculum, from.curriculum);
  to.background = kind(Assessment::background, from.background);
  to.false_positives = kind(Assessment::false_positive, from.false_positives);
  if (to.false_positives.count && to.assessed.count) to.false_positive_rate = from.false_positive_rate();
  return to;
}

}  // namespace

Result<void> Reports::set_people(GovernorReport& report, const Trends& trends, std::int64_t since, std::int64_t until) {
  ConcernedCounter counter(trends);
  auto read = select(
      breaches_,
      "SELECT who, person, theme, grp, first, last, attempts, let_through FROM episodes"
      " WHERE last >= ?1 AND first >= ?1 AND first < ?2",
      [&](store::Statement& row) {
        counter.add({.who = row.take<std::string>(),
                     .person = row.take<std::string>(),
                     .theme = row.take<std::string>(),
                     .group = row.take<std::string>(),
                     .first = local_or_utc(clock_, row.take<TimePoint>()),
                     .last = local_or_utc(clock_, row.take<TimePoint>()),
                     .attempts = row.take<std::uint64_t>(),
                     .let_through = row.take<std::uint64_t>()});
      },
      since, until);
  if (!read) return std::unexpected(read.error());
  const Concerned people = counter.take();
  report.trends = without_small(trends, people);
  const auto again =
      std::uint64_t(std::ranges::count_if(people.episodes_of, [](const auto& one) { return one.second > 1; }));
  report.people = people_shown(people.episodes_of.size());
  report.repeat_people = people_shown(again);
  const std::uint64_t once = people.episodes_of.size() - again;
  if (report.repeat_people.count && once > 0 && once < kFewestPeople) report.repeat_people = {};
  return {};
}

Result<void> Reports::set_incidents(GovernorReport& report, DayRange range, TimePoint now) {
  const auto counts = incidents(range, now);
  if (!counts) return std::unexpected(counts.error());
  const auto [since, until] = instants(range);
  PeopleOfCell opened, closed;
  std::map<std::string, PeopleOfCell> of_kind;
  auto read = select(
      desk_->database(),
      "SELECT s.person, i.opened >= ?1 AND i.opened < ?2, coalesce(i.closed >= ?1 AND i.closed < ?2, 0)"
      " FROM incident_subjects s JOIN incidents i ON i.id = s.incident",
      [&](store::Statement& row) {
        if (row.integer(1) != 0) opened.insert(text_at(row, 0));
        if (row.integer(2) != 0) closed.insert(text_at(row, 0));
      },
      since, until);
  if (read)
    read = select(
        desk_->database(),
        "SELECT a.kind, s.person FROM incident_actions a JOIN incident_subjects s ON s.incident = a.incident"
        " WHERE a.date BETWEEN ?1 AND ?2 AND NOT EXISTS(SELECT 1 FROM entries e WHERE e.about = a.incident"
        " AND e.field = 'struck action' AND e.choice = a.id)",
        [&](store::Statement& row) {
          of_kind[std::string(to_string(ActionKind(row.integer(0))))].insert(text_at(row, 1));
        },
        to_rfc3339(TimePoint(range.from)).substr(0, 10), to_rfc3339(TimePoint(range.to)).substr(0, 10));
  if (!read) return std::unexpected(read.error());
  report.incidents_opened = shown_about(counts->opened, opened);
  report.incidents_closed = shown_about(counts->closed, closed);
  for (const auto& [kind, count] : counts->referrals)
    report.referrals.emplace_back(kind, shown_about(count, of_kind[kind]));
  return {};
}

Result<GovernorReport> Reports::governors(DayRange range, TimePoint now) {
  GovernorReport report;
  report.range = range;
  const auto trends_read = trends(range);
  if (!trends_read) return std::unexpected(trends_read.error());
  const auto [since, until] = instants(range);
  if (auto set = set_people(report, *trends_read, since, until); !set) return std::unexpected(set.error());
  if (auto set = set_incidents(report, range, now); !set) return std::unexpected(set.error());
  const auto rows = reaction_rows(range);
  if (!rows) return std::unexpected(rows.error());
  report.reaction = without_small(reaction_of(*rows), *rows);
  auto turnaround = page_reports(range);
  if (!turnaround) return std::unexpected(turnaround.error());
  report.page_reports = *turnaround;
  auto read = select(
      desk_->database(),
      "SELECT coalesce(sum(total), 0), coalesce(sum(good), 0), max(at) FROM checks WHERE at >= ?1 AND at < ?2",
      [&](store::Statement& row) {
        report.checks = row.take<std::uint64_t>();
        report.checks_as_expected = row.take<std::uint64_t>();
        report.last_check = time_unless_zero(row);
      },
      since, until);
  if (!read) return std::unexpected(read.error());
  return report;
}

}  // namespace schoolgate::casework
