// schoolgate report: what an inspection asks for, in one folder.
#include <cstdio>

#include "app/command.h"
#include "app/desk_facts.h"
#include "app/load_policy.h"
#include "app/read_configuration.h"
#include "app/table.h"
#include "base/json.h"
#include "casework/desk_store.h"
#include "casework/reports.h"
#include "console/console.h"
#include "console/report_words.h"
#include "identity/people_database.h"
#include "identity/user_database.h"
#include "rules/site_clock.h"
#include "rules/site_time.h"
#include "store/only_ask.h"

namespace schoolgate::app {
namespace {

constexpr std::string_view kReportHelp =
    R"(schoolgate report inspection-pack --config DIR --output FOLDER [--since DATE] [--until DATE]
schoolgate report numbers --config DIR [--since DATE] [--until DATE] [--json]

Writes the documents for an inspection into FOLDER: the policy in force and its approved exceptions, the ages of the
lists, the checks of the filter, numbers of breaches and incidents and how long they took, the registers, and the
limits of this installation. No pupil's name is in it but in the registers, which are files of their own. The gateway
may be running.

numbers prints what governors see: attempts, episodes and reactions as sums. It names no person, and no number that is about fewer
than three people. Days are counted up to the last sum that the gateway has made.

  --since DATE   the first day; default: a year ago
  --until DATE   the last day; default: today
  --json         numbers as one JSON object
)";

Result<std::chrono::sys_days> read_day(const rules::SiteClock& clock, const std::string& text) {
  const auto time = rules::read_site_time(clock, text, wall_now());
  if (!time) return fail(Fault::client, "'" + text + "' is not a date", "e.g. 2026-11-22");
  return std::chrono::sys_days(std::chrono::floor<std::chrono::days>(clock.local(*time)).time_since_epoch());
}

/// The days that --since and --until name; the last year without.
Result<casework::DayRange> range_of(const Arguments& arguments, const rules::SiteClock& clock) {
  const auto today =
      std::chrono::sys_days(std::chrono::floor<std::chrono::days>(clock.local(wall_now())).time_since_epoch());
  casework::DayRange range{.from = today - std::chrono::days(365), .to = today};
  for (auto [option, day] : {std::pair{"--since", &range.from}, std::pair{"--until", &range.to}}) {
    if (!arguments.has(option)) continue;
    const auto read = read_day(clock, arguments.get(option));
    if (!read) return std::unexpected(read.error());
    *day = *read;
  }
  return range;
}

int inspection_pack(std::span<const std::string_view> words) {
  store::only_ask();
  const auto arguments =
      Arguments::read(words, {.options = {"--config", "--output", "--since", "--until"}, .switches = {}});
  if (!arguments) return usage_error(kReportCommand, arguments.error());
  for (const char* option : {"--config", "--output"})
    if (!arguments->has(option))
      return usage_error(kReportCommand, {Fault::client, std::string(option) + " is missing", {}});
  const auto configuration = read_configuration(*arguments);
  if (!configuration) return kProblem;
  const config::Settings& settings = configuration->settings;
  const std::filesystem::path output = std::filesystem::absolute(arguments->get("--output"));
  const auto clock = rules::SiteClock::open(settings.site.timezone);
  if (!clock) return report(clock.error());
  const auto range = range_of(*arguments, *clock);
  if (!range) return usage_error(kReportCommand, range.error());
  // Before the first start there is nothing to report, and the pack's own parts would make the state folder.
  if (const auto file = settings.state / "desk_users.db"; store::is_absent_for_asker(file))
    return report(Error{Fault::host, "cannot open " + file.string() + ": it is not there", "start the gateway once"});
  auto users = identity::UserDatabase::open(settings.state);
  if (!users) return report(users.error());
  std::unique_ptr<identity::PeopleDatabase> people;  // none, where nobody was ever asked for
  if (std::error_code error; std::filesystem::exists(settings.state / "people.db", error) || error) {
    auto opened = identity::PeopleDatabase::open(settings.state);
    if (!opened) return report(opened.error());
    people = std::move(*opened);
  }
  console::Hooks hooks;
  auto loaded = load_policy(arguments->get("--config"), wall_now(), RefusedLists::serve_last_good);
  if (!loaded) return report(loaded.error());
  const auto in_force = std::make_shared<const config::Configuration>(std::move(loaded->configuration));
  add_facts(hooks, {.configuration = [in_force] { return in_force; },
                    .policy = [snapshot = loaded->snapshot] { return snapshot; }});
  const auto written =
      console::write_inspection_pack({.school = settings.site.name,
                                      .gateway = settings.site.gateway,
                                      .state = settings.state,
                                      .decisions = settings.decisions.value_or(std::filesystem::path()),
                                      .clock = &*clock,
                                      .users = **users,
                                      .people = people.get(),
                                      .hooks = std::move(hooks)},
                                     *range, output);
  if (!written) return report(written.error());
  for (const std::string& name : *written) print((output / name).string() + "\n");
  return kDone;
}

std::string day_text(std::chrono::sys_days day) { return to_rfc3339(TimePoint(day)).substr(0, 10); }

std::string tables_json(const std::vector<console::FigureTable>& tables, const casework::DayRange& range) {
  std::string out;
  JsonWriter json(out);
  json.begin_object()
      .field("since", day_text(range.from))
      .field("until", day_text(range.to))
      .key("tables")
      .begin_array();
  for (const console::FigureTable& table : tables) {
    json.begin_object().field("title", table.title).key("head").begin_array();
    for (const std::string& cell : table.head) json.value(cell);
    json.end_array().key("rows").begin_array();
    for (const auto& row : table.rows) {
      json.begin_array();
      for (const std::string& cell : row) json.value(cell);
      json.end_array();
    }
    json.end_array().end_object();
  }
  json.end_array().end_object();
  return out + '\n';
}

std::string words_of(const std::vector<console::FigureTable>& tables, const casework::DayRange& range) {
  std::string out = day_text(range.from) + " to " + day_text(range.to) + '\n';
  for (const console::FigureTable& table : tables) {
    out += '\n' + table.title + '\n';
    if (!table.text.empty()) out += "  " + table.text + '\n';
    Table rows;
    for (const auto& row : table.rows) rows.row(row);
    out += table.rows.empty() ? "  none\n" : rows.text("  ");
  }
  return out;
}

int numbers(std::span<const std::string_view> words) {
  store::only_ask();
  const auto arguments =
      Arguments::read(words, {.options = {"--config", "--since", "--until"}, .switches = {"--json"}});
  if (!arguments) return usage_error(kReportCommand, arguments.error());
  if (!arguments->has("--config")) return usage_error(kReportCommand, {Fault::client, "--config is missing", {}});
  const auto configuration = read_configuration(*arguments);
  if (!configuration) return kProblem;
  auto clock = rules::SiteClock::open(configuration->settings.site.timezone);
  if (!clock) return report(clock.error());
  const auto range = range_of(*arguments, *clock);
  if (!range) return usage_error(kReportCommand, range.error());
  const auto desk = casework::DeskStore::open(configuration->settings.state);
  if (!desk) return report(desk.error());
  const LocalClock local = rules::local_clock(std::move(*clock));
  auto reports = casework::Reports::open(**desk, local);
  if (!reports) return report(reports.error());
  const auto found = reports->governors(*range, wall_now());
  if (!found) return report(found.error());
  const auto tables = console::governor_tables(*found, local);
  print(arguments->has("--json") ? tables_json(tables, *range) : words_of(tables, *range));
  return kDone;
}

int run_report(std::span<const std::string_view> words) {
  if (!words.empty() && words[0] == "numbers") return numbers(words.subspan(1));
  if (!words.empty() && words[0] == "inspection-pack") return inspection_pack(words.subspan(1));
  return usage_error(kReportCommand, {Fault::client, "say inspection-pack or numbers", {}});
}

}  // namespace

const Command kReportCommand{"report", "write the documents for an inspection, or print numbers", kReportHelp,
                             run_report};

}  // namespace schoolgate::app
