// How many idle connections to web sites are kept, and for how long.
#pragma once

#include <chrono>
#include <cstddef>

namespace schoolgate::net {

struct UpstreamPoolLimits {
  std::size_t per_key = 256;
  std::size_t total = 2048;
  std::chrono::seconds idle{30};  ///< shorter than what common servers keep, so that they rarely close first
};

}  // namespace schoolgate::net
