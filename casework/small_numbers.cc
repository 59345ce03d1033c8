#include "casework/small_numbers.h"

#include <algorithm>

namespace schoolgate::casework {

bool is_small(const PeopleOfCell& people) noexcept { return !people.empty() && people.size() < kFewestPeople; }

std::vector<bool> hidden_cells(std::span<const PeopleOfCell> cells) {
  std::vector<bool> hidden(cells.size());
  PeopleOfCell together;
  const auto hide = [&](std::size_t i) {
    hidden[i] = true;
    together.insert(cells[i].begin(), cells[i].end());
  };
  for (std::size_t i = 0; i < cells.size(); ++i)
    if (is_small(cells[i])) hide(i);
  while (is_small(together)) {
    std::optional<std::size_t> smallest;
    for (std::size_t i = 0; i < cells.size(); ++i)
      if (!hidden[i] && !cells[i].empty() && (!smallest || cells[i].size() < cells[*smallest].size())) smallest = i;
    if (!smallest) break;
    hide(*smallest);
  }
  return hidden;
}

std::string ShownNumber::text() const {
  if (count) return std::to_string(*count);
  return few ? "fewer than 3" : "not shown";
}

ShownNumber people_shown(std::uint64_t count) {
  if (count > 0 && count < kFewestPeople) return {.count = std::nullopt, .few = true};
  return {.count = count, .few = false};
}

ShownNumber shown_about(std::uint64_t count, const PeopleOfCell& people) {
  return shown_unless(count > 0 && people.size() < kFewestPeople, count);
}

ShownNumber shown_unless(bool hidden, std::uint64_t count) {
  return {.count = hidden ? std::nullopt : std::optional(count), .few = false};
}

}  // namespace schoolgate::casework
