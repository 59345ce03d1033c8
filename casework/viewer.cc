#include "casework/viewer.h"

#include <algorithm>
#include <array>

namespace schoolgate::casework {
namespace {

constexpr std::array<std::string_view, 6> kRoleNames = {"dsl",      "deputy",     "head",
                                                        "governor", "technician", "administrator"};

bool same_account(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::string_view to_string(Role role) noexcept { return kRoleNames[std::size_t(role)]; }

std::optional<Role> role_from(std::string_view text) noexcept {
  const auto found = std::ranges::find(kRoleNames, text);
  if (found == kRoleNames.end()) return std::nullopt;
  return Role(found - kRoleNames.begin());
}

bool is_viewer(const Viewer& viewer, std::string_view person) noexcept {
  if (person.empty()) return false;
  return same_account(viewer.user, person) ||
         std::ranges::any_of(viewer.also, [&](const std::string& other) { return same_account(other, person); });
}

bool leads_safeguarding(Role role) noexcept { return role == Role::dsl || role == Role::deputy || role == Role::head; }

Sight sight_of_episode(const Viewer& viewer, std::string_view person) noexcept {
  if (viewer.role == Role::governor || is_viewer(viewer, person)) return Sight::nothing;
  return leads_safeguarding(viewer.role) ? Sight::full : Sight::without_names;
}

Sight sight_of_incident(const Viewer& viewer, const std::vector<std::string>& people) noexcept {
  if (!leads_safeguarding(viewer.role)) return Sight::nothing;
  return std::ranges::any_of(people, [&](const std::string& one) { return is_viewer(viewer, one); }) ? Sight::nothing
                                                                                                     : Sight::full;
}

}  // namespace schoolgate::casework
