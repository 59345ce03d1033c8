// The category data of a configuration: its lists, compiled into one image that is kept for the next start.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/problem.h"
#include "blocklists/category_db.h"
#include "config/load.h"

namespace schoolgate::app {

/// Names the image of these lists as they are now: how they are configured, and size and time of local files. The
/// content of remote ones is left out, because only an update changes it, and that publishes an image of its own.
[[nodiscard]] std::string list_identity(std::span<const config::ListConfig> lists);

/// What category_data() says of the lists as they are now.
struct CategoryData {
  std::shared_ptr<const blocklists::CategoryDb> lists;
  /// The lists as they are now were refused, and `lists` is the image that was in force before them.
  bool last_good = false;
  /// A list without which there shall be no service (config::IfMissing::refuse) is not in `lists`.
  bool must_not_serve = false;
};

/// Opens the image that was compiled from these lists as they are now, or compiles it, puts it through the gates
/// (blocklists/sanity.h) and publishes it in <state>/lists. What a gate refuses is an error in `problems` at the list's
/// place, and the image in force until now is returned; so it is while another process updates. Where the state folder
/// cannot be written (`check` run by an ordinary user) a temporary image serves. A list that is missing is an error or
/// a warning at its place, as its if_missing says; while the image in force still has it, that image stays. An Error:
/// there is nothing to serve with.
[[nodiscard]] Result<CategoryData> category_data(const config::Configuration& configuration, TimePoint now,
                                                 Problems& problems);

}  // namespace schoolgate::app
