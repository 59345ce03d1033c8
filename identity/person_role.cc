#include "identity/person_role.h"

namespace schoolgate::identity {

std::string_view to_string(PersonRole role) noexcept {
  switch (role) {
    case PersonRole::pupil: return "pupil";
    case PersonRole::staff: return "staff";
    case PersonRole::visitor: return "visitor";
  }
  return "pupil";
}

std::optional<PersonRole> person_role_of(std::string_view text) noexcept {
  for (const PersonRole role : {PersonRole::pupil, PersonRole::staff, PersonRole::visitor})
    if (to_string(role) == text) return role;
  return std::nullopt;
}

}  // namespace schoolgate::identity
