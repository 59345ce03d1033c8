// What the commands of people and devices share: people.db opened as its owner, on whose word, and registers as text.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "app/arguments.h"
#include "app/command.h"
#include "base/error.h"
#include "identity/people_database.h"
#include "identity/register_text.h"
#include "rules/site_clock.h"

namespace schoolgate::app {

struct RegisterSchool {
  std::unique_ptr<identity::PeopleDatabase> people;
  rules::SiteClock clock;
  std::string school;
  std::string by;  ///< the person at the keyboard, as the register names them

  /// "2026-11-22 09:30" of the site.
  [[nodiscard]] identity::RegisterTimes times() const;
  /// Nothing without the option. Fault client: no time.
  [[nodiscard]] Result<std::optional<TimePoint>> time(const Arguments& arguments, std::string_view option) const;
};

enum class RegisterUse : std::uint8_t {
  ask,  ///< makes and changes no file; where people.db is not there yet, the registers are empty
  change,
};

/// Reads the configuration that --config names and opens people.db beside a running gateway, as the user who owns the
/// state folder. When nothing can be opened, the reasons are on stderr and `status` says how to exit.
[[nodiscard]] std::optional<RegisterSchool> open_register(const Command& command, const Arguments& arguments,
                                                          RegisterUse use, int& status);

/// As --csv, --json or, for people, in columns under `title`. Exit status.
int print_table(const identity::RegisterTable& table, const Arguments& arguments, std::string_view title);

}  // namespace schoolgate::app
