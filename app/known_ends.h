// What of this school ends on a date: the authority and certificates, the authorities that it trusts, licences of
// lists, accounts, accepted terms of use. ends_watch.h announces them; `status`, the metrics page and the desk show
// them.
//
// Reads files and the people's database when it is asked. Any thread that may wait for the disk.
#pragma once

#include <span>
#include <vector>

#include "app/ends_watch.h"
#include "config/list_config.h"
#include "config/settings.h"
#include "identity/people_database.h"
#include "rules/site_clock.h"

namespace schoolgate::app {

inline constexpr const char* kAuthority = "the school's authority";

struct EndSources {
  const config::Settings& settings;
  std::span<const config::ListConfig> lists;   ///< those in force
  const rules::SiteClock* clock = nullptr;     ///< null: days are those of UTC
  identity::PeopleDatabase* people = nullptr;  ///< null: neither accounts nor terms
};

/// The authority first, where there is one. Certificates and licences whenever they end; of accounts and terms those
/// that end within 60 days: accounts together by their last day, terms by the month in which people are asked again.
[[nodiscard]] std::vector<KnownEnd> known_ends(const EndSources& sources, TimePoint now);

/// Those that are announced by now, soonest first: within 60 days, or over.
[[nodiscard]] std::vector<KnownEnd> near_ends(std::vector<KnownEnd> ends, TimePoint now);

}  // namespace schoolgate::app
