// The viewer of a page of the desk, and how much of an episode or incident that person may see.
//
// The one place that knows: technicians and administrators see no person's name, governors see numbers only, and nobody
// sees what is about themselves. console/ turns an account into a Viewer; every reader of this room asks here. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace schoolgate::casework {

enum class Role : std::uint8_t { dsl, deputy, head, governor, technician, administrator };
[[nodiscard]] std::string_view to_string(Role role) noexcept;
[[nodiscard]] std::optional<Role> role_from(std::string_view text) noexcept;

struct Viewer {
  std::string user;  ///< account at the desk: what the journal names
  Role role = Role::technician;
  /// Accounts under which the same human being browses, where they differ from `user`.
  std::vector<std::string> also;
};

enum class Sight : std::uint8_t {
  nothing,        ///< as if it did not exist
  without_names,  ///< device and numbers, no person
  full,
};

/// True when `person` (an account, any case) is the viewer.
[[nodiscard]] bool is_viewer(const Viewer& viewer, std::string_view person) noexcept;
/// What may be seen of an episode of `person` (empty: only a device is known).
[[nodiscard]] Sight sight_of_episode(const Viewer& viewer, std::string_view person) noexcept;
/// What may be seen of an incident about `people`: full or nothing.
[[nodiscard]] Sight sight_of_incident(const Viewer& viewer, const std::vector<std::string>& people) noexcept;
/// dsl, deputy and head: those who acknowledge, decide and write.
[[nodiscard]] bool leads_safeguarding(Role role) noexcept;

}  // namespace schoolgate::casework
