// The category data of a configuration: its lists, compiled into one image that is kept for the next start.
#pragma once

#include <filesystem>
#include <memory>
#include <span>

#include "base/error.h"
#include "base/problem.h"
#include "blocklists/category_db.h"
#include "config/list_config.h"

namespace schoolgate::app {

/// Opens the image that was compiled from these lists as they are now, or compiles it. Images are kept in
/// <state>/lists; where that cannot be written (`check` run by an ordinary user) a temporary one serves. A remote list
/// that has not been fetched yet is left out with a warning; one that cannot be read is an error at its place.
[[nodiscard]] Result<std::shared_ptr<const blocklists::CategoryDb>> category_data(
    std::span<const config::ListConfig> lists, const std::filesystem::path& state, Problems& problems);

}  // namespace schoolgate::app
