// The table of roles and pages: what each role sees at the desk. Pure; any thread.
//
// Every page belongs to an area. A role sees an area not at all, as numbers, without names, or with names. Technicians
// and administrators see no person's name, governors see numbers. What is about somebody is besides kept from them and
// goes to the head: see is_about().
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "identity/users.h"

namespace schoolgate::console {

/// What a group of pages is about.
enum class Area : std::uint8_t {
  account,       ///< one's own password and second factor
  episodes,      ///< what happened, and the page it begins with
  incidents,     ///< cases, letters, referrals
  measures,      ///< emergency blocks, supervised sessions, exams
  page_reports,  ///< pages that staff reported
  reports,       ///< trends, repeat subjects, turnaround
  governors,     ///< the termly report
  checks,        ///< tests of the filter, what it cannot see, the inspection pack
  registers,     ///< access, devices, visitors, sessions
  privacy,       ///< views, subject access, holds
  sealed,        ///< release of a sealed address
  deletions,     ///< what was deleted by its retention time
  accounts,      ///< the desk's accounts
  changes,       ///< what is said to a change of the filter
  policy,        ///< the filter's rules, groups, lists and files; to propose a change
};
inline constexpr std::array kAreas{Area::account, Area::episodes,  Area::incidents, Area::measures,  Area::page_reports,
                                   Area::reports, Area::governors, Area::checks,    Area::registers, Area::privacy,
                                   Area::sealed,  Area::deletions, Area::accounts,  Area::changes,   Area::policy};
[[nodiscard]] std::string_view to_string(Area area) noexcept;

enum class Sight : std::uint8_t { none, numbers, without_names, names };

[[nodiscard]] Sight sight(identity::Role role, Area area) noexcept;
/// Whether forms of that area may be sent, not only looked at.
[[nodiscard]] bool may_change(identity::Role role, Area area) noexcept;

/// Whether every page says so when a category that a group should be protected from has no data, or old data: those who
/// can mend it, or watch more closely until it is mended.
[[nodiscard]] bool hears_of_protection(identity::Role role) noexcept;

/// Whether a record about `person` (an account name; may be empty) is about the one who is signed in. Then it is shown
/// to others only: to the head, or to the DSL when it is about the head.
[[nodiscard]] bool is_about(std::string_view person, std::string_view user);

/// "Designated safeguarding lead", "Technician": what people call the role.
[[nodiscard]] std::string_view title_of(identity::Role role) noexcept;

}  // namespace schoolgate::console
