// Episodes of a list that belong together: one person's, or one burst of several people on the same sites. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "casework/episode_view.h"

namespace schoolgate::console {

/// Between the beginnings of two episodes of one burst.
inline constexpr std::chrono::minutes kBurstGap{10};

struct EpisodeGroup {
  std::vector<casework::EpisodeRow> rows;  ///< oldest first
  TimePoint first, last;
  std::size_t people = 0;  ///< persons, and devices of which no person is known or told
  std::uint64_t attempts = 0;
};

/// By person, or by device where the row names none; newest group first.
[[nodiscard]] std::vector<EpisodeGroup> by_person(std::vector<casework::EpisodeRow> rows);
/// By theme and first site, as long as one begins within ten minutes after the one before; newest group first.
[[nodiscard]] std::vector<EpisodeGroup> by_burst(std::vector<casework::EpisodeRow> rows);

}  // namespace schoolgate::console
