// Where a restore puts the state of a configuration: asked by `restore`, and by `backup` before it makes what could not
// be restored.
#pragma once

#include <filesystem>

#include "base/error.h"

namespace schoolgate::app {

/// The state folder of the configuration whose files are in `files`, for when they are in `folder`: as config::load()
/// reads them, and where they have mistakes as state_named_in() does. Links are not resolved. Fault host: there is no
/// schoolgate.yaml, or it names none; fault client: that folder would hold the configuration itself.
[[nodiscard]] Result<std::filesystem::path> state_place(const std::filesystem::path& files,
                                                        const std::filesystem::path& folder);

/// The folder itself, absolute and without links: what is exchanged, and not the link to it.
[[nodiscard]] std::filesystem::path place_of(const std::filesystem::path& folder);

}  // namespace schoolgate::app
