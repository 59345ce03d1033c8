// The configuration that --config names, for commands that need its settings but judge nothing by it.
#pragma once

#include <optional>

#include "app/arguments.h"
#include "config/load.h"

namespace schoolgate::app {

/// Nothing when the folder has errors, which are on stderr then. Warnings are left to `check`. Reads files only; no
/// list is compiled.
[[nodiscard]] std::optional<config::Configuration> read_configuration(const Arguments& arguments);

}  // namespace schoolgate::app
