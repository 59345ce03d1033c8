// A small number can point at one person: which cells of a table may be shown, counted by the people that they are
// about.
//
// A cell about fewer than three people is hidden, and so is another one where the hidden ones could be worked out from
// the sum and the cells that are shown. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace schoolgate::casework {

inline constexpr std::size_t kFewestPeople = 3;

/// Whom a cell is about: accounts, or devices where no account is known.
using PeopleOfCell = std::set<std::string>;

/// A number about these people tells of one or two of them.
[[nodiscard]] bool is_small(const PeopleOfCell& people) noexcept;

/// Of cells that add up to a sum that is shown: which are hidden. What is hidden is together about none or about three
/// people and more, or nothing but empty cells is left to be shown.
[[nodiscard]] std::vector<bool> hidden_cells(std::span<const PeopleOfCell> cells);

/// A number that governors may see.
struct ShownNumber {
  std::optional<std::uint64_t> count;      ///< nullopt: not shown
  bool few = false;                        ///< then it is one or two people: "fewer than 3"
  [[nodiscard]] std::string text() const;  ///< "12", "fewer than 3", "not shown"
};
/// How many people: one and two are "fewer than 3".
[[nodiscard]] ShownNumber people_shown(std::uint64_t count);
/// A number of something else (attempts, incidents) that is about `people`.
[[nodiscard]] ShownNumber shown_about(std::uint64_t count, const PeopleOfCell& people);
[[nodiscard]] ShownNumber shown_unless(bool hidden, std::uint64_t count);

}  // namespace schoolgate::casework
