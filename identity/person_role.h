// The role in which a person uses the internet here: it chooses the terms of use and is shown in the registers. The
// roles of the desk are others (`Role`).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace schoolgate::identity {

enum class PersonRole : std::uint8_t { pupil, staff, visitor };
[[nodiscard]] std::string_view to_string(PersonRole role) noexcept;
[[nodiscard]] std::optional<PersonRole> person_role_of(std::string_view text) noexcept;

}  // namespace schoolgate::identity
