// What a gateway starts with: its configuration as it is now, or the one that was accepted last.
//
// A start tries changed files as a reload does. What a reload would refuse is not served at a start either: the texts
// in <state>/accepted serve in its place, so that a power cut never turns an unfinished edit into a school without a
// filter. Files that were accepted once start again: a test of theirs that fails by now, or a list that a gate refuses
// by now, is an alarm. Only a first start can be refused, with nothing accepted yet. Where the copy in <state>/accepted
// is damaged or gone, files that a reload would refuse serve all the same, which is a fallback, and are not recorded as
// accepted.
#pragma once

#include <expected>
#include <filesystem>
#include <optional>
#include <string_view>

#include "app/load_policy.h"
#include "base/clock.h"
#include "base/problem.h"

namespace schoolgate::app {

/// LoadedPolicy::fallbacks says what serves in the place of what.
[[nodiscard]] std::expected<LoadedPolicy, Problems> start_policy(const std::filesystem::path& folder, TimePoint now);

/// The configuration that was accepted last for `folder`, whose state is `state`; its relative paths and positions are
/// those of `folder`.
[[nodiscard]] config::Loaded accepted_configuration(const std::filesystem::path& state,
                                                    const std::filesystem::path& folder);

/// The state folder that a schoolgate.yaml names whose configuration cannot be loaded: as the loader reads it, and
/// where it is no YAML the value of a line "state: …". Relative to `folder` and normalised, as config::load() has it.
[[nodiscard]] std::optional<std::filesystem::path> state_named_in(std::string_view yaml,
                                                                  const std::filesystem::path& folder);

}  // namespace schoolgate::app
