// The category data of a configuration: its lists, compiled into one image that is kept for the next start.
#pragma once

#include <filesystem>
#include <memory>
#include <span>

#include "base/clock.h"
#include "base/error.h"
#include "base/problem.h"
#include "blocklists/category_db.h"
#include "config/list_config.h"

namespace schoolgate::app {

/// What category_data() says of the lists as they are now.
struct CategoryData {
  std::shared_ptr<const blocklists::CategoryDb> lists;
  /// The lists as they are now were refused, and `lists` is the image that was in force before them.
  bool last_good = false;
};

/// Opens the image that was compiled from these lists as they are now, or compiles it, puts it through the gates
/// (blocklists/sanity.h) and publishes it in <state>/lists. What a gate refuses is an error in `problems` at the list's
/// place, and the image in force until now is returned. Where the state folder cannot be written (`check` run by an
/// ordinary user) a temporary image serves. A remote list that has not been fetched yet is left out with a warning.
/// An Error: there is nothing to serve with.
[[nodiscard]] Result<CategoryData> category_data(std::span<const config::ListConfig> lists,
                                                 const std::filesystem::path& state, TimePoint now, Problems& problems);

}  // namespace schoolgate::app
