// What the servers of lists said of the time, from the process that updates lists to the gateway: STATE/clock.told.
//
// A line for each operator: a digest of its domain (where lists come from is told to nobody), the date, the steady time
// at which it came and the machine's start that this counts from. What is of another start of the machine, or cannot be
// read, is left out. Written by the one update that runs, read by the gateway: one file, replaced in one step.
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "base/believable_clock.h"
#include "blocklists/update.h"

namespace schoolgate::app {

/// More operators than any school has lists from are not kept; the newest are.
inline constexpr std::size_t kMostToldTimes = 32;

[[nodiscard]] std::vector<ToldTime> read_told_times(const std::filesystem::path& state);
/// Adds these; what an operator said before gives way. The log says when it cannot be kept.
void keep_told_times(const std::filesystem::path& state, std::span<const blocklists::ServersTime> times);

}  // namespace schoolgate::app
