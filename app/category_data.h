// The category data of a configuration: its lists, compiled into one image that is kept for the next start.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/problem.h"
#include "blocklists/category_db.h"
#include "blocklists/must_allow.h"
#include "blocklists/store.h"
#include "config/load.h"

namespace schoolgate::app {

/// Names the image of its lists as they are now: how they are configured, size and time of local files, and which of
/// the sites that must stay reachable the policy would refuse for standing in them. The content of remote lists is left
/// out, because only an update changes it, and that publishes an image of its own.
[[nodiscard]] std::string list_identity(const config::Configuration& configuration,
                                        const blocklists::WouldRefuse& would_refuse);

/// For what the lists are wanted.
enum class ListUse : std::uint8_t {
  ask,           ///< a question: nothing is written; what a gate refuses is a warning
  check,         ///< a question about a change: nothing is written; what a gate refuses is an error
  put_in_force,  ///< what is compiled is published; what a gate refuses is a warning
};

/// What category_data() says of the lists as they are now.
struct CategoryData {
  std::shared_ptr<const blocklists::CategoryDb> lists;
  /// `lists` is the image that was in force before: the lists as they are now could not be put in force.
  bool last_good = false;
  /// A list without which there shall be no service (config::IfMissing::refuse) is not in `lists`.
  bool must_not_serve = false;
  /// What is told of `lists`: contents that were refused, sites that are left alone.
  std::vector<blocklists::ImageRemark> remarks = {};
  /// Set where `lists` is new and is to be put in force: publishes it. The caller calls it once, when nothing else
  /// refuses the configuration; until this is gone, no other process updates the lists.
  std::function<Result<void>()> publish = {};
};

/// Opens the image that was compiled from these lists as they are now, or compiles it through the gates
/// (blocklists/gated_compile.h): each list on its own, with its last good content in the place of a new one that is
/// refused. To be put in force, the result waits in <state>/lists for CategoryData::publish; while another process
/// updates, or where nothing can be written, the image in force stays. Asked for, it is compiled in a folder of its own
/// that is gone afterwards, and no byte, owner or mode in the state folder changes. Everything that is wrong with a
/// list is in `problems` at the list's place. An Error: there is nothing to serve with, or (fault host, "cannot read
/// ...") the state folder is not this user's to read.
[[nodiscard]] Result<CategoryData> category_data(const config::Configuration& configuration, TimePoint now,
                                                 Problems& problems, ListUse use);

}  // namespace schoolgate::app
