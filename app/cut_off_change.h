// A change of the configuration that a power cut left half done, before the configuration can be read.
#pragma once

#include <filesystem>
#include <optional>

#include "base/error.h"

namespace schoolgate::app {

/// The state folder that schoolgate.yaml in `config` names, where a change of it is cut off; nothing where none is, or
/// where it is not known yet which folder that is. Half of one configuration and half of another may be none, so that
/// only the one word is read.
[[nodiscard]] std::optional<std::filesystem::path> state_with_cut_off_change(const std::filesystem::path& config);

}  // namespace schoolgate::app
