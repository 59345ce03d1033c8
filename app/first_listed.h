// A name out of a list as its publisher wrote it. Compiled images keep no text, so this reads the source.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>

#include "config/list_config.h"
#include "names/host.h"

namespace schoolgate::app {

/// The first host name in the first 20,000 lines of each of the list's files that `wanted` takes. Nothing when there is
/// none, or the list is not there or holds no names (patterns, say).
[[nodiscard]] std::optional<names::Host> first_listed(const config::ListConfig& list,
                                                      const std::filesystem::path& state,
                                                      const std::function<bool(const names::Host&)>& wanted);

}  // namespace schoolgate::app
