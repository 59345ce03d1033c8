#include "console/permissions.h"

#include "rules/presence.h"

namespace schoolgate::console {

namespace {

using identity::Role;

constexpr Sight kNone = Sight::none, kNumbers = Sight::numbers, kNoNames = Sight::without_names, kNames = Sight::names;

struct Row {
  Area area;
  std::string_view name;
  Sight safeguarding;  ///< dsl, deputy, head
  Sight governor, technician, administrator;
  bool safeguarding_changes, technician_changes, administrator_changes;
};

// A governor changes nothing but their own account.
constexpr std::array kTable{
    Row{Area::account, "account", kNames, kNames, kNames, kNames, true, true, true},
    Row{Area::episodes, "episodes", kNames, kNone, kNoNames, kNoNames, true, false, false},
    Row{Area::incidents, "incidents", kNames, kNone, kNone, kNone, true, false, false},
    Row{Area::measures, "measures", kNames, kNone, kNames, kNames, true, true, true},
    Row{Area::page_reports, "page reports", kNames, kNone, kNoNames, kNoNames, true, true, true},
    Row{Area::reports, "reports", kNames, kNone, kNone, kNone, true, false, false},
    Row{Area::governors, "governors", kNumbers, kNumbers, kNone, kNone, true, false, false},
    Row{Area::checks, "checks", kNumbers, kNumbers, kNumbers, kNumbers, true, true, true},
    Row{Area::registers, "registers", kNames, kNone, kNone, kNone, true, false, false},
    Row{Area::privacy, "privacy", kNames, kNone, kNone, kNone, true, false, false},
    Row{Area::sealed, "sealed", kNames, kNone, kNone, kNone, true, false, false},
    Row{Area::deletions, "deletions", kNumbers, kNumbers, kNone, kNumbers, true, false, true},
    Row{Area::accounts, "accounts", kNone, kNone, kNone, kNames, false, false, true},
    Row{Area::changes, "changes", kNames, kNone, kNames, kNames, true, true, true},
    Row{Area::policy, "policy", kNames, kNone, kNames, kNames, false, true, true},
};
static_assert(kTable.size() == kAreas.size());

const Row& row_of(Area area) noexcept { return kTable[static_cast<std::size_t>(area)]; }

}  // namespace

std::string_view to_string(Area area) noexcept { return row_of(area).name; }

Sight sight(Role role, Area area) noexcept {
  const Row& row = row_of(area);
  switch (role) {
    case Role::dsl:
    case Role::deputy:
    case Role::head: return row.safeguarding;
    case Role::governor: return row.governor;
    case Role::technician: return row.technician;
    case Role::administrator: return row.administrator;
  }
  return Sight::none;
}

bool may_change(Role role, Area area) noexcept {
  const Row& row = row_of(area);
  switch (role) {
    case Role::dsl:
    case Role::deputy:
    case Role::head: return row.safeguarding_changes;
    case Role::governor: return area == Area::account;
    case Role::technician: return row.technician_changes;
    case Role::administrator: return row.administrator_changes;
  }
  return false;
}

bool hears_of_protection(Role role) noexcept {
  return role == Role::dsl || role == Role::deputy || role == Role::technician || role == Role::administrator;
}

bool is_about(std::string_view person, std::string_view user) {
  return !person.empty() && rules::member_name(person) == rules::member_name(user);
}

std::string_view title_of(Role role) noexcept {
  switch (role) {
    case Role::dsl: return "Designated safeguarding lead";
    case Role::deputy: return "Deputy safeguarding lead";
    case Role::head: return "Head teacher";
    case Role::governor: return "Governor";
    case Role::technician: return "Technician";
    case Role::administrator: return "Administrator";
  }
  return {};
}

}  // namespace schoolgate::console
