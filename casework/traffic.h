// What the school asked of a site lately: what a block would close and a session would open.
//
// Read from the decision log; counts only, no person. Any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace schoolgate::casework {

struct SiteTraffic {
  bool kept = false;       ///< false: no decision log covers that time
  bool cut_short = false;  ///< there was more than is counted here
  std::uint64_t requests = 0;
  std::size_t devices = 0;
  std::vector<std::string> hosts;   ///< under the sites, most asked for first, at most ten
  std::vector<std::string> groups;  ///< that asked, by id
};

/// Requests for `sites` (hosts, and all under them; a path is not looked at) that were let through in that time.
[[nodiscard]] Result<SiteTraffic> traffic_of(const std::filesystem::path& decisions,
                                             const std::vector<std::string>& sites, TimePoint since, TimePoint until);

}  // namespace schoolgate::casework
