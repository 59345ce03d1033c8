// The measures that are in force on this machine, for a command that asks the policy itself: `explain`.
#pragma once

#include <vector>

#include "base/error.h"
#include "config/settings.h"
#include "rules/measures.h"

namespace schoolgate::app {

/// Those in the state folder that are neither closed nor over at `time`; none when nobody ever opened one. What was
/// closed since is not told, so of the past this is less than was. Of a process that only asks (store/only_ask.h).
/// Fault host: they cannot be read.
[[nodiscard]] Result<std::vector<rules::Measure>> known_measures(const config::Settings& settings, TimePoint time);

}  // namespace schoolgate::app
