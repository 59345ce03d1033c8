// schoolgate report: what an inspection asks for, in one folder.
#include <cstdio>

#include "app/command.h"
#include "app/desk_facts.h"
#include "app/load_policy.h"
#include "app/read_configuration.h"
#include "console/console.h"
#include "identity/people_database.h"
#include "identity/user_database.h"
#include "rules/site_time.h"
#include "store/only_ask.h"

namespace schoolgate::app {
namespace {

constexpr std::string_view kHelp =
    R"(schoolgate report inspection-pack --config DIR --output FOLDER [--since DATE] [--until DATE]

Writes the documents for an inspection into FOLDER: the policy in force and its approved exceptions, the ages of the
lists, the checks of the filter, numbers of breaches and incidents and how long they took, the registers, and the
limits of this installation. No pupil's name is in it but in the registers, which are files of their own. The gateway
may be running.

  --since DATE   the first day; default: a year ago
  --until DATE   the last day; default: today
)";

Result<std::chrono::sys_days> read_day(const rules::SiteClock& clock, const std::string& text) {
  const auto time = rules::read_site_time(clock, text, wall_now());
  if (!time) return fail(Fault::client, "'" + text + "' is not a date", "e.g. 2026-11-22");
  return std::chrono::sys_days(std::chrono::floor<std::chrono::days>(clock.local(*time)).time_since_epoch());
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
  const auto today =
      std::chrono::sys_days(std::chrono::floor<std::chrono::days>(clock->local(wall_now())).time_since_epoch());
  casework::DayRange range{.from = today - std::chrono::days(365), .to = today};
  for (auto [option, day] : {std::pair{"--since", &range.from}, std::pair{"--until", &range.to}}) {
    if (!arguments->has(option)) continue;
    const auto read = read_day(*clock, arguments->get(option));
    if (!read) return usage_error(kReportCommand, read.error());
    *day = *read;
  }
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
                                     range, output);
  if (!written) return report(written.error());
  for (const std::string& name : *written) print((output / name).string() + "\n");
  return kDone;
}

int run_report(std::span<const std::string_view> words) {
  if (!words.empty() && words[0] == "inspection-pack") return inspection_pack(words.subspan(1));
  return usage_error(kReportCommand, {Fault::client, "say inspection-pack", {}});
}

}  // namespace

const Command kReportCommand{"report", "write the documents for an inspection", kHelp, run_report};

}  // namespace schoolgate::app
