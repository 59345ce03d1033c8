#include "console/report_words.h"

#include <algorithm>
#include <array>

#include "casework/shown_text.h"
#include "console/days.h"
#include "console/episode_words.h"

namespace schoolgate::console {

namespace {

using TextRow = std::vector<std::string>;

std::string number(std::uint64_t value) { return std::to_string(value); }

std::string percent(const std::optional<double>& value) {
  return value ? std::to_string(static_cast<int>(*value + 0.5)) + " %" : "nothing was assessed";
}

std::string length(const std::optional<std::chrono::milliseconds>& value) {
  return value ? casework::duration_text(*value) : "none yet";
}

FigureTable counts_table(std::string title, std::string first, const std::vector<casework::NamedCount>& counts,
                         bool themes) {
  FigureTable table{.title = std::move(title),
                    .text = {},
                    .chart = "bar",
                    .head = {std::move(first), "Attempts", "Episodes"},
                    .rows = {}};
  for (const casework::NamedCount& count : counts) {
    table.rows.push_back(
        {themes ? theme_words(count.name) : count.name, number(count.attempts), number(count.episodes)});
  }
  return table;
}

}  // namespace

namespace {

std::string number(const casework::ShownNumber& value) { return value.text(); }

/// By theme, week, group, hour and day of the week. Of governors some cells are not shown; their tables have the same
/// form, so that both are drawn by one function.
template <class Trends>
std::vector<FigureTable> tables_of(const Trends& trends) {
  std::vector<FigureTable> tables;
  tables.push_back(counts_table("By theme", "Theme", trends.themes, true));
  FigureTable weeks{.title = "By week", .text = {}, .chart = "line", .head = {"Week from"}, .rows = {}};
  // The five themes with the most attempts get a line each.
  constexpr std::size_t kLines = 5;
  for (std::size_t i = 0; i < std::min(kLines, trends.theme_weeks.size()); ++i) {
    weeks.head.push_back(theme_words(trends.theme_weeks[i].first));
  }
  weeks.head.emplace_back("All attempts");
  for (std::size_t week = 0; week < trends.weeks.size(); ++week) {
    TextRow row{day_brief(trends.weeks[week].monday)};
    for (std::size_t i = 0; i < std::min(kLines, trends.theme_weeks.size()); ++i) {
      const std::vector<std::uint64_t>& values = trends.theme_weeks[i].second;
      row.push_back(week < values.size() ? number(values[week]) : "0");
    }
    row.push_back(number(trends.weeks[week].attempts));
    weeks.rows.push_back(std::move(row));
  }
  tables.push_back(std::move(weeks));
  tables.push_back(counts_table("By group", "Group", trends.groups, false));
  FigureTable hours{
      .title = "By hour of the day", .text = {}, .chart = "bar", .head = {"Hour", "Attempts"}, .rows = {}};
  for (std::size_t hour = 0; hour < trends.hours.size(); ++hour) {
    // Nights without attempts would only make the chart narrow.
    if ((hour < 7 || hour > 18) && number(trends.hours[hour]) == "0") continue;
    hours.rows.push_back({(hour < 10 ? "0" : "") + std::to_string(hour) + ":00", number(trends.hours[hour])});
  }
  tables.push_back(std::move(hours));
  static constexpr std::array<std::string_view, 7> kDays{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                         "Friday", "Saturday", "Sunday"};
  FigureTable days{.title = "By day of the week", .text = {}, .chart = "bar", .head = {"Day", "Attempts"}, .rows = {}};
  for (std::size_t day = 0; day < kDays.size(); ++day) {
    days.rows.push_back({std::string(kDays[day]), number(trends.weekdays[day])});
  }
  tables.push_back(std::move(days));
  return tables;
}

/// The rows of both, from either's values.
template <class Reaction>
FigureTable table_of(const Reaction& reaction, const std::optional<double>& false_positive_rate) {
  return {.title = "How the school reacted",
          .text = "Episodes of urgency 3 and above. The time to acknowledge runs from the first attempt.",
          .chart = {},
          .head = {"What", "Value"},
          .rows = {{"Episodes", number(reaction.episodes)},
                   {"Acknowledged", number(reaction.acknowledged)},
                   {"Half of them within", length(reaction.median)},
                   {"Nine of ten within", length(reaction.ninetieth)},
                   {"Longest", length(reaction.longest)},
                   {"Urgent ones that still wait", number(reaction.urgent_waiting)},
                   {"Assessed", number(reaction.assessed)},
                   {"A concern", number(reaction.concerns)},
                   {"For a lesson", number(reaction.curriculum)},
                   {"By accident", number(reaction.accidental)},
                   {"A page or program did it", number(reaction.background)},
                   {"Wrongly blocked", number(reaction.false_positives)},
                   {"Wrongly blocked, of assessed episodes", percent(false_positive_rate)}}};
}

}  // namespace

std::vector<FigureTable> trend_tables(const casework::Trends& trends) { return tables_of(trends); }

FigureTable reaction_table(const casework::Reaction& reaction) {
  return table_of(reaction, reaction.false_positive_rate());
}

FigureTable turnaround_table(const casework::ReportTurnaround& turnaround) {
  return {.title = "Pages that people reported",
          .text = {},
          .chart = {},
          .head = {"What", "Value"},
          .rows = {{"Received", number(turnaround.received)},
                   {"Answered", number(turnaround.handled)},
                   {"Waiting", number(turnaround.waiting)},
                   {"Led to a change", number(turnaround.changed)},
                   {"Declined", number(turnaround.declined)},
                   {"Half of them answered within", length(turnaround.median)},
                   {"Longest", length(turnaround.longest)}}};
}

std::vector<FigureTable> governor_tables(const casework::GovernorReport& report, const LocalClock& clock) {
  std::vector<FigureTable> tables;
  tables.push_back(
      {.title = "At a glance",
       .text = {},
       .chart = {},
       .head = {"What", "Number"},
       .rows = {{"Requests judged", number(report.trends.decisions)},
                {"Attempts recorded", number(report.trends.attempts)},
                {"Of them blocked", number(report.trends.blocked)},
                {"Episodes", number(report.trends.episodes)},
                {"People concerned", report.people.text()},
                {"People with more than one episode", report.repeat_people.text()},
                {"Incidents opened", report.incidents_opened.text()},
                {"Incidents closed", report.incidents_closed.text()},
                {"Checks that the filter works", number(report.checks)},
                {"Of them as expected", number(report.checks_as_expected)},
                {"Last check", report.last_check ? casework::moment_text(clock, *report.last_check) : "none"}}});
  for (FigureTable& table : tables_of(report.trends)) tables.push_back(std::move(table));
  tables.push_back(table_of(report.reaction, report.reaction.false_positive_rate));
  tables.push_back(turnaround_table(report.page_reports));
  if (!report.referrals.empty()) {
    FigureTable referrals{
        .title = "Referrals and actions", .text = {}, .chart = {}, .head = {"What", "Number"}, .rows = {}};
    for (const auto& [kind, count] : report.referrals) referrals.rows.push_back({kind, count.text()});
    tables.push_back(std::move(referrals));
  }
  return tables;
}

void set_tables(web::View& view, const std::vector<FigureTable>& tables) {
  view.list("tables");
  for (const FigureTable& table : tables) {
    web::View& item = view.item("tables");
    item.set("title", table.title).set_if("intro", table.text).set_if("chart", table.rows.empty() ? "" : table.chart);
    item.set("empty", table.rows.empty());
    item.list("head").list("rows");
    for (const std::string& head : table.head) item.item("head").set("cell", head);
    for (const TextRow& row : table.rows) {
      web::View& line = item.item("rows");
      line.list("cells");
      if (!row.empty()) line.set("label", row.front());
      for (std::size_t i = 1; i < row.size(); ++i) line.item("cells").set("cell", row[i]);
    }
  }
}

}  // namespace schoolgate::console
