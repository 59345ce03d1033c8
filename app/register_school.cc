#include "app/register_school.h"

#include <cstdio>

#include "app/act_as_owner.h"
#include "app/read_configuration.h"
#include "app/table.h"
#include "base/file.h"
#include "breaches/audit_log.h"
#include "rules/site_time.h"
#include "store/only_ask.h"

namespace schoolgate::app {
namespace {

std::string padded(long long number) { return (number < 10 ? "0" : "") + std::to_string(number); }

std::string local_text(const rules::SiteClock& clock, TimePoint time) {
  const auto local = clock.local(time);
  const auto day = std::chrono::floor<std::chrono::days>(local);
  const std::chrono::year_month_day date(day);
  const auto minutes = std::chrono::floor<std::chrono::minutes>(local - day).count();
  return std::to_string(int(date.year())) + '-' + padded(unsigned(date.month())) + '-' + padded(unsigned(date.day())) +
         ' ' + padded(minutes / 60) + ':' + padded(minutes % 60);
}

std::string name_of_user() {
  const auto user = breaches::current_user();
  if (!user.sudo_user.empty()) return user.sudo_user;
  return user.name.empty() ? "user " + std::to_string(user.uid) : user.name;
}

}  // namespace

identity::RegisterTimes RegisterSchool::times() const {
  return {[this](TimePoint time) { return local_text(clock, time); }};
}

Result<std::optional<TimePoint>> RegisterSchool::time(const Arguments& arguments, std::string_view option) const {
  if (!arguments.has(option)) return std::nullopt;
  const auto time = rules::read_site_time(clock, arguments.get(option), wall_now());
  if (!time)
    return fail(Fault::client, "'" + arguments.get(option) + "' is not a time", "e.g. 15:30 or \"2026-11-22 12:30\"");
  return *time;
}

std::optional<RegisterSchool> open_register(const Command& command, const Arguments& arguments, RegisterUse use,
                                            int& status) {
  if (use == RegisterUse::ask) store::only_ask();
  status = kUsage;
  if (!arguments.has("--config")) {
    usage_error(command, {Fault::client, "--config DIR is missing", {}});
    return std::nullopt;
  }
  status = kProblem;
  const auto configuration = read_configuration(arguments);
  if (!configuration) return std::nullopt;
  const auto& settings = configuration->settings;
  std::string by = arguments.get("--by", name_of_user());
  const auto open = [&]() -> Result<RegisterSchool> {
    if (auto acts = act_as_owner(settings.state); !acts) return std::unexpected(acts.error());
    if (use == RegisterUse::change)
      if (auto made = make_private_folder(settings.state); !made) return std::unexpected(made.error());
    auto clock = rules::SiteClock::open(settings.site.timezone);
    if (!clock) return std::unexpected(clock.error());
    auto people = identity::PeopleDatabase::open(settings.state);
    if (!people) return std::unexpected(people.error());
    return RegisterSchool{*std::move(people), *std::move(clock), settings.site.name, std::move(by)};
  };
  auto school = open();
  if (!school) {
    report(school.error());
    return std::nullopt;
  }
  status = kDone;
  return *std::move(school);
}

int print_table(const identity::RegisterTable& table, const Arguments& arguments, std::string_view title) {
  std::string out;
  if (arguments.has("--json")) {
    out = identity::to_json(table) + '\n';
  } else if (arguments.has("--csv")) {
    out = identity::to_csv(table);
  } else {
    out = std::string(title) + '\n';
    Table columns;
    columns.row(table.columns);
    for (const auto& row : table.rows) columns.row(row);
    out += table.rows.empty() ? "(none)\n" : columns.text();
  }
  if (!print(out) || std::fflush(stdout) != 0)
    return report(Error{Fault::host, "the list could not be written to its end", "is the disk full?"});
  return kDone;
}

}  // namespace schoolgate::app
